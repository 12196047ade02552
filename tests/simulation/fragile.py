"""Stores and buses whose processes may die at each of their steps, and followers that are watched.

Everything that decides or delivers is the product's own; here it is only interrupted.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from grant_bus.feed import Announcement
from grant_bus.follower import Follower, UpstreamChanged
from grant_bus.writer import CannotApply
from grant_contracts.envelope import CloudEvent
from grant_store.rows import Append, Appended
from grant_store.sqlite import SQLiteStore
from grant_store.sqlite_file import SQLiteFile
from simulation.disturbed import DisturbedBus
from simulation.machinery import (
    AFTER_MOVE,
    BEFORE_ANSWER,
    BEFORE_APPEND,
    BEFORE_COMMIT,
    BEFORE_MOVE,
    BEFORE_PUBLISH,
    BEFORE_SINGLE,
    IN_PUBLISH,
    IN_TRANSACTION,
    READING,
    Clock,
    Fate,
    Moment,
    Step,
)

PATIENCE_SECONDS = 1.0


class FragileCursor:
    """A cursor within a transaction: its process may die before each statement."""

    def __init__(self, cursor: sqlite3.Cursor, step: Step) -> None:
        self._cursor = cursor
        self._step = step

    @property
    def rowcount(self) -> int:
        return self._cursor.rowcount

    def execute(self, sql: str, values: Sequence[object] = ()) -> sqlite3.Cursor:
        self._step(IN_TRANSACTION)
        return self._cursor.execute(sql, values)

    def executemany(self, sql: str, values: Iterable[Sequence[object]]) -> sqlite3.Cursor:
        self._step(IN_TRANSACTION)
        return self._cursor.executemany(sql, values)


class FragileFile(SQLiteFile):
    """A file whose process may die while it reads and at each step of a transaction."""

    def __init__(self, path: Path, name: str, step: Step) -> None:
        super().__init__(path, name, PATIENCE_SECONDS)
        self._step = step

    @contextmanager
    def writing(self, *, flushed: bool = True) -> Iterator[Any]:
        """A process that dies here is no power cut: what was written need not reach a disk."""
        with super().writing(flushed=False) as cursor:
            yield FragileCursor(cursor, self._step)
            self._step(BEFORE_COMMIT)

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        self._step(READING)
        return super().rows(sql, values)

    @contextmanager
    def observed(self) -> Iterator[None]:
        """Read as somebody from outside: no process of the service can die of it."""
        step, self._step = self._step, _nothing
        try:
            yield
        finally:
            self._step = step


@cache
def _migrated_file() -> bytes:
    """A file with all tables and nothing in them. Migrating takes longer than most services live.

    The tables do not depend on whose they are.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / "template.sqlite3"
        store = SQLiteStore(path, "template")
        store.migrate()
        store.close()
        return path.read_bytes()


def make_file(path: Path) -> None:
    """What a migration leaves behind before a service starts for the first time."""
    path.write_bytes(_migrated_file())


class FragileStore(SQLiteStore):
    """A store on a file; its process may die before, in the middle of and after each write."""

    def __init__(self, path: Path, service: str, clock: Clock, step: Step) -> None:
        super().__init__(path, service, clock=clock)
        self.meanwhile: Callable[[], object] | None = None
        """What another process of the service does just before this one appends. Once."""
        self._step = step
        self._file = self.file = FragileFile(path, self.origin, step)

    def append(self, append: Append) -> Appended:
        self._step(BEFORE_APPEND)
        self.let_the_other_go_first()
        appended = super().append(append)
        self._step(BEFORE_ANSWER)
        return appended

    def let_the_other_go_first(self) -> None:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile:
            meanwhile()

    def move_relay(self, position: int) -> None:
        self._step(BEFORE_MOVE)
        super().move_relay(position)
        self._step(AFTER_MOVE)


class FragileBus(DisturbedBus):
    """A disturbed bus whose senders may die before, between and after the messages of one call.

    `told` holds the positions of each ledger that were told singly, in the order of the telling.
    """

    def __init__(self, random: Random, fate: Fate) -> None:
        super().__init__(random)
        self.happened = fate.happened
        self._step = fate.step
        self.told: dict[str, list[int]] = defaultdict(list)

    def publish(self, origin: str, bodies: Sequence[bytes]) -> None:
        service = origin.partition("/")[0]
        self._step(service, BEFORE_PUBLISH)
        for body in bodies:
            super().publish(origin, [body])
            self._step(service, IN_PUBLISH)

    def publish_single(self, origin: str, events: Sequence[tuple[str, bytes]]) -> None:
        self._step(origin.partition("/")[0], BEFORE_SINGLE)
        self.told[origin] += [int(_told.decode(body).position) for _, body in events]


@dataclass
class Track:
    """What one service followed of one upstream, over all its lives and processes.

    `leaves` holds the leaf of each position that was applied; `stopped` why it goes no further.
    """

    leaves: dict[int, str] = field(default_factory=dict)
    stopped: str = ""

    def forget_beyond(self, position: int) -> None:
        """A read model that began anew holds nothing of what was applied before."""
        for at in [at for at in self.leaves if at > position]:
            del self.leaves[at]


class WatchedFollower(Follower):
    """A follower that stops when its upstream has changed, and whose every step is written down."""

    track: Track
    on_receive: Callable[[WatchedFollower, Sequence[CloudEvent]], None] | None = None

    def receive(self, events: Sequence[CloudEvent]) -> int:
        if self.track.stopped:
            return 0
        if self.on_receive and events:
            self.on_receive(self, events)
        before = self._applied_to()
        self.track.forget_beyond(before)
        try:
            return super().receive(events)
        except (UpstreamChanged, CannotApply) as changed:
            self._stop(changed)
            return 0
        finally:
            after = self._applied_to()
            for event in events:
                if before < event.at <= after:
                    self.track.leaves.setdefault(event.at, event.leafhash)

    def hear(self, announcement: Announcement) -> None:
        if self.track.stopped:
            return
        try:
            super().hear(announcement)
        except UpstreamChanged as changed:
            self._stop(changed)

    def _applied_to(self) -> int:
        store = self._writer.store
        assert isinstance(store, FragileStore)
        with store.file.observed():
            return store.tracked(self.upstream).position

    def _stop(self, why: Exception) -> None:
        self.track.stopped = f"{type(why).__name__}: {why}"


def _nothing(moment: Moment) -> None:
    """Nobody dies."""


class _Told(msgspec.Struct):
    position: str


_told = msgspec.json.Decoder(_Told)
