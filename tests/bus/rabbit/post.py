"""A till that takes its commands by message, and senders who write to it. No nameko here."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import msgspec

from bus.till import the_till
from grant_bus.rabbit import COMMANDS, JSON, QUERIES, connect, dead_command_queue
from grant_bus.rabbit_commands import CommandQueue, Decide
from grant_bus.writer import Writer
from grant_contracts.answers import Answer
from grant_store.sqlite import SQLiteStore

DEAD = dead_command_queue().name
DEADLINE_SECONDS = 20.0

UNREADABLE: list[dict[str, Any]] = [
    {"correlation_id": b"\xff\xfe"},
    {"reply_to": b"\xff"},
    {"routing_key": b"\xff"},
]
"""Properties over which our own library breaks. The last one stands for the end of the key."""


class Till:
    """The till of the tests over its command queue, in a lane of its own."""

    def __init__(self, folder: Path, amqp_url: str, lane: str) -> None:
        self._path = folder / f"till.{lane}.sqlite3"
        self._lane = lane
        self._amqp_url = amqp_url
        self.batches: list[int] = []
        self.meddle: Callable[[Decide], Decide] = lambda decide: decide
        self.open()

    def open(self) -> Self:
        """Begin, as after a start of the process."""
        self.store = SQLiteStore(self._path, "till", self._lane)
        self.store.migrate()
        self.writer: Writer = the_till(self.store)
        self.connection = connect(self._amqp_url)
        self.queue = CommandQueue(self.connection, self.store.origin, self._decide)
        return self

    def die(self) -> None:
        """As if the process were gone: nothing is acknowledged any more."""
        self.connection.release()
        self.store.close()

    def turn(self, seconds: float = 0.05) -> int:
        return self.queue.turn(seconds)

    def _decide(self, messages: Sequence[object]) -> Sequence[Answer | Exception]:
        self.batches.append(len(messages))
        return self.meddle(self.writer.answer)(messages)


class Sender:
    """Writes commands to the services of a lane, and gets the answers in a queue of its own."""

    def __init__(self, amqp_url: str, lane: str) -> None:
        self._connection = connect(amqp_url)
        self._channel = self._connection.channel()
        self._lane = lane
        self.address = self._channel.queue_declare(exclusive=True).queue
        self.answers: list[tuple[str, Any]] = []
        self._channel.basic_consume(self.address, callback=self._when_answered, no_ack=True)

    def send(self, *messages: Mapping[str, Any], **properties: Any) -> None:
        """Each message under its own key as correlation id, in this order."""
        for message in messages:
            service, _, name = message["command"].partition(".")
            key = f"{service}.{self._lane}.{name}"
            body = msgspec.json.encode(message)
            self.post(body, key, **{"correlation_id": message["key"], **properties})

    def post(
        self,
        body: bytes,
        routing_key: str = "",
        content_type: str | None = JSON,
        headers: Mapping[str, str] | None = None,
        exchange: str = COMMANDS.name,
        **properties: Any,
    ) -> None:
        """Anything at all. A property that is None is left away."""
        given = {"reply_to": self.address, "delivery_mode": 2, **properties}
        message = self._channel.prepare_message(
            body,
            content_type=content_type,
            headers=headers,
            properties={name: value for name, value in given.items() if value is not None},
        )
        key = routing_key or f"till.{self._lane}.add_coins"
        self._channel.basic_publish(message, exchange=exchange, routing_key=key)

    def listen(self, seconds: float = 0.05) -> None:
        try:
            self._connection.drain_events(timeout=seconds)
        except TimeoutError:
            return

    def wait_for(self, count: int, *tills: Till) -> list[Answer]:
        """The answers so far, as soon as there are that many. Tills of this process are turned."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while len(self.answers) < count:
            for till in tills:
                till.turn(0.01)
            self.listen(0.01)
            assert time.monotonic() < deadline, f"only {len(self.answers)} of {count} answers came"
        return [answer for _, answer in self.answers]

    def close(self) -> None:
        self._connection.release()

    def _when_answered(self, message: Any) -> None:
        number = message.properties.get("correlation_id", "")
        self.answers.append((number, self._read(message.body)))

    def _read(self, body: bytes) -> Any:
        return msgspec.json.decode(body, type=Answer)


class Asker(Sender):
    """Asks the services of a lane."""

    def ask(self, body: bytes | Mapping[str, Any], name: str, **properties: Any) -> Any:
        """The answer to a question sent under this name, such as "audit.budget"."""
        service, _, question = name.partition(".")
        encoded = body if isinstance(body, bytes) else msgspec.json.encode(body)
        key = f"{service}.{self._lane}.{question}"
        self.post(encoded, key, exchange=QUERIES.name, **properties)
        return self.wait_for(len(self.answers) + 1)[-1]

    def _read(self, body: bytes) -> Any:
        return msgspec.json.decode(body)


def laid_aside(amqp_url: str, count: int = 1) -> list[bytes]:
    """That many bodies from the queue of dead commands, as soon as they are there; and no more."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    bodies: list[bytes] = []
    connection = connect(amqp_url)
    channel = connection.channel()
    channel.auto_decode = False
    while len(bodies) < count:
        message = channel.basic_get(DEAD, no_ack=True)
        if message is not None:
            bodies.append(bytes(message.body or b""))
        assert time.monotonic() < deadline, f"only {len(bodies)} of {count} were laid aside"
    assert channel.basic_get(DEAD, no_ack=True) is None, "more was laid aside"
    connection.release()
    return bodies
