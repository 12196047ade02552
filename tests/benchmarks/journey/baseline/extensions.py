"""What the baseline's services are written with, beside nameko's own event handlers.

A command is one message and one transaction: committed, then dispatched, then answered. Two
workers on one aggregate meet in the recorder; whoever comes second tries again.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import eventlet
from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.persistence import IntegrityError
from kombu import Exchange, Queue
from nameko.events import EventDispatcher, event_handler
from nameko.extensions import DependencyProvider
from nameko.messaging import Consumer, Publisher

from benchmarks.journey.baseline.domain import BudgetLine, Cashbook

T = TypeVar("T")
Events = Iterable[tuple[str, dict[str, Any]]]
Letter = tuple[dict[str, Any], dict[str, Any]]
"""A command and the properties of its message."""

COMMANDS = Exchange("grants.commands", type="topic", durable=True)
SNAPSHOT_EVERY = 50
ATTEMPTS = 200
_LONGEST_PAUSE_SECONDS = 0.01


class Records(DependencyProvider):
    """The library's application on its PostgreSQL recorder."""

    def setup(self) -> None:
        self.application = _application(self.container.config)

    def stop(self) -> None:
        self.application.close()

    def get_dependency(self, worker_ctx: Any) -> Application[Any]:
        return self.application


def _application(config: dict[str, Any]) -> Application[Any]:
    class Recorded(Application[Any]):
        name = "recorded"
        # The only two aggregates that grow.
        snapshotting_intervals = (
            {BudgetLine: SNAPSHOT_EVERY, Cashbook: SNAPSHOT_EVERY} if config["SNAPSHOTS"] else None
        )

    return Recorded(env=config["RECORDER"])


class Command(Consumer):
    """A message on the service's command queue, with where its answer goes."""

    def __init__(self, service: str, **further: Any) -> None:
        self.service = service
        queue = Queue(f"commands.{service}", COMMANDS, f"{service}.main.*", durable=True)
        super().__init__(queue, **further)

    def handle_message(self, body: Any, message: Any) -> None:
        super().handle_message((body, dict(message.properties)), message)


def retried(decide: Callable[[], T], *, again: tuple[type[Exception], ...]) -> T:
    """Decide again on fresh state until nobody else was quicker."""
    for _ in range(ATTEMPTS):
        try:
            return decide()
        except again:
            eventlet.sleep(random.random() * _LONGEST_PAUSE_SECONDS)
    return decide()


class Recording:
    """The base of the services: a command or an event in, recorded, dispatched, answered."""

    records = Records()
    dispatch = EventDispatcher()
    send = Publisher()

    def obey(self, letter: Letter) -> None:
        command, properties = letter
        decide = getattr(self, command["command"].partition(".")[2])
        self.record(lambda: decide(**command["payload"]))
        self.send(
            {"kind": "recorded", "command": command["command"], "key": command["key"]},
            routing_key=properties["reply_to"],
            correlation_id=properties["correlation_id"],
        )

    def record(self, decide: Callable[[], Events]) -> None:
        for kind, body in retried(decide, again=(IntegrityError,)):
            self.dispatch(kind, body)


def heard(source: str, kind: str) -> Any:
    """A handler of another service's event. What it is about may come later: then the message
    goes back to its queue, for nameko acknowledges what a handler fails on."""
    return event_handler(source, kind, requeue_on_error=True)


command = Command.decorator
NOT_YET = AggregateNotFoundError
