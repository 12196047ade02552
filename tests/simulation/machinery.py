"""The parts of a simulated machine: its clock, the moments at which a process dies, its files.

They know nothing of grants. Whatever is random follows from the numbers they are given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from grant_bus.feed import Announcement
from grant_bus.follower import Follower, UpstreamChanged
from grant_bus.writer import CannotApply
from grant_contracts.envelope import CloudEvent
from grant_store.rows import Append, Appended
from grant_store.sqlite import SQLiteStore
from simulation.disturbed import DisturbedBus

Step = Callable[[str, str], None]
"""Called with a service and what it is about to do, or has just done. May end its process."""

SERVICE, RELAY = "service", "relay"


class Crash(BaseException):
    """A process is gone, as by kill -9: no code of the product may catch this."""

    def __init__(self, service: str, moment: str) -> None:
        super().__init__(f"{service} dies {moment}")
        self.service = service
        self.part = RELAY if "publish" in moment else SERVICE


class Clock:
    """A clock that stands until it is moved, and may be moved backwards."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Fate:
    """Lets a process die at one of its steps, now and then."""

    def __init__(self, random: Random, part: float) -> None:
        self._random = random
        self._part = part
        self.deaths = 0

    def step(self, service: str, moment: str) -> None:
        if self._random.random() < self._part:
            self.deaths += 1
            raise Crash(service, moment)

    def end(self) -> None:
        """From now on nobody dies."""
        self._part = 0.0


class FragileStore(SQLiteStore):
    """A store on a file; its process may die before, in the middle of and after each write."""

    def __init__(self, path: Path, service: str, clock: Clock, step: Step) -> None:
        self._step = step
        super().__init__(path, service, clock=self._instant(clock))
        self.migrate()
        # A process that dies here is no power cut: what SQLite has written need not reach a disk.
        self._file._opened().execute("PRAGMA synchronous=OFF")

    def _instant(self, clock: Clock) -> Callable[[], datetime]:
        def instant() -> datetime:
            self._step(self.service, "inside the transaction")
            return clock()

        return instant

    def append(self, append: Append) -> Appended:
        self._step(self.service, "before the append")
        appended = super().append(append)
        self._step(self.service, "after the append")
        return appended

    def move_relay(self, position: int) -> None:
        self._step(self.service, "between publish and move_relay")
        super().move_relay(position)
        self._step(self.service, "after publish and move_relay")


class FragileBus(DisturbedBus):
    """A disturbed bus whose senders may die before, between and after the messages of one call."""

    def __init__(self, random: Random, step: Step) -> None:
        super().__init__(random)
        self._step = step

    def publish(self, origin: str, bodies: Sequence[bytes]) -> None:
        service = origin.partition("/")[0]
        for body in bodies:
            self._step(service, "before publish")
            super().publish(origin, [body])
        self._step(service, "after publish")


class WatchedFollower(Follower):
    """A follower that stops when its upstream has changed, and whose every step is written down.

    `followed` holds the leaf of each position that was applied, over all lives of the service.
    """

    followed: dict[int, str]
    stopped: str = ""

    def receive(self, events: Sequence[CloudEvent]) -> int:
        if self.stopped:
            return 0
        before, store = self.position, self._writer.store
        try:
            return super().receive(events)
        except (UpstreamChanged, CannotApply) as changed:
            self.stopped = f"{type(changed).__name__}: {changed}"
            return 0
        finally:
            after = store.tracked(self.upstream)
            leaves = {event.at: event.leafhash for event in events}
            for position in range(before + 1, after.position):
                self.followed[position] = leaves[position]
            if after.position > before:
                self.followed[after.position] = after.leaf_hash.hex()

    def hear(self, announcement: Announcement) -> None:
        if self.stopped:
            return
        try:
            super().hear(announcement)
        except UpstreamChanged as changed:
            self.stopped = f"{type(changed).__name__}: {changed}"
