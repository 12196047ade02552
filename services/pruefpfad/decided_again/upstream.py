"""The recorded events that a service followed, as its follower read them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

from grant_bus.feed import cloud_event, joined, unpack
from grant_contracts.envelope import CloudEvent
from grant_store.errors import StoreError
from grant_store.rows import LedgerEvent
from grant_store.store import Store

PAGE = 1_000
_PAGES_HELD = 4


class UpstreamEvents:
    """Events by origin and position. They are asked for nearly in their order: in pages."""

    def __init__(self, stores: Mapping[str, Store]) -> None:
        self._stores = {store.origin: store for store in stores.values()}
        self._pages: OrderedDict[tuple[str, int], dict[int, LedgerEvent]] = OrderedDict()

    def at(self, origin: str, position: int) -> CloudEvent:
        """One event. `StoreError` where there is no such ledger, or nothing at this position."""
        row = self._page(origin, (position - 1) // PAGE).get(position)
        if row is None:
            raise StoreError(f"{origin} has no event at position {position}.")
        [event] = unpack(joined([cloud_event(origin, row)]))
        return event

    def _page(self, origin: str, number: int) -> dict[int, LedgerEvent]:
        if origin not in self._stores:
            known = ", ".join(sorted(self._stores))
            raise StoreError(f"{origin} was followed; expected one of the ledgers {known}.")
        key = origin, number
        if key not in self._pages:
            rows = self._stores[origin].events_after(number * PAGE, PAGE)
            self._pages[key] = {row.position: row for row in rows}
        self._pages.move_to_end(key)
        if len(self._pages) > _PAGES_HELD:
            self._pages.popitem(last=False)
        return self._pages[key]
