"""A follower that reads its upstream's ledger itself, where both lie on one machine. No bus."""

from __future__ import annotations

from grant_bus.feed import pack, unpack
from grant_bus.follower import Follower
from grant_bus.relay import EVENTS_PER_ROUND
from grant_store.store import Store


class StraightFeed:
    """One upstream's ledger and the follower that it is read for."""

    def __init__(self, upstream: Store, follower: Follower) -> None:
        self._upstream = upstream
        self._follower = follower

    @property
    def origin(self) -> str:
        return self._upstream.origin

    @property
    def position(self) -> int:
        return self._follower.position

    def turn(self) -> int:
        """Apply the next round of events. Returns how many were new; 0 at the head.

        It begins with the event that was followed last: its leaf tells whether this is still the
        history that the follower knows.
        """
        before = max(self._follower.position - 1, 0)
        rows = self._upstream.events_after(before, EVENTS_PER_ROUND)
        return self._follower.receive(unpack(pack(self.origin, rows))) if rows else 0


class NoRequests:
    """A resend is never needed where the ledger itself is read: it has no gaps."""

    def ask_resend(self, upstream: str, follower: str, after_position: int) -> None:
        raise RuntimeError(f"The ledger of {upstream} has a gap after {after_position}.")
