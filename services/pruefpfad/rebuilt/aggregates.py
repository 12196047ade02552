"""The aggregates of a service by two ways that must meet.

One way is the ledger in order of position: so the running service has come to what it holds. The
other is each aggregate's own stream: so a service that starts reads it. It knows no service.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from uuid import UUID

from eventsourcing.domain import Aggregate, EventSourcingError

from grant_audit.rebuilding import EVENTS_AT_ONCE, Progress
from grant_store.catalogue import Catalogue
from grant_store.errors import StoreError
from grant_store.rows import LedgerEvent
from grant_store.store import Store
from pruefpfad.rebuilt.report import Report

STREAMS_AT_ONCE = 400
UNREADABLE = (StoreError, EventSourcingError, ValueError, LookupError, TypeError, AttributeError)
"""What an event that was altered, or is damaged, may raise when it is read back and applied."""


class Fold:
    """Aggregates as the events that were applied so far have left them."""

    def __init__(self, catalogue: Catalogue, report: Report) -> None:
        self.aggregates: dict[UUID, Aggregate] = {}
        self._catalogue = catalogue
        self._report = report
        self._broken: set[UUID] = set()

    def apply(self, row: LedgerEvent) -> None:
        """What cannot be applied is a difference, and so much of its aggregate is left out."""
        if row.originator_id in self._broken:
            return
        known = self.aggregates.get(row.originator_id)
        try:
            changed = self._catalogue.decode(row).mutate(known)
        except UNREADABLE as error:
            self._broken.add(row.originator_id)
            self.aggregates.pop(row.originator_id, None)
            name = f"{row.topic} at {self._report.service}/{row.position}"
            self._report.differs("aggregate", name, f"{type(error).__name__}: {error}")
            return
        if isinstance(changed, Aggregate):
            self.aggregates[row.originator_id] = changed


def rows_of(ledger: Store, last: int, progress: Progress) -> Iterator[LedgerEvent]:
    """The rows of a ledger up to a position."""
    position = 0
    while position < last:
        rows = ledger.events_after(position, min(EVENTS_AT_ONCE, last - position))
        if not rows:
            return
        yield from rows
        position = rows[-1].position
        progress(ledger.service, position, last)


def check_aggregates(
    ledger: Store, catalogue: Catalogue, stops: set[int], report: Report, progress: Progress
) -> Fold:
    """Rebuild all aggregates by both ways, and compare them at each stop and at the head.

    After a stop the first way goes on with what it has: that the prefix, continued, is the whole is
    what the comparison at the head says.
    """
    fold = Fold(catalogue, report)
    for row in rows_of(ledger, report.position, progress):
        fold.apply(row)
        if row.position in stops and row.position != report.position:
            _compare(fold, ledger, catalogue, row.position, report)
    _compare(fold, ledger, catalogue, report.position, report)
    report.aggregates = len(fold.aggregates)
    return fold


def _compare(
    fold: Fold, ledger: Store, catalogue: Catalogue, position: int, report: Report
) -> None:
    for ids in in_parts(fold.aggregates, STREAMS_AT_ONCE):
        for aggregate_id, rows in ledger.streams(ids).items():
            held = fold.aggregates[aggregate_id]
            name = f"{type(held).__name__} {aggregate_id} at {report.service}/{position}"
            try:
                read = catalogue.rebuild(row for row in rows if row.position <= position)
            except UNREADABLE as error:
                report.differs("aggregate", name, f"{type(error).__name__}: {error}")
                continue
            if read != held:
                report.differs("aggregate", name, "its stream leads to another state")


def in_parts(ids: Iterable[UUID], size: int) -> Iterator[list[UUID]]:
    known = list(ids)
    for start in range(0, len(known), size):
        yield known[start : start + size]
