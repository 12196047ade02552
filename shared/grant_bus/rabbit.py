"""What the bus is on RabbitMQ: the names, and how each exchange and queue is declared.

The names are permanent. Must not know services, stores or nameko.
"""

from __future__ import annotations

from typing import Any, Protocol

import kombu
from amqp.exceptions import (
    AMQPError,
    InternalError,
    NotFound,
    RecoverableChannelError,
    RecoverableConnectionError,
)
from kombu.exceptions import OperationalError

from grant_bus.rabbit_hearing import lay_unreadable_aside
from grant_bus.rabbit_shared import SharedExchange, SharedQueue
from grant_store.errors import AppendConflict, NotNow, OutcomeUnknown, Unreachable

# The library carries no types; from here on that is said, and nowhere else.
_library: Any = kombu
Connection, Consumer = _library.Connection, _library.Consumer
Exchange, Queue, binding = _library.Exchange, _library.Queue, _library.binding

FEED = SharedExchange("grants.feed", type="topic", durable=True)
"""Ledgers in batches, with the announcements of their heads in the same order: to all who follow
by `<service>.<lane>`, sent again to one of them by `<service>.<lane>.<follower>`."""

RESEND = SharedExchange("grants.resend", type="topic", durable=True)
"""Questions to the relay of an origin, by `<service>.<lane>`, and its answers, by `head.<id>`."""

EVENTS = SharedExchange("grants.events", type="topic", durable=True)
"""Single events by topic for whoever listens. No follower depends on it."""

COMMANDS = SharedExchange("grants.commands", type="topic", durable=True)
"""Commands from whoever speaks AMQP, by `<service>.<lane>.<command>`."""

DEAD_COMMANDS = SharedExchange("grants.commands.dead", type="topic", durable=True)
"""Commands that could be neither carried out nor answered: an operator looks at them."""

QUERIES = SharedExchange("grants.queries", type="topic", durable=True)
"""Questions from whoever speaks AMQP, by `<service>.<lane>.<question>`."""

RPC = SharedExchange("nameko-rpc", type="topic", durable=True)
"""nameko's: calls by `<service>.<method>`, replies by the address that the caller made up."""

JSON = "application/json"
BATCH = "application/cloudevents-batch+json"
EVENT = "application/cloudevents+json"
HEAD = "application/vnd.pruefpfad.head+json"
REQUEST = "application/vnd.pruefpfad.resend+json"
PROMPT = "application/vnd.pruefpfad.prompt"

FEED_MESSAGES = 10_000
RESEND_MESSAGES = 100
COMMAND_MESSAGES = 10_000
COMMAND_BYTES = 64 * 1024 * 1024
"""The bound on the bodies that wait in a queue of commands. What lies in the memory of whoever
takes them has bounds of its own, in `rabbit_letters`."""
QUESTION_MESSAGES = 1_000
QUESTION_BYTES = 16 * 1024 * 1024
DEAD_COMMAND_MESSAGES = 100_000
DELIVERIES = 100
"""So often a command may end the process that took it before it is laid aside as dead.

RabbitMQ 3.10 has no limit by itself, 4.0 and later have one of 20, at which a rolling restart
could arrive: every command that waits in a consumer counts each end of that consumer.
"""
HEARTBEAT_SECONDS = 20
CONNECT_TIMEOUT_SECONDS = 5
SECOND = 1_000  # RabbitMQ counts in milliseconds.

PASSING = (
    OSError,
    OperationalError,
    RecoverableChannelError,
    RecoverableConnectionError,
    AppendConflict,
    # The broker failed, as it may when a queue is deleted while somebody publishes to it.
    InternalError,
    # What was declared a moment ago is gone: the broker is being stopped, or somebody deletes.
    NotFound,
    Unreachable,
    NotNow,
    OutcomeUnknown,
)
"""Failures of broker or database that pass: whoever meets one starts again after a pause. What is
no failure of the machine at all stands in `retries`."""

FAILING = (*PASSING, AMQPError)
"""The same, with what does not pass by itself: a wrong password, a right that is missing."""


