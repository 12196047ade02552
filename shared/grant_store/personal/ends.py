"""Which personal data were decided to end: asked of whoever decides, when they are to end.

The service that destroys keys is another than the one that holds cases and decides upon erasure. It
follows nobody, so it has to ask; how, is said where services are put together. Decides nothing.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from typing import Protocol
from uuid import UUID

from grant_values.personal import Holder


@dataclass(frozen=True)
class DecidedEnd:
    """The keys of one person, or of all of a case, that were decided to end, for some purposes.

    `place` is that of the deciding event, such as "budgeting/main/57".
    """

    subject: UUID | None
    purposes: tuple[str, ...]
    reason: str
    decided_on: date
    place: str

    def covers(self, holder: Holder) -> bool:
        return self.subject in (None, holder.subject) and holder.purpose in self.purposes


@dataclass(frozen=True)
class EndsOfCase:
    """What was decided to end of one case, and by which holds it is kept all the same.

    A hold takes back what was decided before it: `taken_back` has to be decided again.
    """

    holds: tuple[str, ...] = ()
    decided: tuple[DecidedEnd, ...] = ()
    taken_back: tuple[DecidedEnd, ...] = ()

    def of(self, holder: Holder) -> tuple[DecidedEnd, ...]:
        """The decisions by which the key of a person and purpose ends; none if it does not."""
        return tuple(each for each in self.decided if each.covers(holder))


class Ends(Protocol):
    """Asks what was decided."""

    def of_case(self, case_id: UUID) -> AbstractContextManager[EndsOfCase]:
        """What is decided on a case now. Inside, nothing further is decided on it."""
