"""What relay and follower need of a message bus. In process and on RabbitMQ alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from grant_bus.feed import Announcement


class Publisher(Protocol):
    """The sending side, used by relays. A call returns once the bus has taken everything."""

    def publish(self, origin: str, bodies: Sequence[bytes]) -> None:
        """Give these messages to every follower of `origin`, in this order."""

    def publish_single(self, origin: str, events: Sequence[tuple[str, bytes]]) -> None:
        """Announce single events by topic to whoever listens; no follower depends on it."""

    def announce(self, announcement: Announcement) -> None: ...

    def resend(self, origin: str, follower: str, bodies: Sequence[bytes]) -> None:
        """Give these messages to one follower that asked for them."""


class ResendRequests(Protocol):
    """The asking side, used by followers."""

    def ask_resend(self, upstream: str, follower: str, after_position: int) -> None:
        """Ask the relay of `upstream` for everything after a position."""
