"""Walks through the ledgers and decides every unit again, by the functions that decided it.

A unit that followed an event is decided again by the service's policy, on that recorded event. A
unit of a command is decided again by the service's function, on what its events hold of the
command. Both find the state that the ledger left before them. Nothing is written.
"""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from uuid import UUID

import msgspec
from eventsourcing.domain import EventSourcingError

from grant_store.errors import StoreError
from grant_store.personal.access import Opener
from grant_store.rows import LedgerEvent
from grant_store.store import Store
from grant_store.work import Batch, Context, NotYet
from grant_values.invalid import Invalid, NotEntitled
from grant_values.shapes import Actor
from pruefpfad.assembly import SERVICES, Service
from pruefpfad.decided_again import access
from pruefpfad.decided_again.accounts import Accounts
from pruefpfad.decided_again.aggregates import RecordedAggregates
from pruefpfad.decided_again.calls import Calls, Decision, NotOnRecord, decision_of
from pruefpfad.decided_again.calls_of_budgeting import CALLS as OF_BUDGETING
from pruefpfad.decided_again.calls_of_disbursement import CALLS as OF_DISBURSEMENT
from pruefpfad.decided_again.calls_of_eligibility import CALLS as OF_ELIGIBILITY
from pruefpfad.decided_again.calls_of_intake import CALLS as OF_INTAKE
from pruefpfad.decided_again.differences import (
    WHOLE_EVENT,
    Difference,
    Fault,
    Finding,
    Found,
    differences,
)
from pruefpfad.decided_again.known import Known
from pruefpfad.decided_again.uncounted import Uncounted
from pruefpfad.decided_again.units import Unit, units_of
from pruefpfad.decided_again.upstream import UpstreamEvents

CALLS: Mapping[str, Calls] = {
    "intake": OF_INTAKE,
    "eligibility": OF_ELIGIBILITY,
    "budgeting": OF_BUDGETING,
    "disbursement": OF_DISBURSEMENT,
}

Progress = Callable[[str, int], None]
"""Told the service and the position that it has come to."""

_NO_ID = UUID(int=0)
_NO_DECISION = (
    *(NotEntitled, NotYet, NotOnRecord, ValueError),
    *(StoreError, EventSourcingError, msgspec.MsgspecError),
)
"""What a rule answers to something that cannot have been, and what is said of a record that cannot
be read: then nothing comes out of it. Any other exception is a fault of this program."""


@dataclass(frozen=True)
class Selection:
    """Which cases are decided again: one, those of a programme, or all."""

    case_id: UUID | None = None
    programme: str | None = None

    def takes(self, unit: Unit, known: Known) -> bool:
        if self.case_id:
            return self.case_id in unit.case_ids
        if self.programme and unit.case_ids:
            return any(known.programme_of.get(each) == self.programme for each in unit.case_ids)
        return True


@dataclass
class Tally:
    """How many events of each topic came out again as recorded, and how many did not; `given` are
    those that no rule computes, and in units that `failed` the program did."""

    recomputed: Counter[str] = field(default_factory=Counter)
    differing: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    given: Counter[str] = field(default_factory=Counter)


def decided_again(
    stores: Mapping[str, Store],
    selection: Selection,
    tally: Tally,
    progress: Progress,
    vault: Opener | None = None,
) -> Iterator[Finding]:
    """Every difference between what is recorded and what is decided again, ledger by ledger, and
    every fault of the program in between.

    Without a `vault`, what rests on accounts is not decided again: it counts as given.
    """
    accounts = Accounts(vault)
    known, upstream = Known(stores["intake"]), UpstreamEvents(stores)
    _must_be_known(selection, known)
    for name, calls in CALLS.items():
        again = ServiceAgain(
            SERVICES[name], stores[name], calls, known, upstream, accounts, selection
        )
        yield from again.walk(tally, partial(progress, name))


def _must_be_known(selection: Selection, known: Known) -> None:
    """To decide nothing again would look like success."""
    if selection.case_id and selection.case_id not in known.programme_of:
        raise Invalid("case", "expected a case with an application on record")
    if selection.programme and selection.programme not in known.programme_codes:
        registered = ", ".join(sorted(known.programme_codes)) or "none"
        raise Invalid("programme", f"expected one of {registered}, not {selection.programme}")


