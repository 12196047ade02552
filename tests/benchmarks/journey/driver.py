"""The driver: sends what the persons write to one side, and reads what comes back.

The same code for both sides; what differs is only where a side publishes its facts.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from benchmarks.journey.persons import FACTS, Persons
from benchmarks.journey.wire import Binding, Heard, Wire
from pruefpfad.scripted.script import Message

EXCHANGE = "grants.commands"
LANE = "main"
PATIENCE_SECONDS = 60.0
_PAUSE_SECONDS = 0.02

WhereIs = Callable[[str], Binding]
"""Where a side publishes a fact such as "budgeting.FundsSpent"."""


class Answer(msgspec.Struct):
    """What the driver reads of an answer."""

    kind: str
    key: str = ""
    reason: str = ""
    errors: Any = None


class Fact(msgspec.Struct):
    """What it reads of a fact; the name stands outside."""

    caseid: str


class Driver:
    """The persons' post office for one side."""

    def __init__(
        self,
        wire: Wire,
        persons: Persons,
        where_is: WhereIs,
        at_the_border: Callable[[Sequence[Message]], list[Message]] = list,
    ) -> None:
        self._at_the_border = at_the_border
        self.wire = wire
        self.persons = persons
        self._names = {where_is(fact): fact for fact in FACTS}
        self._answers = msgspec.json.Decoder(Answer)
        self._facts = msgspec.json.Decoder(Fact)
        self._played = 0
        self._runs: Counter[int] = Counter()

    def prepare(self) -> None:
        """Programme, call and budget lines, one after the other. The services hear of each other
        in their own time: what they do not know yet is asked again."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        for message in self.persons.preparations():
            while (answer := self._ask(message)).kind != "recorded":
                if answer.kind != "not_yet" or time.monotonic() > deadline:
                    raise AssertionError(f"{message['command']}: {answer}")
                time.sleep(_PAUSE_SECONDS)

    def next_numbers(self, count: int) -> range:
        """Grants that nobody has played yet."""
        first, self._played = self._played + 1, self._played + count
        return range(first, first + count)

    def next_run(self, year: int) -> str:
        """A name that no run has had: a year and a number."""
        self._runs[year] += 1
        return f"{year}-{self._runs[year]:04d}"

    def letters(self, messages: Sequence[dict[str, Any]]) -> list[bytes]:
        """The messages encoded as they go over the wire, before any clock runs."""
        return [self._letter(message) for message in self._at_the_border(messages)]

    def answer(self, heard: Heard) -> Answer | None:
        """The answer that was heard, which must be "recorded"; None if it is a fact."""
        if heard.origin:
            return None
        answer = self._answers.decode(heard.body)
        if answer.kind != "recorded":
            raise AssertionError(f"expected a recorded command, not {answer}")
        return answer

    def fact(self, heard: Heard) -> tuple[str, str]:
        """The fact's name and the id of its case."""
        name = self._names[Binding(heard.origin, heard.key)]
        return name, self._facts.decode(heard.body).caseid

    def _ask(self, message: dict[str, Any]) -> Answer:
        self.wire.send([self._letter(message)])
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            for heard in self.wire.hear(1.0):
                if not heard.origin:
                    return self._answers.decode(heard.body)
        raise TimeoutError(f"{message['command']} has no answer")

    def _letter(self, message: dict[str, Any]) -> bytes:
        service, _, command = message["command"].partition(".")
        routing_key = f"{service}.{LANE}.{command}"
        return self.wire.encoded(
            EXCHANGE, routing_key, message["key"], msgspec.json.encode(message)
        )
