"""A relay on RabbitMQ: publishes what is new, announces the head, serves requests. No nameko."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import msgspec
import structlog

from grant_bus.feed import Announcement
from grant_bus.rabbit import (
    PROMPT,
    RESEND,
    RESEND_MESSAGES,
    Consumer,
    connect,
    head_queue,
    resend_queue,
    routing_key,
)
from grant_bus.rabbit_hearing import hear, release
from grant_bus.rabbit_publisher import RabbitPublisher, ResendRequest
from grant_bus.relay import EVENTS_PER_ROUND, Relay
from grant_store.store import Leadership, Store

ANNOUNCE_EVERY_SECONDS = 1.0
IDLE_SECONDS = 0.25
"""How long the ledger is left alone when nothing was new and nobody prompts."""

CONFIRM_LEAD_SECONDS = 0.25
"""How long a relay may publish beside the one that took over from it. Followers bear it."""

NO_WAIT_SECONDS = 0.001
PROMPTS_AT_ONCE = RESEND_MESSAGES

HEAD_ADDRESS = re.compile(r"head\.[0-9a-f-]{36}")
"""Whoever asks for the head listens here. Another address could be another relay's."""

_log = structlog.get_logger()


class RabbitRelay:
    """The relay of one store over one connection. When either breaks, make another one.

    `is_ending` lets it give up waiting for a broker that takes nothing.
    """

    def __init__(
        self,
        store: Store,
        connection: Any,
        clock: Callable[[], float] = time.monotonic,
        is_ending: Callable[[], bool] = lambda: False,
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._publisher = RabbitPublisher(connection, is_ending)
        self._relay = Relay(store, self._publisher)
        self._requests: dict[str, int] = {}
        self._callers: list[str] = []
        self._is_prompted = False
        self._announce_at = clock()
        self._consumer = Consumer(
            connection.channel(),
            queues=[resend_queue(store.origin)],
            on_message=self._when_asked,
            no_ack=True,
        )
        self._consumer.consume()

    def turn(self) -> int:
        """Publish, serve and announce once. Returns how many events were sent."""
        published = self._relay.pump()
        sent, has_more = self._serve()
        self._answer_callers()
        # In the middle of a backlog the head would only make followers ask for what comes anyway.
        if has_more or (published < EVENTS_PER_ROUND and self._clock() >= self._announce_at):
            self._relay.announce()
            self._announce_at = self._clock() + ANNOUNCE_EVERY_SECONDS
        return published + sent

    def release(self) -> None:
        """Close the connection."""
        self._publisher.release()

    def listen(self, seconds: float) -> None:
        """Wait for a prompt or a request, take the prompts that are there, keep the connection
        alive. Whoever prompts without a pause keeps the relay from nothing."""
        wait = seconds
        for _ in range(PROMPTS_AT_ONCE):
            self._is_prompted = False
            if not hear(self._connection, wait) or not self._is_prompted:
                return
            wait = NO_WAIT_SECONDS

    def _serve(self) -> tuple[int, bool]:
        """Send again what was asked for. Also says whether a follower will need another round."""
        requests, self._requests = self._requests, {}
        counts = [self._relay.resend(*request) for request in requests.items()]
        if requests:
            _log.info("sent again", origin=self._relay.store.origin, requests=requests)
        return sum(counts), EVENTS_PER_ROUND in counts

    def _answer_callers(self) -> None:
        callers, self._callers = self._callers, []
        for address in callers:
            head = self._relay.store.head()
            origin = self._relay.store.origin
            self._publisher.reply(
                address, Announcement(origin, head.position, head.leaf_hash.hex())
            )

    def _when_asked(self, message: Any) -> None:
        if message.content_type == PROMPT:
            self._is_prompted = True
            return
        address = message.properties.get("reply_to", "")
        if HEAD_ADDRESS.fullmatch(address):
            self._callers.append(address)
            return
        try:
            request = msgspec.json.decode(message.body, type=ResendRequest)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            _log.error("unreadable request for a resend", error=str(error))
            return
        self._requests[request.follower] = request.after_position


def run(relay: RabbitRelay, leadership: Leadership, is_ending: Callable[[], bool]) -> None:
    """Turn until it is asked to end. The round that was begun is finished.

    Raises `LeadershipLost` before a round where another process may lead by now. What both have
    published then came twice, which followers bear; nothing was skipped.
    """
    confirm_at = 0.0
    while not is_ending():
        now = time.monotonic()
        if now >= confirm_at:
            leadership.confirm()
            confirm_at = now + CONFIRM_LEAD_SECONDS
        moved = relay.turn()
        relay.listen(NO_WAIT_SECONDS if moved else IDLE_SECONDS)


def ask_head(amqp_url: str, origin: str, timeout_seconds: float) -> Announcement:
    """The head of a ledger as its relay tells it. Raises `TimeoutError` if no relay answers."""
    heard: list[Announcement] = []
    connection = connect(amqp_url)
    try:
        channel = connection.channel()
        queue = head_queue(f"head.{uuid4()}")(channel)
        queue.declare()
        queue.consume(
            callback=lambda message: heard.append(
                msgspec.json.decode(message.body, type=Announcement)
            ),
            no_ack=True,
        )
        question = channel.prepare_message(b"{}", properties={"reply_to": queue.name})
        channel.basic_publish(question, exchange=RESEND.name, routing_key=routing_key(origin))
        deadline = time.monotonic() + timeout_seconds
        while not heard:
            # Something else may come as well: that the broker is blocked, for example.
            connection.drain_events(timeout=max(deadline - time.monotonic(), NO_WAIT_SECONDS))
    finally:
        release(connection)
    return heard[0]
