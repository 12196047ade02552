"""The relay publishes a store's events in order and remembers how far it came.

It publishes first and moves its position after: it may repeat, and it never skips. Each message
begins with the event before its first new one: whoever has followed that far can tell by its leaf
that this is still the history they know, whatever else was lost on the way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from grant_bus.feed import EVENTS_PER_MESSAGE, Announcement, cloud_event, joined
from grant_bus.transport import Publisher
from grant_store.store import Store

EVENTS_PER_ROUND = 1_000
NEW_PER_MESSAGE = EVENTS_PER_MESSAGE - 1


class Relay:
    """Publishes one store. One relay per store may run at a time."""

    def __init__(self, store: Store, publisher: Publisher) -> None:
        self.store = store
        self._publisher = publisher
        self._position = store.relayed()
        self._last = self._event_at(self._position)

    def pump(self) -> int:
        """Publish the next round of events. Returns how many; 0 when all is published."""
        rows = self.store.events_after(self._position, EVENTS_PER_ROUND)
        if not rows:
            return 0
        origin = self.store.origin
        events = [cloud_event(origin, row) for row in rows]
        self._publisher.publish(origin, list(_messages(self._last, events)))
        self._publisher.publish_single(
            origin, [(row.topic, event) for row, event in zip(rows, events, strict=True)]
        )
        self.store.move_relay(rows[-1].position)
        self._position, self._last = rows[-1].position, events[-1:]
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
        events = [cloud_event(origin, row) for row in rows]
        messages = list(_messages(self._event_at(after_position), events))
        self._publisher.resend(origin, follower, messages)
        return len(rows)

    def _event_at(self, position: int) -> list[bytes]:
        """The event at a position as a list, which is empty before the first."""
        rows = self.store.events_after(position - 1, 1) if position else []
        return [cloud_event(self.store.origin, row) for row in rows]


def _messages(before: Sequence[bytes], events: Sequence[bytes]) -> Iterator[bytes]:
    """The events in messages, each of which begins with the last event of the one before."""
    for start in range(0, len(events), NEW_PER_MESSAGE):
        new = events[start : start + NEW_PER_MESSAGE]
        yield joined([*before, *new])
        before = new[-1:]
