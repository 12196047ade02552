"""What belongs to no process alone is declared only where it is missing and may be looked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from amqp.exceptions import AccessRefused, NotFound

from grant_bus import rabbit


@dataclass
class Broker:
    """A channel and its connection, to a broker that answers each look with the same error."""

    answer: Exception | None = None
    made: list[str] = field(default_factory=list)

    @property
    def connection(self) -> Broker:
        return self

    def channel(self) -> Broker:
        return self

    def close(self) -> None:
        """Nothing is kept open here."""

    def exchange_declare(self, exchange: str, passive: bool = False, **how: Any) -> None:
        self._declare(exchange, passive)

    def queue_declare(self, queue: str, passive: bool = False, **how: Any) -> None:
        self._declare(queue, passive)

    def prepare_queue_arguments(self, arguments: dict[str, Any], **more: Any) -> dict[str, Any]:
        return arguments

    def queue_bind(self, queue: str, exchange: str, **how: Any) -> None:
        self.made.append(f"{exchange} → {queue}")

    def _declare(self, name: str, passive: bool) -> None:
        if not passive:
            self.made.append(name)
        elif self.answer:
            raise self.answer


def declare(broker: Broker) -> None:
    rabbit.FEED.declare(channel=broker)
    rabbit.dead_command_queue().declare(channel=broker)


@pytest.mark.parametrize("answer", [None, AccessRefused("passive declarations need a right")])
def test_what_is_there_or_may_not_be_looked_for_is_left_alone(answer: Exception | None) -> None:
    """RabbitMQ 4.2.6 and later refuse to say what is there to those who have no right to it."""
    broker = Broker(answer)

    declare(broker)

    assert broker.made == []


def test_what_is_missing_is_made() -> None:
    broker = Broker(NotFound("no such thing"))

    declare(broker)

    assert broker.made == [
        "grants.feed",
        "grants.commands.dead",
        "commands.dead",
        "grants.commands.dead → commands.dead",
    ]
