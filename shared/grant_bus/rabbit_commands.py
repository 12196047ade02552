"""The command queue of a service on RabbitMQ: taken in bulk, decided together, answered, and only
then acknowledged.

Between any two of these steps the process may end: the command comes again, and its key finds the
recorded outcome. What a command means is the writer's business.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
import structlog

from grant_bus.answering import ON_RECORD, unknown
from grant_bus.letters import Letter, read_letter
from grant_bus.pauses import Pauses
from grant_bus.rabbit import JSON, command_queue, dead_command_queue
from grant_bus.rabbit_confirms import Confirms
from grant_contracts.answers import Answer
from grant_store.errors import OutcomeUnknown, Unreachable

COMMANDS_AT_ONCE = 100
PREFETCH = 2 * COMMANDS_AT_ONCE
_GATHER_SECONDS = 0.001

Decide = Callable[[Sequence[object]], Sequence[Answer | Exception]]

_log = structlog.get_logger()


class CommandQueue:
    """One service's commands over one connection. When it breaks, make another one.

    `decide` answers commands where nothing else writes the store meanwhile. `is_ending` lets it
    give up waiting for a broker that takes no answers.
    """

    def __init__(
        self,
        connection: Any,
        origin: str,
        decide: Decide,
        is_ending: Callable[[], bool] = lambda: False,
    ) -> None:
        self._connection = connection
        self._origin = origin
        self._decide = decide
        self._messages: deque[Any] = deque()
        self._held: list[Letter] = []
        self._pauses = Pauses()
        self._answers = Confirms(connection, is_ending)
        self._answers.channel.events["basic_return"].add(_when_nobody_was_there)
        self._channel = connection.channel()
        self._consume()

    def turn(self, seconds: float) -> int:
        """Wait that long for commands at most, and answer what came. Returns how many."""
        if self._held:
            self._wait(self._pauses.next())
        else:
            self._gather(seconds)
        letters = [*self._held, *self._take(COMMANDS_AT_ONCE - len(self._held))]
        if letters:
            self._settle(letters)
        return len(letters) - len(self._held)

    def cancel(self) -> None:
        """Take no more; what was not acknowledged goes to the next consumer."""
        self._channel.basic_cancel(self._consumer)
        self._channel.close()

    def _consume(self) -> None:
        channel = self._channel
        # The library would make text of a body, which ours is not before its length is checked.
        channel.auto_decode = False
        dead_command_queue()(channel).declare()
        queue = command_queue(self._origin)(channel)
        queue.declare()
        channel.basic_qos(0, PREFETCH, False)
        # Past kombu's own consumer: that one unpacks what a header says is compressed.
        self._consumer = channel.basic_consume(queue.name, callback=self._messages.append)

    def _gather(self, seconds: float) -> None:
        """The first command is waited for; then only what is already here is taken with it."""
        deadline = time.monotonic() + seconds
        wait = seconds
        while len(self._messages) < COMMANDS_AT_ONCE:
            try:
                self._connection.drain_events(timeout=wait)
            except TimeoutError:
                self._connection.heartbeat_check()
                return
            if self._messages:
                wait = _GATHER_SECONDS
            elif time.monotonic() > deadline:
                return

    def _wait(self, seconds: float) -> None:
        """Keep the connection alive. The prefetch bounds what comes meanwhile."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            try:
                self._connection.drain_events(timeout=left)
            except TimeoutError:
                self._connection.heartbeat_check()

    def _take(self, most: int) -> list[Letter]:
        count = min(len(self._messages), most)
        return [read_letter(self._messages.popleft(), self._origin) for _ in range(count)]

    def _settle(self, letters: Sequence[Letter]) -> None:
        """Decide, answer, acknowledge. What the database could not be asked about is held."""
        self._held = []
        dead = []
        for letter, result in self._decided(letters):
            if _must_wait(letter, result):
                self._held.append(letter)
            elif not self._tell(letter, result):
                dead.append(letter)
        refused = self._answers.wait()
        if refused:
            _log.warning("queues of senders refused answers", count=refused)
        self._acknowledge(letters, dead)
        if not self._held:
            self._pauses.reset()

    def _decided(self, letters: Sequence[Letter]) -> Iterator[tuple[Letter, Answer | Exception]]:
        readable = [letter.content for letter in letters if letter.complaint is None]
        decided = iter(self._decide(readable)) if readable else iter(())
        for letter in letters:
            yield letter, letter.complaint or next(decided)

    def _tell(self, letter: Letter, result: Answer | Exception) -> bool:
        """Publish the answer. False if nothing was recorded and there is nobody to tell it."""
        answer = result if isinstance(result, Answer) else _unknown(letter, result)
        if letter.reply_to:
            self._answers.send(
                msgspec.json.encode(answer),
                JSON,
                "",
                letter.reply_to,
                mandatory=True,
                correlation_id=letter.correlation_id,
            )
            return True
        if answer.kind in ON_RECORD:
            return True
        _log.warning("a command was laid aside", routing_key=letter.routing_key, answer=answer)
        return False

    def _acknowledge(self, letters: Sequence[Letter], dead: Sequence[Letter]) -> None:
        for letter in dead:
            self._channel.basic_reject(letter.tag, requeue=False)
        remaining = {letter.tag for letter in (*dead, *self._held)}
        settled = [letter.tag for letter in letters if letter.tag not in remaining]
        if settled and not self._held:
            self._channel.basic_ack(settled[-1], multiple=True)
            return
        for tag in settled:
            self._channel.basic_ack(tag)


def _must_wait(letter: Letter, result: Answer | Exception) -> bool:
    """Whether this is tried again: nothing was recorded, or nobody waits to be told "unknown"."""
    if isinstance(result, Unreachable):
        _log.warning("the database is away; commands wait", error=str(result))
        return True
    return isinstance(result, OutcomeUnknown) and not letter.reply_to


def _unknown(letter: Letter, fault: Exception) -> Answer:
    _log.error("a command has no answer", routing_key=letter.routing_key, exc_info=fault)
    return unknown(letter.content, fault)


def _when_nobody_was_there(error: Exception, exchange: str, routing_key: str, message: Any) -> None:
    """The command's outcome stands under its key, for whoever asks again."""
    _log.warning(
        "nobody waits for an answer",
        address=routing_key,
        correlation_id=message.properties.get("correlation_id"),
    )
