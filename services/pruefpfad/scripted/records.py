"""The case files as a script reads them: here from the audit's own store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from grant_audit import queries
from grant_audit.case_file import CaseFile
from grant_store.store import Store


class StoredRecords:
    """The case files of one audit store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def every_case(self) -> Iterator[CaseFile]:
        return queries.every_case(self._store)

    def case(self, reference: str) -> CaseFile:
        return queries.case(self._store, reference)

    def orders_of_run(self, run: str) -> Sequence[dict[str, str]]:
        """Reference, order id and end-to-end id of each payment, in the order of the file."""
        [found] = [page for page in queries.runs(self._store) if page["run"] == run]
        orders: Sequence[dict[str, str]] = found["orders"]
        return orders
