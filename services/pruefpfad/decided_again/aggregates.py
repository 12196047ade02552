"""The aggregates of a service as its ledger left them before a unit is decided again."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence, Set
from contextlib import suppress
from typing import cast
from uuid import UUID

from eventsourcing.domain import Aggregate, OriginatorIDError, OriginatorVersionError

from grant_store.catalogue import Catalogue
from grant_store.errors import StoreError
from grant_store.identity_map import IdentityMap
from grant_store.rows import Document, KindAndKey, LedgerEvent
from grant_store.store import Store
from pruefpfad.decided_again.units import Unit

# What a record that was altered, or is damaged, may do to whoever reads it back.
UNREADABLE = (
    *(StoreError, OriginatorIDError, OriginatorVersionError),
    *(ValueError, LookupError, TypeError, AttributeError),
)


class LedgerAlone:
    """A store without its working data, which are served from and so must not be believed."""

    def __init__(self, store: Store) -> None:
        self.stream = store.stream

    def document(self, kind: str, key: str) -> None:
        return None

    def documents_at(self, names: Sequence[KindAndKey]) -> dict[KindAndKey, bytes]:
        return {}

    def documents(self, kind: str, prefix: str = "") -> list[Document]:
        return []


class RecordedAggregates(IdentityMap):
    """Holds every aggregate that was met on the way through a ledger.

    Walking through the whole ledger, what was not met does not exist yet. Where only some units are
    looked at (`whole` False), each aggregate is read from its stream, up to `position`.
    """

    def __init__(self, store: Store, catalogue: Catalogue, *, whole: bool) -> None:
        super().__init__(cast(Store, LedgerAlone(store)), catalogue, capacity=sys.maxsize)
        self.position = 0
        self._whole = whole

    def find(self, aggregate_id: UUID) -> Aggregate | None:
        if not self._whole and aggregate_id not in self._held:
            self._restore(aggregate_id)
        return self._held.get(aggregate_id)

    def begin(self, position: int) -> None:
        """A unit begins whose first event stands after this position."""
        self.position = position
        if not self._whole:
            self._held.clear()

    def follow(self, rows: Iterable[LedgerEvent]) -> None:
        """Take recorded events as they are, without deciding them again."""
        for row in rows:
            before = self.find(row.originator_id)
            after: Aggregate | None = self.catalogue.decode(row).mutate(before)
            self._held[row.originator_id] = after

    def go_back_to_record(self, unit: Unit, touched: Set[UUID]) -> None:
        """Bring what a unit has touched to what is recorded, whatever was made of it. An aggregate
        whose record cannot be read is missing from here on."""
        self.position = unit.last_position
        for aggregate_id in touched | {row.originator_id for row in unit.rows}:
            self._held.pop(aggregate_id, None)
            with suppress(*UNREADABLE):
                self._restore(aggregate_id)

    def _restore(self, aggregate_id: UUID) -> None:
        rows = [row for row in self.store.stream(aggregate_id) if row.position <= self.position]
        self._held[aggregate_id] = self.catalogue.rebuild(rows)
