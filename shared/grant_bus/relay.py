"""The relay publishes a store's events in order and remembers how far it came.

It publishes first and moves its position after: it may repeat, and it never skips. Each message
begins with the event before its first new one: whoever has followed that far can tell by its leaf
that this is still the history they know, whatever else was lost on the way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from grant_bus.feed import EVENTS_PER_MESSAGE, Announcement, cloud_event, pack
from grant_bus.transport import Publisher
from grant_store.rows import LedgerEvent
from grant_store.store import Store

EVENTS_PER_ROUND = 1_000
NEW_PER_MESSAGE = EVENTS_PER_MESSAGE - 1


class Relay:
    """Publishes one store. One relay per store may run at a time."""

    def __init__(self, store: Store, publisher: Publisher) -> None:
        self.store = store
        self._publisher = publisher
        self._position = store.relayed()
        self._last = _event_at(store, self._position)

    def pump(self) -> int:
        """Publish the next round of events. Returns how many; 0 when all is published."""
        rows = self.store.events_after(self._position, EVENTS_PER_ROUND)
        if not rows:
            return 0
        origin = self.store.origin
        self._publisher.publish(origin, list(_messages(origin, self._last, rows)))
        self._publisher.publish_single(
            origin, [(row.topic, cloud_event(origin, row)) for row in rows]
        )
        self.store.move_relay(rows[-1].position)
        self._position, self._last = rows[-1].position, rows[-1:]
        return len(rows)

    def announce(self, asked_by: str = "", asked_after: int = 0) -> None:
        """Tell the head, so that a follower whose tail was lost notices."""
        head = self.store.head()
        origin = self.store.origin
        self._publisher.announce(
            Announcement(origin, head.position, head.leaf_hash.hex(), asked_by, asked_after)
        )

    def resend(self, follower: str, after_position: int) -> int:
        """Publish one round to one follower again. It asks on until it has the head.

        Where nothing comes after, the head is the answer: it may lie before what was followed.
        """
        rows = self.store.events_after(after_position, EVENTS_PER_ROUND)
        if not rows:
            self.announce(follower, after_position)
            return 0
        origin = self.store.origin
        before = _event_at(self.store, after_position)
        self._publisher.resend(origin, follower, list(_messages(origin, before, rows)))
        return len(rows)


def _event_at(store: Store, position: int) -> list[LedgerEvent]:
    """The event at a position as a list, which is empty before the first."""
    return store.events_after(position - 1, 1) if position else []


def _messages(
    origin: str, before: Sequence[LedgerEvent], rows: Sequence[LedgerEvent]
) -> Iterator[bytes]:
    for start in range(0, len(rows), NEW_PER_MESSAGE):
        new = rows[start : start + NEW_PER_MESSAGE]
        yield pack(origin, [*before, *new])
        before = new[-1:]
