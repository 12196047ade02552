"""The sending side of the bus on RabbitMQ: publishing with confirms, and asking for a resend."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, Any

import msgspec

from grant_bus.feed import Announcement
from grant_bus.rabbit import (
    BATCH,
    EVENT,
    EVENTS,
    FEED,
    HEAD,
    PROMPT,
    REQUEST,
    RESEND,
    SECOND,
    Channel,
    resend_key,
    routing_key,
)
from grant_bus.rabbit_confirms import TRANSIENT, Confirms

DEFAULT_USER = "guest"
"""Whom the library logs in where the address names nobody."""

LAST_POSITION = 2**63 - 1
"""A database knows no later one."""


class NotTaken(ConnectionError):
    """The broker did not take a message. Whoever published it starts again from its position."""


class ResendRequest(msgspec.Struct, frozen=True):
    """A follower's request for everything after a position of one ledger."""

    follower: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9]{0,24}\Z")]
    after_position: Annotated[int, msgspec.Meta(ge=0, le=LAST_POSITION)]


class RabbitPublisher:
    """Publishes many messages and then waits for the confirms of them all.

    Nothing is published as mandatory: a follower that has not declared its queue yet has no use
    for a message; the next announcement tells it what it lacks. What followers get names its user,
    and the broker takes no other name from us: so they know that it is from the relay.
    """

    def __init__(self, connection: Any, is_ending: Callable[[], bool] = lambda: False) -> None:
        self._confirms = Confirms(connection, is_ending)
        self.release = self._confirms.release
        self._send = partial(self._confirms.send, user_id=connection.userid or DEFAULT_USER)
        for exchange in (FEED, RESEND, EVENTS):
            exchange(self._confirms.channel).declare()

    def publish(self, origin: str, bodies: Sequence[bytes]) -> None:
        for body in bodies:
            self._send(body, BATCH, FEED.name, routing_key(origin))
        self._wait()

    def publish_single(self, origin: str, events: Sequence[tuple[str, bytes]]) -> None:
        for topic, body in events:
            self._send(body, EVENT, EVENTS.name, topic)
        self._wait()

    def announce(self, announcement: Announcement) -> None:
        """Through the feed, so that no head overtakes the events before it. It soon expires:
        an old head says nothing, and must not take the room of events."""
        body = msgspec.json.encode(announcement)
        key = routing_key(announcement.origin)
        self._send(body, HEAD, FEED.name, key, delivery_mode=TRANSIENT, expiration=str(10 * SECOND))
        self._wait()

    def resend(self, origin: str, follower: str, bodies: Sequence[bytes]) -> None:
        """To the one follower, past the others."""
        for body in bodies:
            self._send(body, BATCH, FEED.name, resend_key(follower, origin))
        self._wait()

    def reply(self, address: str, announcement: Announcement) -> None:
        """Tell one caller the head, as proof that broker, relay and ledger are there."""
        body = msgspec.json.encode(announcement)
        self._send(body, HEAD, RESEND.name, address, delivery_mode=TRANSIENT)
        self._wait()

    def _wait(self) -> None:
        refused = self._confirms.wait()
        if refused:
            raise NotTaken(f"The broker refused {refused} messages.")


class RabbitResendRequests:
    """Asks the relay of an upstream. A lost request is repeated after the next announcements."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def ask_resend(self, upstream: str, follower: str, after_position: int) -> None:
        body = msgspec.json.encode(ResendRequest(follower, after_position))
        message = self._channel.prepare_message(body, content_type=REQUEST)
        self._channel.basic_publish(
            message, exchange=RESEND.name, routing_key=routing_key(upstream)
        )


class RabbitPrompts:
    """Wakes the relay of an origin: something is recorded. A lost prompt costs a moment, because
    the relay looks by itself now and then."""

    def __init__(self, channel: Channel, origin: str) -> None:
        RESEND(channel).declare()
        self._channel = channel
        self._routing_key = routing_key(origin)

    def prompt(self) -> None:
        message = self._channel.prepare_message(
            b"", content_type=PROMPT, properties={"delivery_mode": TRANSIENT}
        )
        self._channel.basic_publish(message, exchange=RESEND.name, routing_key=self._routing_key)
