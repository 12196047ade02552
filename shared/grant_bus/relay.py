"""The relay publishes a store's events in order and remembers how far it came.

It publishes first and moves its position after: it may repeat, and it never skips.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from grant_bus.feed import EVENTS_PER_MESSAGE, Announcement, cloud_event, pack
from grant_bus.transport import Publisher
from grant_store.rows import LedgerEvent
from grant_store.store import Store

EVENTS_PER_ROUND = 1_000


class Relay:
    """Publishes one store. One relay per store may run at a time."""

    def __init__(self, store: Store, publisher: Publisher) -> None:
        self.store = store
        self._publisher = publisher
        self._position = store.relayed()

    def pump(self) -> int:
        """Publish the next round of events. Returns how many; 0 when all is published."""
        rows = self.store.events_after(self._position, EVENTS_PER_ROUND)
        if not rows:
            return 0
        origin = self.store.origin
        self._publisher.publish(origin, list(_messages(origin, rows)))
        self._publisher.publish_single(
            origin, [(row.topic, cloud_event(origin, row)) for row in rows]
        )
        self.store.move_relay(rows[-1].position)
        self._position = rows[-1].position
        return len(rows)

    def announce(self) -> None:
        """Tell the head, so that a follower whose tail was lost notices."""
        head = self.store.head()
        announcement = Announcement(self.store.origin, head.position, head.leaf_hash.hex())
        self._publisher.announce(announcement)

    def resend(self, follower: str, after_position: int) -> int:
        """Publish one round to one follower again. It asks on until it has the head."""
        rows = self.store.events_after(after_position, EVENTS_PER_ROUND)
        origin = self.store.origin
        self._publisher.resend(origin, follower, list(_messages(origin, rows)))
        return len(rows)


def _messages(origin: str, rows: Sequence[LedgerEvent]) -> Iterator[bytes]:
    for start in range(0, len(rows), EVENTS_PER_MESSAGE):
        yield pack(origin, rows[start : start + EVENTS_PER_MESSAGE])
