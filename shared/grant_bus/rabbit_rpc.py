"""Asks services over RabbitMQ, in the form that nameko's services answer. Needs no nameko itself.

Several questions may be under way at once, so that a service can commit them together.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, NamedTuple, Self
from uuid import uuid4

import msgspec

from grant_bus.pauses import Pauses
from grant_bus.rabbit import JSON, PASSING, RPC, Consumer, Queue, connect
from grant_bus.rabbit_blockage import Blockage

REPLIES_EXPIRE_SECONDS = 300.0


class NoAnswer(Exception):
    """No service took the question, or none answered in time. A command may be sent again."""


class ServiceFailed(Exception):
    """The service could not answer: a fault of the program, or a question it does not know."""


class Question(NamedTuple):
    """One method of one service, and what it is given."""

    service: str
    method: str
    arguments: Mapping[str, object] = {}


class RpcClient:
    """A caller with a queue for the replies to it. Use it as a context manager."""

    def __init__(self, amqp_url: str, timeout_seconds: float = 10.0) -> None:
        self._amqp_url = amqp_url
        self._timeout_seconds = timeout_seconds
        self._asked: set[str] = set()
        self._replies: dict[str, Any] = {}
        self._unroutable: set[str] = set()
        self._open()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._blockage.release()

    def ask(self, service: str, method: str, **arguments: object) -> Any:
        """The service's answer. Raises `NoAnswer` or `ServiceFailed`."""
        return self.ask_all([Question(service, method, arguments)])[0]

    def command(self, message: Mapping[str, Any]) -> Any:
        """Give a command to the service that its name begins with, and return its answer."""
        service, _, method = str(message["command"]).partition(".")
        return self.ask(service, method, message=message)

    def ask_all(self, questions: Sequence[Question]) -> list[Any]:
        """The answers in the order of the questions, which are all sent before the first wait.

        Where the connection breaks, there is a new one at the end, and `NoAnswer`.
        """
        try:
            return self._ask_all(questions)
        except TimeoutError:
            raise
        except PASSING as error:
            self._open_again()
            raise NoAnswer(f"The connection to the broker broke: {error}") from error
        finally:
            self._forget()

    def _ask_all(self, questions: Sequence[Question]) -> list[Any]:
        tickets = [self._send(question) for question in questions]
        deadline = time.monotonic() + self._timeout_seconds
        answers = []
        for ticket, question in zip(tickets, questions, strict=True):
            reply = self._wait(ticket, question, deadline)
            if reply["error"]:
                name = f"{question.service}.{question.method}"
                raise ServiceFailed(f"{name}: {reply['error']['value']}")
            answers.append(reply["result"])
        return answers

    def _send(self, question: Question) -> str:
        ticket = str(uuid4())
        self._asked.add(ticket)
        message = self._channel.prepare_message(
            msgspec.json.encode({"args": [], "kwargs": dict(question.arguments)}),
            content_type=JSON,
            content_encoding="utf-8",
            properties={"reply_to": self._address, "correlation_id": ticket},
        )
        self._channel.basic_publish(
            message,
            exchange=RPC.name,
            routing_key=f"{question.service}.{question.method}",
            mandatory=True,
        )
        return ticket

    def _wait(self, ticket: str, question: Question, deadline: float) -> Any:
        while ticket not in self._replies:
            if ticket in self._unroutable:
                raise NoAnswer(f"There is no service {question.service!r} on this broker.")
            left = deadline - time.monotonic()
            try:
                self._connection.drain_events(timeout=max(left, 0.01))
            except TimeoutError as error:
                if left <= 0:
                    name = f"{question.service}.{question.method}"
                    raise NoAnswer(f"{name} did not answer in time.") from error
        return self._replies.pop(ticket)

    def _forget(self) -> None:
        """Nobody waits any more; a reply that comes late is dropped."""
        for noted in (self._asked, self._replies, self._unroutable):
            noted.clear()

    def _open(self) -> None:
        self._connection = connect(self._amqp_url)
        self._blockage = Blockage(self._connection)
        self._channel = self._connection.channel()
        self._channel.events["basic_return"].add(self._when_returned)
        self._address = str(uuid4())
        self._listen()

    def _open_again(self) -> None:
        deadline = time.monotonic() + self._timeout_seconds
        pauses = Pauses()
        self._blockage.release()
        while True:
            try:
                return self._open()
            except PASSING:
                if time.monotonic() > deadline:
                    raise
                time.sleep(pauses.next())

    def _listen(self) -> None:
        queue = Queue(
            f"rpc.reply-{self._address}",
            exchange=RPC,
            routing_key=self._address,
            exclusive=True,
            auto_delete=True,
            expires=REPLIES_EXPIRE_SECONDS,
        )
        consumer = Consumer(
            self._channel, queues=[queue], on_message=self._when_replied, no_ack=True
        )
        consumer.consume()

    def _when_replied(self, message: Any) -> None:
        ticket = message.properties.get("correlation_id")
        if ticket in self._asked:
            self._replies[ticket] = msgspec.json.decode(message.body)

    def _when_returned(
        self, error: Exception, exchange: str, routing_key: str, message: Any
    ) -> None:
        self._unroutable.add(message.properties["correlation_id"])
