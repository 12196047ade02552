"""The aggregates that the one writer of a store holds in memory, and how they stay true."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Set
from uuid import UUID

from eventsourcing.domain import Aggregate

from grant_store.catalogue import Catalogue
from grant_store.store import Store

FOREIGN_EVENTS = 1_000
"""As many events of other writers are read to see what they touched; after more, all is dropped."""


HELD_AGGREGATES = 2_500
"""In a process of its own a service holds no more: what is cold is read again, a batch at once."""


class IdentityMap:
    """The aggregates that the one writer holds in memory, the least recently used dropped first.

    `head` is the position of the ledger that they are true of; None before the first `catch_up`.
    """

    def __init__(self, store: Store, catalogue: Catalogue, capacity: int = HELD_AGGREGATES) -> None:
        self.store = store
        self.catalogue = catalogue
        self.head: int | None = None
        self._capacity = capacity
        self._held: OrderedDict[UUID, Aggregate | None] = OrderedDict()

    def find(self, aggregate_id: UUID) -> Aggregate | None:
        if aggregate_id in self._held:
            self._held.move_to_end(aggregate_id)
        else:
            self._held[aggregate_id] = self.catalogue.rebuild(self.store.stream(aggregate_id))
        return self._held[aggregate_id]

    def fetch(self, aggregate_ids: Set[UUID]) -> None:
        """Take up all of these in one question, so that `find` need not ask for each."""
        missing = [each for each in aggregate_ids if each not in self._held]
        if missing:
            for aggregate_id, rows in self.store.streams(missing).items():
                self._held[aggregate_id] = self.catalogue.rebuild(rows)

    def hold(self, aggregate: Aggregate) -> None:
        self._held[aggregate.id] = aggregate
        self._held.move_to_end(aggregate.id)

    def catch_up(self, position: int) -> None:
        """Drop what somebody else has written up to this position, the ledger's head: a decision
        on stale state would be wrong."""
        if position == self.head:
            return
        foreign = [] if self.head is None else self.store.events_after(self.head, FOREIGN_EVENTS)
        if self.head is None or len(foreign) == FOREIGN_EVENTS or not foreign:
            self._held.clear()
            self.head = position
        else:
            self.evict({row.originator_id for row in foreign})
            self.head = foreign[-1].position

    def evict(self, aggregate_ids: set[UUID]) -> None:
        for aggregate_id in aggregate_ids:
            self._held.pop(aggregate_id, None)

    def shrink(self) -> None:
        """Called between batches only: what a batch has touched must stay until it is committed."""
        while len(self._held) > self._capacity:
            self._held.popitem(last=False)