class Channel(Protocol):
    """What is used of an AMQP channel; the library itself carries no types."""

    events: Any
    connection: Any

    def basic_publish(
        self, message: Any, exchange: str = "", routing_key: str = "", mandatory: bool = False
    ) -> Any: ...
    def prepare_message(self, body: Any, **properties: Any) -> Any: ...
    def confirm_select(self) -> Any: ...
    def close(self) -> Any: ...


def connect(url: str) -> Any:
    """A connection that is open, or one of `PASSING`."""
    connection = Connection(
        url, heartbeat=HEARTBEAT_SECONDS, connect_timeout=CONNECT_TIMEOUT_SECONDS
    )
    opened = connection.ensure_connection(max_retries=1, interval_start=0.1)
    lay_unreadable_aside(opened.connection)
    return opened


def is_passing(error: BaseException) -> bool:
    """Whether this goes away by itself."""
    return isinstance(error, PASSING)


def routing_key(origin: str) -> str:
    """ "intake.main" for the ledger "intake/main"."""
    return origin.replace("/", ".")


def feed_queue_name(follower: str, upstream: str) -> str:
    """ "feed.eligibility.intake.main" for eligibility that follows "intake/main"."""
    return f"feed.{follower}.{routing_key(upstream)}"


def resend_key(follower: str, upstream: str) -> str:
    """ "intake.main.eligibility" for what eligibility alone is to get of "intake/main"."""
    return f"{routing_key(upstream)}.{follower}"


def feed_queue(follower: str, upstream: str) -> Any:
    """The bounded queue of one follower and upstream. What is dropped here is sent again.

    One consumer is active at a time: replicas stand by. No dead-letter queue, because a resend
    from the ledger is the guarantee.
    """
    return Queue(
        feed_queue_name(follower, upstream),
        bindings=[
            binding(FEED, routing_key(upstream)),
            binding(FEED, resend_key(follower, upstream)),
        ],
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


def command_queue_name(origin: str) -> str:
    """ "commands.intake.main" for the commands of the ledger "intake/main"."""
    return f"commands.{routing_key(origin)}"


def command_queue(origin: str) -> Any:
    """The commands of one service and lane. A full queue refuses: the sender's confirm tells it.

    One consumer is active at a time, because only one process may write a store.
    """
    return Queue(
        command_queue_name(origin),
        exchange=COMMANDS,
        routing_key=f"{routing_key(origin)}.*",
        durable=True,
        queue_arguments={
            "x-queue-type": "quorum",
            "x-single-active-consumer": True,
            "x-max-length": COMMAND_MESSAGES,
            "x-max-length-bytes": COMMAND_BYTES,
            "x-overflow": "reject-publish",
            "x-delivery-limit": DELIVERIES,
            "x-dead-letter-exchange": DEAD_COMMANDS.name,
            # Laid aside only when the other queue has confirmed it.
            "x-dead-letter-strategy": "at-least-once",
        },
    )


def dead_command_queue() -> Any:
    """What was laid aside from every command queue, under the key it was sent with."""
    return SharedQueue(
        "commands.dead",
        exchange=DEAD_COMMANDS,
        routing_key="#",
        durable=True,
        queue_arguments={
            "x-queue-type": "quorum",
            "x-max-length": DEAD_COMMAND_MESSAGES,
            "x-overflow": "reject-publish",
        },
    )


def question_queue(origin: str) -> Any:
    """The questions to one service and lane. Each replica answers; an old question is dropped,
    because whoever asked it has stopped waiting."""
    return Queue(
        f"queries.{routing_key(origin)}",
        exchange=QUERIES,
        routing_key=f"{routing_key(origin)}.*",
        durable=True,
        queue_arguments={
            "x-max-length": QUESTION_MESSAGES,
            "x-max-length-bytes": QUESTION_BYTES,
            "x-overflow": "reject-publish",
            "x-message-ttl": 30 * SECOND,
        },
    )


def rpc_queue(service: str) -> Any:
    """nameko's queue of calls to a service, but replicas stand by: one of them writes a store."""
    return Queue(
        f"rpc-{service}",
        exchange=RPC,
        routing_key=f"{service}.*",
        durable=True,
        queue_arguments={"x-single-active-consumer": True},
    )


def head_queue(address: str) -> Any:
    """Where the answer to one question for a head is waited for, and nothing else."""
    return Queue(address, exchange=RESEND, routing_key=address, exclusive=True, auto_delete=True)
