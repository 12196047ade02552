"""What budgeting has decided to end, for intake, which destroys the keys (decision 0024).

Intake follows nobody, and a feed would tell it too late: a hold counts from the moment in which it
is recorded. So budgeting's ledger is asked, and stands still meanwhile. Nothing is changed here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any, Final
from uuid import UUID

from grant_store.log.store import LedgerView
from grant_store.personal.ends import DecidedEnd, EndsOfCase
from grant_store.rows import LedgerEvent
from grant_values.personal import PURPOSES
from pruefpfad.assembly import SERVICES

DECIDER: Final = "budgeting"
ASKED_BY: Final[Mapping[str, tuple[str, ...]]] = {DECIDER: ("intake",)}
"""Whose ledger which services may read, beside their own."""

REASON_OF: Final[Mapping[str, str]] = {
    "consent_withdrawn": "consent_withdrawn",
    "no_longer_necessary": "no_longer_necessary",
    "unlawful": "unlawful_processing",
}
"""By which reason of law keys are destroyed, for each ground that erases."""


class DecidedInBudgeting:
    """Asks the ledger of budgeting, through its view."""

    def __init__(self, ledger: LedgerView) -> None:
        self._ledger = ledger
        self._origin = f"{ledger.service}/{ledger.lane}"

    @contextmanager
    def of_case(self, case_id: UUID) -> Iterator[EndsOfCase]:
        with self._ledger.still():
            yield self.known_of(case_id)

    def known_of(self, case_id: UUID) -> EndsOfCase:
        """The same for whoever only wants to know."""
        # Not above: a process of intake does without budgeting until a key is to be destroyed.
        from grant_budgeting.retention_record import RetentionRecord

        rows = self._ledger.stream(RetentionRecord.id_of_case(case_id))
        if not rows:
            return EndsOfCase()
        catalogue = SERVICES[DECIDER].catalogue
        record: Any = catalogue.rebuild(rows)
        return EndsOfCase(
            holds=tuple(sorted(record.holds)),
            decided=tuple(self._ends(rows, record.ends.values())),
            taken_back=tuple(self._ends(rows, record.taken_back.values())),
        )

    def _ends(self, rows: Sequence[LedgerEvent], versions: Iterable[int]) -> Iterator[DecidedEnd]:
        decode = SERVICES[DECIDER].catalogue.decode
        wanted = set(versions)
        for row in rows:
            if row.originator_version in wanted:
                yield _end_by(decode(row), f"{self._origin}/{row.position}")


def _end_by(event: Any, place: str) -> DecidedEnd:
    """A disposal names no person: it ends all of the case, also what its definition left out."""
    day: date = event.effective_on
    subject: UUID | None = getattr(event, "subject", None)
    if subject is None:
        return DecidedEnd(None, tuple(PURPOSES), "retention_ended", day, place)
    return DecidedEnd(subject, event.purposes, REASON_OF[event.ground], day, place)
