"""A follower's side of the feed on RabbitMQ: read the queue, apply in batches, acknowledge after.

It knows the queue and the order of what is in it. What an event means is the writer's business.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from itertools import groupby
from typing import Any

import msgspec
import structlog

from grant_bus.feed import Announcement, unpack
from grant_bus.follower import Follower
from grant_bus.rabbit import HEAD, Consumer, feed_queue
from grant_bus.rabbit_hearing import gather
from grant_bus.rabbit_publisher import RabbitResendRequests
from grant_bus.rabbit_rights import relay_user
from grant_bus.writer import Writer

MESSAGES_PER_BATCH = 20
PREFETCH = 2 * MESSAGES_PER_BATCH

_log = structlog.get_logger()


class UnreadableFeed(Exception):
    """A message in the feed is not a batch of events. It is dropped, and the follower stops.

    If it should have been one, it comes again by the next resend, and so does this complaint.
    """


class FeedQueue:
    """One upstream's feed for one service.

    The follower is made at the first message, because a replica that stood by until then would
    know an old position. Where services are users of their own, only what the upstream's relay has
    sent is followed: the broker vouches for the name in a message.
    """

    def __init__(self, connection: Any, writer: Writer, upstream: str) -> None:
        self.upstream = upstream
        self._writer = writer
        self._messages: deque[Any] = deque()
        self._follower: Follower | None = None
        self._sender = _sender_expected(connection, writer.store.service, upstream)
        # A channel of its own: "acknowledge all up to this one" must not reach other feeds.
        self._channel = connection.channel()
        self._consumer = Consumer(
            self._channel,
            queues=[feed_queue(writer.store.service, upstream)],
            on_message=self._when_delivered if self._sender else self._messages.append,
            prefetch_count=PREFETCH,
        )
        self._consumer.consume()

    @property
    def has_messages(self) -> bool:
        return bool(self._messages)

    @property
    def has_enough(self) -> bool:
        return len(self._messages) >= MESSAGES_PER_BATCH

    def take(self) -> int:
        """Apply what has come, one batch of it, and acknowledge. Returns how many messages."""
        taken = min(len(self._messages), MESSAGES_PER_BATCH)
        messages = [self._messages.popleft() for _ in range(taken)]
        for is_head, group in groupby(messages, key=lambda message: message.content_type == HEAD):
            heard = list(group)
            if is_head:
                for message in heard:
                    self._hear(message)
            else:
                events = [event for message in heard for event in _decoded(message, unpack)]
                self._known_follower().receive(events)
        if messages:
            messages[-1].ack(multiple=True)
        return taken

    def _when_delivered(self, message: Any) -> None:
        sender = message.properties.get("user_id")
        if sender == self._sender:
            self._messages.append(message)
            return
        _log.error("dropped what is not from the relay", upstream=self.upstream, sender=sender)
        message.reject()

    def _known_follower(self) -> Follower:
        if self._follower is None:
            requests = RabbitResendRequests(self._channel)
            self._follower = Follower(self.upstream, self._writer, requests)
        return self._follower

    def _hear(self, message: Any) -> None:
        announcement = _decoded(message, lambda body: msgspec.json.decode(body, type=Announcement))
        self._known_follower().hear(announcement)


class Feeds:
    """All feeds of one service over one connection. When it breaks, make another one.

    `commit` runs a job where nothing else writes the store meanwhile.
    """

    def __init__(
        self, connection: Any, writer: Writer, commit: Callable[[Callable[[], int]], int]
    ) -> None:
        self._connection = connection
        self._commit = commit
        lane = writer.store.lane
        self._queues = [
            FeedQueue(connection, writer, f"{upstream}/{lane}")
            for upstream in writer.policies.upstreams
        ]

    def turn(self, seconds: float) -> int:
        """Wait that long for messages at most, and apply what came. Returns how many."""
        gather(self._connection, seconds, self._has_some, self._has_enough)
        return sum(self._commit(queue.take) for queue in self._queues if queue.has_messages)

    def _has_some(self) -> bool:
        return any(queue.has_messages for queue in self._queues)

    def _has_enough(self) -> bool:
        return any(queue.has_enough for queue in self._queues)


def _sender_expected(connection: Any, service: str, upstream: str) -> str | None:
    """The user that relays the upstream; None where all processes are one user."""
    return relay_user(upstream.partition("/")[0]) if connection.userid == service else None


def _decoded(message: Any, decode: Callable[[bytes], Any]) -> Any:
    # The library hands out text where a sender has named a character set; ours do not.
    body = message.body
    try:
        return decode(body.encode() if isinstance(body, str) else bytes(body))
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        message.reject()
        raise UnreadableFeed(
            f"{message.delivery_info['routing_key']}: a message of length {len(body)}, "
            f"content type {message.content_type!r}: {error}"
        ) from error
