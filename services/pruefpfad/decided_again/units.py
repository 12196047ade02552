"""What one command or one followed event recorded, read back from a ledger as one unit.

Responsible for finding the units: consecutive events with the same cause and actor. Must not know
what an event means.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec

from grant_store.rows import LedgerEvent
from grant_store.store import Store

PAGE = 2_000
_EVENT = "event:"


class Cause(msgspec.Struct, frozen=True):
    """The metadata of an event, as far as it says on whose behalf and because of what."""

    actorid: str = ""
    actorrole: str = ""
    secondactorid: str = ""
    causationid: str = ""
    caseid: UUID | None = None

    @property
    def of_the_unit(self) -> tuple[str, str]:
        return self.actorid, self.causationid

    @property
    def followed(self) -> tuple[str, int] | None:
        """Origin and position of the event that was followed; None where it was no event."""
        if not self.causationid.startswith(_EVENT):
            return None
        origin, _, position = self.causationid.removeprefix(_EVENT).rpartition("/")
        return origin, int(position)


@dataclass(frozen=True)
class Unit:
    """The events that were recorded together because of one thing, in their order."""

    cause: Cause
    rows: Sequence[LedgerEvent]
    case_ids: frozenset[UUID]

    @property
    def first_position(self) -> int:
        return self.rows[0].position

    @property
    def last_position(self) -> int:
        return self.rows[-1].position


def units_of(store: Store) -> Iterator[Unit]:
    """The whole ledger, unit after unit. None is cut in two by the end of a page."""
    rows: list[LedgerEvent] = []
    causes: list[Cause] = []
    for row in events_of(store):
        cause = _decode(row.metadata)
        if rows and cause.of_the_unit != causes[0].of_the_unit:
            yield _unit(rows, causes)
            rows, causes = [], []
        rows.append(row)
        causes.append(cause)
    if rows:
        yield _unit(rows, causes)


def events_of(store: Store, after: int = 0) -> Iterator[LedgerEvent]:
    """The events of a ledger after a position, read in pages."""
    while page := store.events_after(after, PAGE):
        yield from page
        after = page[-1].position


def _unit(rows: Sequence[LedgerEvent], causes: Sequence[Cause]) -> Unit:
    cases = frozenset(cause.caseid for cause in causes if cause.caseid)
    return Unit(causes[0], tuple(rows), cases)


_decode = msgspec.json.Decoder(Cause).decode
