"""The auditor's pages written anew from the ledgers, and compared with those that are served.

The history has a page for each event: it is compared on the way and not kept. All other pages are
kept until the events of their service are through, because no other service writes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from msgspec.json import decode, encode

from grant_audit.pages import HISTORY, LINE, NO_CASE
from grant_audit.projections import case_of, decoded, history_key, project
from grant_audit.rebuilding import Progress
from grant_bus.feed import event_of
from grant_store.rows import KindAndKey, LedgerEvent
from grant_store.store import Store
from pruefpfad.rebuilt.aggregates import UNREADABLE, rows_of
from pruefpfad.rebuilt.report import Report, State
from pruefpfad.rebuilt.working_data import (
    DOCUMENTS_AT_ONCE,
    Ledgers,
    compare_documents,
    not_applied,
    report_surplus,
)

HEXADECIMAL = "0123456789abcdef"


class Pages:
    """What the events of one service write."""

    def __init__(self, store: Store, report: Report) -> None:
        self.pages: dict[KindAndKey, Any] = {}
        self.history = 0
        self._entries: dict[KindAndKey, Any] = {}
        self._store = store
        self._report = report
        self._hash = sha256()

    def document(self, kind: str, key: str) -> Any:
        return self.pages.get((kind, key))

    def write_document(self, kind: str, key: str, body: Any) -> None:
        if kind != HISTORY:
            self.pages[kind, key] = body
            return
        if len(self._entries) >= DOCUMENTS_AT_ONCE:
            self._compare_history()
        # The projection goes on to write into it: it is whole when the next event comes.
        self._entries[kind, key] = body

    def state(self, at: str) -> State:
        """Compare what is left of the history, and put the pages away as their bytes. The events
        that follow go on with what is read from these, as they would from a store."""
        self._compare_history()
        stored = self.stored()
        self.pages = {name: decode(body) for name, body in stored.items()}
        content = self._hash.copy()
        for (kind, key), body in sorted(stored.items()):
            content.update(b"\n".join((kind.encode(), key.encode(), body)))
        return State(at, len(stored) + self.history, content.hexdigest())

    def stored(self) -> dict[KindAndKey, bytes]:
        """The pages beside the history as a store would hold them."""
        return {name: encode(body) for name, body in self.pages.items()}

    def _compare_history(self) -> None:
        entries = {name: encode(body) for name, body in self._entries.items()}
        compare_documents(self._store, entries, self._report)
        for (_, key), body in entries.items():
            self._hash.update(key.encode() + b"\n" + body)
        self.history += len(entries)
        self._entries.clear()


def check_read_model(
    ledgers: Ledgers, report: Report, stops: Mapping[str, set[int]], progress: Progress
) -> dict[str, Any]:
    """Rebuild all pages, and compare them with the audit's. Returns those of the budget lines."""
    store = ledgers[report.service]
    passed = not_applied(store)
    names: set[KindAndKey] = set()
    lines: dict[str, Any] = {}
    history = 0
    for service, last in report.followed.items():
        pages = Pages(store, report)
        ledger = ledgers[service]
        for row in rows_of(ledger, last, progress):
            if (ledger.origin, row.position) not in passed:
                _write(pages, ledger.origin, row, report)
            if row.position in stops.get(service, ()) and row.position != last:
                report.states.append(pages.state(f"{service}/{row.position}"))
        report.states.append(pages.state(f"{service}/{last}"))
        compare_documents(store, pages.stored(), report)
        names |= pages.pages.keys()
        lines |= {key: page for (kind, key), page in pages.pages.items() if kind == LINE}
        history += pages.history
    report_surplus(store, names, report, leave_out=HISTORY)
    if store.document_counts().get(HISTORY, 0) > history:
        _report_surplus_history(store, ledgers, report)
    return lines


def _write(pages: Pages, origin: str, row: LedgerEvent, report: Report) -> None:
    try:
        event = event_of(origin, row)
        project(pages, event, decoded(event))
    except UNREADABLE as error:
        why = f"it cannot be written down: {type(error).__name__}: {error}"
        report.differs("document", f"{row.topic} at {origin}/{row.position}", why)


def _report_surplus_history(store: Store, ledgers: Ledgers, report: Report) -> None:
    """Pages of history to which no event leads; a part at a time, because all have no room."""
    for prefix in (*HEXADECIMAL, NO_CASE):
        for page in store.documents(HISTORY, prefix):
            if not _has_an_event(page.key, ledgers, report):
                report.differs("document", f"{HISTORY}/{page.key}", "no event leads to it")


def _has_an_event(key: str, ledgers: Ledgers, report: Report) -> bool:
    *_, service, number = key.split("/")
    if not number.isdecimal() or not 0 < int(number) <= report.followed.get(service, 0):
        return False
    rows = ledgers[service].events_after(int(number) - 1, 1)
    if not rows:  # The ledger ends before what was followed: it was restored from a backup.
        return False
    event = event_of(ledgers[service].origin, rows[0])
    return history_key(event, case_of(event, decoded(event))) == key
