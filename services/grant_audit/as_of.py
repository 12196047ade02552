"""The case file as of a day, an instant or a position: which events it is made of.

Two axes (`docs/time.md`): what was known at an instant is what the ledgers had recorded up to then;
what was true on a day is what counts from that day or before. It reads ledgers and writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from uuid import UUID

import msgspec

from grant_audit.effective_axis import Read, counting_on
from grant_audit.pages import HISTORY, NO_CASE, SECTIONS, CaseFiles
from grant_audit.projections import case_of
from grant_audit.rebuilding import (
    Known,
    Progress,
    RebuiltPages,
    no_progress,
    read_events,
    read_some_events,
    write_pages,
)
from grant_bus.parked import EVENT as PARKED
from grant_bus.parked import ParkedEvent
from grant_contracts.envelope import CloudEvent
from grant_store.store import Store
from grant_values.invalid import Invalid

Ledgers = Mapping[str, Store]


@dataclass(frozen=True)
class AsOf:
    """What is asked for: on the effective axis a day, on the recorded axis an instant or positions
    by service, both, or neither. Without any of them it is as it stands now."""

    effective: date | None = None
    recorded: datetime | None = None
    positions: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_now(self) -> bool:
        return self.effective is None and self.recorded is None and not self.positions


NOW = AsOf()


def last_positions(
    ledgers: Ledgers, as_of: AsOf, services: Iterable[str] = SECTIONS
) -> dict[str, int]:
    """Up to which position each service's events belong to what is asked for. Where positions are
    named, a service that is not has what it had recorded when the last of these was."""
    named = {
        service: _named_position(ledgers[service], at) for service, at in as_of.positions.items()
    }
    instants = [as_of.recorded, _instant_of(ledgers, named)]
    instant = min((each for each in instants if each is not None), default=None)
    found: dict[str, int] = {}
    for service in services:
        last = named.get(service, ledgers[service].head().position)
        until = as_of.recorded if service in named else instant
        found[service] = last if until is None else _recorded_by(ledgers[service], until, last)
    return found


def _named_position(ledger: Store, position: int) -> int:
    head = ledger.head().position
    if position > head:
        raise Invalid("position", f"expected at most {ledger.service}/{head}, the head")
    return position


def _instant_of(ledgers: Ledgers, named: Mapping[str, int]) -> datetime | None:
    """When the last of these positions was recorded; None where there is none."""
    rows = (
        ledgers[service].events_after(position - 1, 1)
        for service, position in named.items()
        if position
    )
    return max((row.recorded_at for [row] in rows), default=None)


def _recorded_by(ledger: Store, instant: datetime, last: int) -> int:
    """The last position, up to `last`, that was recorded at the instant or before: instants never
    go back along a ledger, so halving finds it."""
    known, beyond = 0, last + 1
    while beyond - known > 1:
        middle = (known + beyond) // 2
        [row] = ledger.events_after(middle - 1, 1)
        if row.recorded_at <= instant:
            known = middle
        else:
            beyond = middle
    return known


def rebuilt(
    ledgers: Ledgers,
    as_of: AsOf = NOW,
    progress: Progress = no_progress,
    *,
    with_history: bool = False,
) -> RebuiltPages:
    """All pages, of all events that belong to what is asked for."""
    lasts = last_positions(ledgers, as_of)
    pages = RebuiltPages(_lane(ledgers), with_history=with_history)
    for service, last in lasts.items():
        ledger = ledgers[service]
        progress(service, 0, last)
        write_pages(pages, _counting(service, partial(read_events, ledger, last, progress), as_of))
        pages.close(ledger.origin, last)
    return pages


def rebuilt_case(ledgers: Ledgers, index: CaseFiles, case_id: UUID, as_of: AsOf) -> RebuiltPages:
    """The pages of one case and of what stands above all cases. Those of budget lines have the
    postings of this case alone, and no other case is there.

    `index` is the audit's store: it says which events are the case's, beside those of aggregates
    that bear its id. What audit has not followed yet is looked for in the ledgers.
    """
    return _of_some(ledgers, index, as_of, {str(case_id), NO_CASE})


def rebuilt_without_cases(ledgers: Ledgers, index: CaseFiles, as_of: AsOf) -> RebuiltPages:
    """The pages of the events that are on no case: programmes, calls, runs, refused access."""
    return _of_some(ledgers, index, as_of, {NO_CASE})


def _of_some(ledgers: Ledgers, index: CaseFiles, as_of: AsOf, cases: set[str]) -> RebuiltPages:
    lasts = last_positions(ledgers, as_of)
    pages = RebuiltPages(_lane(ledgers))
    for service, events in _events_of_some(ledgers, index, lasts, cases).items():
        write_pages(pages, _counting(service, partial(iter, events), as_of))
        pages.close(ledgers[service].origin, lasts[service])
    return pages


def events_of_case(ledgers: Ledgers, index: CaseFiles, case_id: UUID) -> dict[str, list[Known]]:
    """All events of one case and of what stands above all cases, by service."""
    cases = {str(case_id), NO_CASE}
    return _events_of_some(ledgers, index, last_positions(ledgers, NOW), cases)


def _events_of_some(
    ledgers: Ledgers, index: CaseFiles, lasts: Mapping[str, int], cases: set[str]
) -> dict[str, list[Known]]:
    known = _positions_by_service(index, cases)
    found: dict[str, list[Known]] = {}

    def may_be_of_these(event: CloudEvent) -> bool:
        return event.caseid is None or str(event.caseid) in cases

    for service, last in lasts.items():
        ledger = ledgers[service]
        followed = index.tracked(ledger.origin).position
        positions = known[service] | _positions_of_main_aggregates(ledger, cases)
        tail = read_events(ledger, last, first=followed + 1, wanted=may_be_of_these)
        found[service] = [
            *read_some_events(ledger, [at for at in positions if at <= min(last, followed)]),
            *(each for each in tail if str(case_of(*each) or NO_CASE) in cases),
        ]
    return found


def _positions_of_main_aggregates(ledger: Store, cases: Iterable[str]) -> set[int]:
    """Where the events of the aggregates stand that bear the id of a case. They do not depend on
    whether the audit's pages are whole."""
    ids = [UUID(case) for case in cases if case != NO_CASE]
    return {row.position for rows in ledger.streams(ids).values() for row in rows}


def _positions_by_service(index: CaseFiles, cases: Iterable[str]) -> dict[str, set[int]]:
    """Where the events of these cases stand, by the keys of their pages of history; those too that
    audit has parked and not written down."""
    found: dict[str, set[int]] = {service: set() for service in SECTIONS}
    for case in cases:
        for page in index.documents(HISTORY, f"{case}/"):
            _, _, service, position = page.key.rsplit("/", 3)
            found[service].add(int(position))
        for parked in index.documents(PARKED, f"{case}/"):
            event = msgspec.json.decode(parked.body or b"", type=ParkedEvent).cloud_event
            found[event.origin.partition("/")[0]].add(event.at)
    return found


def _counting(service: str, read: Read, as_of: AsOf) -> Iterable[Known]:
    return read() if as_of.effective is None else counting_on(as_of.effective, service, read)


def _lane(ledgers: Ledgers) -> str:
    return ledgers[SECTIONS[0]].lane
