"""What a simulated machine is made of: its clock, and the moments at which a process dies.

It knows nothing of grants. Whatever is random follows from the numbers it is given.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random


@dataclass(frozen=True)
class Moment:
    """A point between two steps, whose process may end there, and how likely beside the others."""

    name: str
    odds: float = 1.0
    is_of_the_relay: bool = False


STARTING = Moment("while it starts", 5.0)
READING = Moment("while it reads", 0.02)
DECIDING = Moment("in the middle of a batch", 0.3)
BEFORE_APPEND = Moment("before the append")
IN_TRANSACTION = Moment("inside the transaction", 0.3)
BEFORE_COMMIT = Moment("before the commit", 0.5)
BEFORE_ANSWER = Moment("after the append, before the answer")
BEFORE_PUBLISH = Moment("before it publishes", 0.5, is_of_the_relay=True)
IN_PUBLISH = Moment("between two messages", is_of_the_relay=True)
BEFORE_SINGLE = Moment("between feed and single events", is_of_the_relay=True)
BEFORE_MOVE = Moment("between publish and move_relay", is_of_the_relay=True)
AFTER_MOVE = Moment("after move_relay", is_of_the_relay=True)
IDLE = Moment("between two steps")
MOMENTS = (
    STARTING, READING, DECIDING, BEFORE_APPEND, IN_TRANSACTION, BEFORE_COMMIT, BEFORE_ANSWER,
    BEFORE_PUBLISH, IN_PUBLISH, BEFORE_SINGLE, BEFORE_MOVE, AFTER_MOVE, IDLE,
)  # fmt: skip

Step = Callable[[Moment], None]
"""Called with what a process is about to do, or has just done. May end the process."""


class Crash(BaseException):
    """A process is gone, as by kill -9: no code of the product may catch this."""

    def __init__(self, service: str, moment: Moment) -> None:
        super().__init__(f"{service} dies {moment.name}")
        self.service = service
        self.moment = moment


class Clock:
    """A clock that stands until it is moved, and may be moved backwards."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Fate:
    """Lets a process die at one of its steps, now and then, and counts what has happened."""

    def __init__(self, random: Random, part: float) -> None:
        self._random = random
        self._part = part
        self.happened: Counter[str] = Counter()

    @property
    def deaths(self) -> int:
        return sum(self.happened[moment.name] for moment in MOMENTS)

    def step(self, service: str, moment: Moment) -> None:
        if self._part and self._random.random() < self._part * moment.odds:
            self.kill(service, moment)

    def kill(self, service: str, moment: Moment) -> None:
        self.happened[moment.name] += 1
        raise Crash(service, moment)

    @contextmanager
    def resting(self) -> Iterator[None]:
        """Nobody dies meanwhile."""
        part, self._part = self._part, 0.0
        try:
            yield
        finally:
            self._part = part

    def end(self) -> None:
        """From now on nobody dies."""
        self._part = 0.0
