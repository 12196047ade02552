"""What the bus is on RabbitMQ: the names, and how each exchange and queue is declared.

The names are permanent. Must not know services, stores or nameko.
"""

from __future__ import annotations

from typing import Any, Protocol

import kombu
from amqp.exceptions import RecoverableChannelError, RecoverableConnectionError
from kombu.exceptions import OperationalError

from grant_store.errors import NotNow, OutcomeUnknown, Unreachable

# The library carries no types; from here on that is said, and nowhere else.
_library: Any = kombu
Connection, Consumer = _library.Connection, _library.Consumer
Exchange, Queue = _library.Exchange, _library.Queue

FEED = Exchange("grants.feed", type="direct", durable=True)
"""Ledgers in batches, by origin, with the announcements of their heads in the same order."""

RESEND = Exchange("grants.resend", type="direct", durable=True)
"""Followers' requests to the relay of an origin."""

EVENTS = Exchange("grants.events", type="topic", durable=True)
"""Single events by topic for whoever listens. No follower depends on it."""

BATCH = "application/cloudevents-batch+json"
EVENT = "application/cloudevents+json"
HEAD = "application/vnd.pruefpfad.head+json"
REQUEST = "application/vnd.pruefpfad.resend+json"

FEED_MESSAGES = 10_000
RESEND_MESSAGES = 100
HEARTBEAT_SECONDS = 20
CONNECT_TIMEOUT_SECONDS = 5
SECOND = 1_000  # RabbitMQ counts in milliseconds.

PASSING = (
    OSError,
    OperationalError,
    RecoverableChannelError,
    RecoverableConnectionError,
    Unreachable,
    NotNow,
    OutcomeUnknown,
)
"""Failures of broker or database that pass: whoever meets one starts again after a pause."""


class Channel(Protocol):
    """What is used of an AMQP channel; the library itself carries no types."""

    events: Any
    connection: Any

    def basic_publish(self, message: Any, exchange: str = "", routing_key: str = "") -> Any: ...
    def prepare_message(self, body: Any, **properties: Any) -> Any: ...
    def confirm_select(self) -> Any: ...
    def close(self) -> Any: ...


def connect(url: str) -> Any:
    """A connection that is open, or one of `PASSING`."""
    connection = Connection(
        url, heartbeat=HEARTBEAT_SECONDS, connect_timeout=CONNECT_TIMEOUT_SECONDS
    )
    return connection.ensure_connection(max_retries=1, interval_start=0.1)


def is_passing(error: BaseException) -> bool:
    """Whether this goes away by itself."""
    return isinstance(error, PASSING)


def routing_key(origin: str) -> str:
    """ "intake.main" for the ledger "intake/main"."""
    return origin.replace("/", ".")


def feed_queue_name(follower: str, upstream: str) -> str:
    """ "feed.eligibility.intake.main" for eligibility that follows "intake/main"."""
    return f"feed.{follower}.{routing_key(upstream)}"


def feed_queue(follower: str, upstream: str) -> Any:
    """The bounded queue of one follower and upstream. What is dropped here is sent again.

    One consumer is active at a time: replicas stand by. No dead-letter queue, because a resend
    from the ledger is the guarantee.
    """
    return Queue(
        feed_queue_name(follower, upstream),
        exchange=FEED,
        routing_key=routing_key(upstream),
        durable=True,
        queue_arguments={
            "x-queue-type": "quorum",
            "x-single-active-consumer": True,
            "x-max-length": FEED_MESSAGES,
            "x-overflow": "drop-head",
        },
    )


def resend_queue(origin: str) -> Any:
    """The requests to one relay. An old request says nothing: its follower asks again."""
    return Queue(
        f"resend.{routing_key(origin)}",
        exchange=RESEND,
        routing_key=routing_key(origin),
        durable=True,
        queue_arguments={
            "x-single-active-consumer": True,
            "x-max-length": RESEND_MESSAGES,
            "x-overflow": "drop-head",
            "x-message-ttl": 10 * SECOND,
        },
    )
