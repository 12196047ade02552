"""Letters on RabbitMQ: a queue of a service, taken in bulk, and the answers to what is in it.

It bounds what lies in memory, and reads the form of letters. What they say is not its business.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from typing import Any

import structlog

from grant_bus.letters import Letter, read_letter
from grant_bus.rabbit import JSON
from grant_bus.rabbit_confirms import Confirms
from grant_bus.rabbit_hearing import gather, hear
from grant_contracts.commands import MOST_BYTES

LETTERS_AT_ONCE = 100
PREFETCH = 2 * LETTERS_AT_ONCE
BYTES_AT_ONCE = 16_000_000
"""With so many in hand no more are gathered. What comes while the broker's word on answers or the
database is awaited has to be taken as well; `PREFETCH` bodies of `MOST_BYTES` are the very most."""


_log = structlog.get_logger()


class LetterBox:
    """The letters to one queue over one connection, in the order in which they came."""

    def __init__(self, connection: Any, queue: Any, origin: str, names: str) -> None:
        """`names` is the field of a letter that says what it asks for."""
        self._connection = connection
        self._origin = origin
        self._names = names
        self._waiting: deque[Any] = deque()
        self.bytes_here = 0
        self._channel = connection.channel()
        # The library would make text of a body, and its length is to be checked before.
        self._channel.auto_decode = False
        declared = queue(self._channel)
        declared.declare()
        self._channel.basic_qos(0, PREFETCH, False)
        # Past kombu's own consumer: that one unpacks what a header says is compressed.
        self._channel.basic_consume(declared.name, callback=self._when_delivered)

    def gather(self, seconds: float) -> None:
        """The first letter is waited for; then only what is already here is taken with it."""
        gather(self._connection, seconds, lambda: bool(self._waiting), self._has_enough)

    def rest(self, seconds: float) -> None:
        """Take nothing for so long, but keep the connection alive."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            hear(self._connection, left)

    def take(self, most: int = LETTERS_AT_ONCE) -> list[Letter]:
        """At most so many letters of those that are here."""
        return [self._take_first() for _ in range(min(len(self._waiting), most))]

    def acknowledge(self, letters: Sequence[Letter], *, are_all: bool) -> None:
        """These are done with. `are_all`: so is every letter that was taken before them."""
        if letters and are_all:
            self._channel.basic_ack(letters[-1].tag, multiple=True)
            return
        for letter in letters:
            self._channel.basic_ack(letter.tag)

    def lay_aside(self, letter: Letter) -> None:
        """Into the queue of the dead, if this queue has one."""
        self._channel.basic_reject(letter.tag, requeue=False)

    def _has_enough(self) -> bool:
        return len(self._waiting) >= LETTERS_AT_ONCE or self.bytes_here >= BYTES_AT_ONCE

    def _when_delivered(self, message: Any) -> None:
        """Of a body that is too large nothing but the complaint stays in memory."""
        if len(message.body) > MOST_BYTES:
            self._waiting.append(self._read(message))
            return
        self._waiting.append(message)
        self.bytes_here += len(message.body)

    def _take_first(self) -> Letter:
        first = self._waiting.popleft()
        if isinstance(first, Letter):
            return first
        self.bytes_here -= len(first.body)
        return self._read(first)

    def _read(self, message: Any) -> Letter:
        return read_letter(message, self._origin, self._names)


class Replies:
    """Answers to the letters of a box, each into the queue that its sender named."""

    def __init__(self, confirms: Confirms) -> None:
        self._confirms = confirms
        self._confirms.channel.events["basic_return"].add(_when_nobody_was_there)

    def send(self, letter: Letter, body: bytes) -> None:
        address, number = letter.reply_to, letter.correlation_id
        self._confirms.send(body, JSON, "", address, mandatory=True, correlation_id=number)

    def wait(self) -> None:
        """Return when the broker has spoken of all. An answer that is lost can be asked again."""
        refused = self._confirms.wait()
        if refused:
            _log.warning("queues of senders refused answers", count=refused)


def _when_nobody_was_there(error: Exception, exchange: str, routing_key: str, message: Any) -> None:
    number = message.properties.get("correlation_id")
    _log.warning("nobody waits for an answer", address=routing_key, correlation_id=number)
