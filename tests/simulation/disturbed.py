"""The bus inside one process as a bad network would be: it loses, doubles, delays and reorders.

Everything it does follows from the random numbers it is given, so that a run can be repeated. The
deliveries are disturbed, never their content.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random

from grant_bus.feed import Announcement
from grant_bus.in_process import InProcessBus


@dataclass(frozen=True)
class Disturbance:
    """How much goes wrong: the part of all deliveries, from 0 to 1, and for how many turns."""

    lost: float = 0.15
    doubled: float = 0.15
    delayed: float = 0.3
    reordered: float = 0.3
    longest_delay_turns: int = 12


NONE = Disturbance(lost=0.0, doubled=0.0, delayed=0.0, reordered=0.0)


class DisturbedBus(InProcessBus):
    """An `InProcessBus` that disturbs feeds, resends, announcements and requests for a resend.

    `happened` counts each kind of disturbance.
    """

    def __init__(self, random: Random, disturbance: Disturbance | None = None) -> None:
        super().__init__()
        self.happened: Counter[str] = Counter()
        self._random = random
        self._disturbance = disturbance or Disturbance()
        self._turn = 0
        self._late: list[tuple[int, Callable[[], None]]] = []

    def calm(self) -> None:
        """Disturb nothing from now on. What is late arrives at once."""
        self._disturbance = NONE
        self._arrive(len(self._late))

    def wipe(self) -> None:
        super().wipe()
        self._late.clear()

    def publish(self, origin: str, bodies: Sequence[bytes]) -> None:
        for follower in self._followers[origin]:
            self.resend(origin, follower.name, bodies)

    def resend(self, origin: str, follower: str, bodies: Sequence[bytes]) -> None:
        queue = self._queues[origin, follower]
        for body in bodies:
            self._deliver_disturbed(partial(self._put, queue, body))

    def announce(self, announcement: Announcement) -> None:
        self._deliver_disturbed(partial(self._announcements.append, announcement))

    def ask_resend(self, upstream: str, follower: str, after_position: int) -> None:
        self._deliver_disturbed(partial(super().ask_resend, upstream, follower, after_position))

    def turn(self) -> int:
        self._turn += 1
        due = sum(turn <= self._turn for turn, _ in self._late)
        self._arrive(due)
        return due + super().turn()

    def _deliver_disturbed(self, deliver: Callable[[], None]) -> None:
        for _ in self._copies():
            if self._happens("delayed"):
                delay = self._random.randint(1, self._disturbance.longest_delay_turns)
                self._late.append((self._turn + delay, deliver))
                self._late.sort(key=lambda late: late[0])
            else:
                deliver()

    def _copies(self) -> Iterator[int]:
        if self._happens("lost"):
            return iter(())
        return iter(range(2 if self._happens("doubled") else 1))

    def _put(self, queue: deque[bytes], body: bytes) -> None:
        if self._happens("reordered"):
            queue.insert(self._random.randint(0, len(queue)), body)
        else:
            queue.append(body)

    def _arrive(self, count: int) -> None:
        arriving, self._late = self._late[:count], self._late[count:]
        for _, deliver in arriving:
            deliver()

    def _happens(self, what: str) -> bool:
        part: float = getattr(self._disturbance, what)
        if self._random.random() >= part:
            return False
        self.happened[f"deliveries {what}"] += 1
        return True
