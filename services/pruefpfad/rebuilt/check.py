"""The check of a whole installation: each service's aggregates and documents, and their totals.

It reads stores and writes nothing. While services run, documents may move on under it: then it says
so, and what differs may be of that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from grant_audit.rebuilding import Progress, no_progress
from grant_bus.parked import parked_events
from grant_store.store import Store
from grant_values.invalid import Invalid
from pruefpfad.assembly import SERVICES
from pruefpfad.rebuilt.aggregates import Fold, check_aggregates
from pruefpfad.rebuilt.outcomes import check_outcomes
from pruefpfad.rebuilt.read_model import check_read_model
from pruefpfad.rebuilt.report import Report
from pruefpfad.rebuilt.working_data import Ledgers, check_working_data

Stops = Mapping[str, set[int]]


@dataclass(frozen=True)
class Outcome:
    """What was found. `moved` names the services whose documents moved on meanwhile."""

    reports: list[Report]
    moved: list[str]

    @property
    def is_equal(self) -> bool:
        return not any(report.differences for report in self.reports)

    @property
    def parked(self) -> int:
        """How many events are missing from what is served because they wait for an operator."""
        return sum(len(report.parked) for report in self.reports)


def check(
    ledgers: Ledgers,
    services: Sequence[str] = tuple(SERVICES),
    stops: Stops | None = None,
    progress: Progress = no_progress,
) -> Outcome:
    """Rebuild what these services serve, and compare; at the positions in `stops` as well."""
    wanted = stops or {}
    check_positions(ledgers, wanted)
    reports = [_check_service(ledgers, service, wanted, progress) for service in services]
    moved = [
        report.service
        for report in reports
        if _followed(ledgers, report.service) != report.followed
    ]
    return Outcome(reports, moved)


def check_positions(ledgers: Ledgers, stops: Stops) -> None:
    """`Invalid` where one of them is not of a known service, or beyond its head."""
    for service, positions in stops.items():
        head = ledgers[service].head().position
        if max(positions) > head or min(positions) < 1:
            raise Invalid("at", f"expected positions from {service}/1 to {service}/{head}")


def _check_service(ledgers: Ledgers, service: str, stops: Stops, progress: Progress) -> Report:
    store = ledgers[service]
    # Documents first: what they have been written from is then in the ledgers for certain.
    followed = _followed(ledgers, service)
    report = Report(service, store.head().position, followed)
    fold = check_aggregates(
        store, SERVICES[service].catalogue, stops.get(service, set()), report, progress
    )
    check_outcomes(store, report, progress)
    _check_tracking(ledgers, report)
    events = (parked.cloud_event for parked in parked_events(store))
    report.parked = [f"{event.origin}/{event.at}" for event in events]
    if SERVICES[service].is_read_model:
        lines = check_read_model(ledgers, report, stops, progress)
        _check_totals(ledgers, report, lines)
    else:
        check_working_data(ledgers, report, fold)
    return report


def _followed(ledgers: Ledgers, service: str) -> dict[str, int]:
    lane = ledgers[service].lane
    upstreams = SERVICES[service].policies.upstreams
    return {name: ledgers[service].tracked(f"{name}/{lane}").position for name in upstreams}


def _check_tracking(ledgers: Ledgers, report: Report) -> None:
    """What was followed last is the event that stands at that position."""
    for upstream, position in report.followed.items():
        ledger = ledgers[upstream]
        known = ledgers[report.service].tracked(ledger.origin).leaf_hash
        rows = ledger.events_after(position - 1, 1) if position else []
        if position and not (rows and rows[0].leaf_hash == known):
            name = f"{upstream}/{position}"
            report.differs("tracking", name, "another event was followed than the one on record")


def _check_totals(ledgers: Ledgers, report: Report, lines: Mapping[str, Any]) -> None:
    """The pages of the budget lines have the totals of the lines that decide (R90)."""
    from grant_budgeting.domain import BudgetLine

    budgeting = ledgers["budgeting"]
    totals = _lines_at(budgeting, report.followed["budgeting"])
    for line in totals:
        key = f"{line.programme}/{line.fund}/{line.year}"
        deciding = (
            *(line.ceiling_cents, line.earmarked_cents),
            *(line.committed_cents, line.spent_cents),
        )
        names = ("ceiling_cents", "earmarked_cents", "committed_cents", "paid_cents")
        shown = tuple(lines[key][name] for name in names) if key in lines else ()
        if shown != deciding:
            why = f"the pages show {shown}, the line that decides has {deciding}"
            report.differs("total", f"{BudgetLine.__name__} {key}", why)


def _lines_at(budgeting: Store, position: int) -> list[Any]:
    """The budget lines as they were at a position."""
    from grant_budgeting.domain import BudgetLine
    from grant_store.catalogue import Catalogue
    from pruefpfad.rebuilt.aggregates import rows_of

    catalogue = Catalogue([BudgetLine])
    topics = {kind.topic for kind in catalogue.kinds}
    fold = Fold(catalogue, Report("budgeting", position, {}))
    for row in rows_of(budgeting, position, no_progress):
        if row.topic in topics:
            fold.apply(row)
    return list(fold.aggregates.values())