class ServiceAgain:
    """One service's ledger, decided again from its beginning."""

    def __init__(
        self,
        service: Service,
        store: Store,
        calls: Calls,
        known: Known,
        upstream: UpstreamEvents,
        accounts: Accounts,
        selection: Selection,
    ) -> None:
        self._service = service
        self._store = store
        self._calls = calls
        self._known = known
        self._upstream = upstream
        self._accounts = accounts
        self._selection = selection
        self._documents = known.documents()
        self._uncounted = Uncounted(service.catalogue)
        whole = selection.case_id is None
        self._held = RecordedAggregates(store, service.catalogue, whole=whole)

    def walk(self, tally: Tally, progress: Callable[[int], None]) -> Iterator[Finding]:
        for unit in units_of(self._store):
            self._held.begin(unit.first_position - 1)
            self._known.note(unit)
            if self._selection.takes(unit, self._known):
                yield from self._take(unit, tally)
            elif self._selection.case_id is None:
                self._held.follow(unit.rows)
            self._uncounted.follow(unit, self._documents)
            progress(unit.last_position)

    def _take(self, unit: Unit, tally: Tally) -> Iterator[Finding]:
        """Whatever comes out, what follows is decided on the record."""
        batch = Batch(self._held, lambda: _NO_ID, self._accounts, documents=self._documents)
        topics = [row.topic for row in unit.rows]
        try:
            found = self._found(unit, batch)
        except Exception as error:  # noqa: BLE001 - told apart from what differs, and not hidden.
            self._held.go_back_to_record(unit, batch.touched)
            tally.failed.update(topics)
            yield self._fault(unit, error)
            return
        if found or found is None:
            self._held.go_back_to_record(unit, batch.touched)
        if found is None:
            tally.given.update(topics)
            return
        tally.recomputed.update(topics)
        tally.differing.update({row.topic for row, *_ in found})
        for row, name, recorded, computed in found:
            about = (self._store.origin, row.position, row.topic, _case_of(unit))
            yield Difference(*about, name, recorded, computed)

    def _fault(self, unit: Unit, error: Exception) -> Fault:
        first = unit.rows[0]
        about = (self._store.origin, first.position, first.topic, _case_of(unit))
        return Fault(*about, f"{type(error).__name__}: {error}", _raised_at(error))

    def _found(self, unit: Unit, batch: Batch) -> list[Found] | None:
        """What differs in a unit; None where it is given, or rests on what cannot be opened."""
        first = unit.rows[0]
        try:
            if access.is_refusal(first.topic):
                return list(access.differences(self._service, first))
            decision = self._decision_of(unit)
        except _NO_DECISION as error:
            return [_nothing_came_of(first, error)]
        if decision is None:
            return None
        self._accounts.stood_in = False
        try:
            found = self._decided(unit, batch, decision)
        except Exception:
            if self._rests_on_a_stand_in(decision):
                return None
            raise
        return None if self._rests_on_a_stand_in(decision) else found

    def _rests_on_a_stand_in(self, decision: Decision) -> bool:
        """Whatever came of it, it was not the content that was sealed."""
        return decision.rests_on_accounts and self._accounts.stood_in

    def _decided(self, unit: Unit, batch: Batch, decision: Decision) -> list[Found]:
        try:
            decision.decide(batch.unit(_context_of(unit)))
            return list(differences(self._service.catalogue, unit.rows, batch.events))
        except _NO_DECISION as error:
            return [_nothing_came_of(unit.rows[0], error)]

    def _decision_of(self, unit: Unit) -> Decision | None:
        followed = unit.cause.followed
        if followed is None:
            return decision_of(self._calls, unit, self._held)
        event = self._upstream.at(*followed)
        self._known.recall(self._documents, event)
        return Decision(lambda work: self._service.policies.apply(work, event))


def _nothing_came_of(row: LedgerEvent, error: Exception) -> Found:
    return row, WHOLE_EVENT, row.topic, f"{type(error).__name__}: {error}"


def _raised_at(error: Exception) -> str:
    """Module, line and function, for whoever mends the program."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    folder, name = Path(last.filename).parts[-2:]
    return f"{folder}/{name}:{last.lineno} {last.name}"


def _context_of(unit: Unit) -> Context:
    cause = unit.cause
    actor = Actor(cause.actorid, cause.actorrole)
    return Context(actor, correlation_id="", causation_id=cause.causationid)


def _case_of(unit: Unit) -> UUID | None:
    return next(iter(unit.case_ids)) if len(unit.case_ids) == 1 else None
