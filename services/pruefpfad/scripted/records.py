"""The case files as a script reads them: here from the audit's own store."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from grant_audit import queries
from grant_audit.case_file import CaseFile
from grant_audit.pages import SECTIONS
from grant_store.store import Store


class StoredRecords:
    """The case files of one audit store, read after `catch_up`: audit may lag behind."""

    def __init__(self, store: Store, catch_up: Callable[[], None] = lambda: None) -> None:
        self._store = store
        self._catch_up = catch_up

    def every_case(self, *sections: str) -> Iterator[CaseFile]:
        self._catch_up()
        return queries.every_case(self._store, sections or SECTIONS)

    def case(self, reference: str) -> CaseFile:
        self._catch_up()
        return queries.case(self._store, reference)

    def orders_of_run(self, run: str) -> Sequence[dict[str, str]]:
        """Reference, order id and end-to-end id of each payment, in the order of the file."""
        self._catch_up()
        [found] = [page for page in queries.runs(self._store) if page["run"] == run]
        orders: Sequence[dict[str, str]] = found["orders"]
        return orders
