"""The command queue of a service on RabbitMQ: taken in bulk, decided together, answered, and only
then acknowledged.

Between any two of these steps the process may end: the command comes again, and its key finds the
recorded outcome. What a command means is the writer's business.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import structlog

from grant_bus.answering import NOTHING_WRITTEN, ON_RECORD, unknown
from grant_bus.letters import Letter
from grant_bus.pauses import Pauses
from grant_bus.rabbit import command_queue, dead_command_queue
from grant_bus.rabbit_confirms import Confirms
from grant_bus.rabbit_letters import LETTERS_AT_ONCE, LetterBox, Replies
from grant_contracts.answers import Answer
from grant_store.errors import OutcomeUnknown, Unreachable

HOLD_AT_MOST_SECONDS = 900.0

Decide = Callable[[Sequence[object]], Sequence[Answer | Exception]]

_log = structlog.get_logger()


class CommandQueue:
    """One service's commands over one connection. When it breaks, make another one.

    `decide` answers commands where nothing else writes the store meanwhile, and decides none behind
    one that must wait, or that would be overtaken. `is_ending` lets it give up waiting for a broker
    that takes no answers.
    """

    def __init__(
        self,
        connection: Any,
        origin: str,
        decide: Decide,
        is_ending: Callable[[], bool] = lambda: False,
    ) -> None:
        self._decide = decide
        self._held: list[Letter] = []
        self._pauses = Pauses()
        self._held_since = 0.0
        confirms = Confirms(connection, is_ending)
        dead_command_queue()(connection.default_channel).declare()
        self._box = LetterBox(connection, command_queue(origin), origin, names="command")
        self._replies = Replies(confirms)

    def turn(self, seconds: float) -> int:
        """Wait that long for commands at most, and answer what came. Returns how many."""
        if self._held:
            self._refuse_to_hold_for_ever()
            self._box.rest(self._pauses.next())
        else:
            self._box.gather(seconds)
        letters = [*self._held, *self._box.take(LETTERS_AT_ONCE - len(self._held))]
        if letters:
            self._settle(letters)
        return len(letters) - len(self._held)

    def _settle(self, letters: Sequence[Letter]) -> None:
        """Decide, answer, acknowledge. What the database could not be asked about is held."""
        was_holding, self._held, settled = bool(self._held), [], []
        results = self._results(letters)
        _report(results)
        for letter, result in zip(letters, results, strict=True):
            if _must_wait(letter, result):
                self._held.append(letter)
            elif self._is_told(letter, result):
                settled.append(letter)
            else:
                self._box.lay_aside(letter)
        self._replies.wait()
        self._box.acknowledge(settled, are_all=not self._held)
        if not self._held:
            self._pauses.reset()
        elif not was_holding:
            self._held_since = time.monotonic()

    def _refuse_to_hold_for_ever(self) -> None:
        """The broker ends a consumer that acknowledges nothing for half an hour (its
        `consumer_timeout`). Before that the commands are handed back, and taken anew."""
        if time.monotonic() - self._held_since > HOLD_AT_MOST_SECONDS:
            raise Unreachable("The database has taken nothing for long; commands are handed back.")

    def _results(self, letters: Sequence[Letter]) -> list[Answer | Exception]:
        readable = [_as_sent(letter) for letter in letters if letter.complaint is None]
        decided = iter(self._decide(readable)) if readable else iter(())
        return [letter.complaint or next(decided) for letter in letters]

    def _is_told(self, letter: Letter, result: Answer | Exception) -> bool:
        """Send the answer. False if nothing was recorded and there is nobody to tell it."""
        answer = result if isinstance(result, Answer) else unknown(letter.content, result)
        if letter.reply_to:
            self._replies.send(letter, msgspec.json.encode(answer))
        elif answer.kind not in ON_RECORD:
            _log.warning("a command was laid aside", routing_key=letter.routing_key, answer=answer)
            return False
        return True


def _as_sent(letter: Letter) -> object:
    """The command, with the message's own `expiration` as its deadline if it names none."""
    if letter.expires_at is None or not isinstance(letter.content, dict):
        return letter.content
    return {"deadline": letter.expires_at.isoformat(), **letter.content}


def _must_wait(letter: Letter, result: Answer | Exception) -> bool:
    """Whether this is tried again: nothing was recorded, or nobody waits to be told "unknown"."""
    if isinstance(result, NOTHING_WRITTEN):
        return True
    return isinstance(result, OutcomeUnknown) and not letter.reply_to


def _report(results: Sequence[Answer | Exception]) -> None:
    """Each fault once: it may have come between all commands of a batch."""
    faults = [result for result in results if isinstance(result, Exception)]
    for fault in dict.fromkeys(faults):
        count = faults.count(fault)
        if isinstance(fault, NOTHING_WRITTEN):
            _log.warning("commands wait for the database", count=count, error=str(fault))
        else:
            _log.error("commands have no answer", count=count, exc_info=fault)
