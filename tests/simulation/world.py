"""All five services in one process on SQLite files, and everything that can befall them.

A service is dropped with its writer, identity map, relay and followers, and made again from its
file. What persons do in this world stands in `journeys`, what must be true of it in `invariants`.
"""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, TypeVar
from uuid import UUID

from grant_bus.actors import TokenCheck
from grant_bus.in_process import InProcessBus
from grant_bus.relay import Relay
from grant_bus.writer import Writer
from grant_contracts.answers import Answer
from grant_store.sqlite import SQLiteStore
from pruefpfad.assembly import SERVICES
from simulation.machinery import (
    RELAY,
    Clock,
    Crash,
    Fate,
    FragileBus,
    FragileStore,
    WatchedFollower,
)
from support.authority import KEY

T = TypeVar("T")
LANE = "main"
DEATHS = 0.01
A_DAY = 86_400.0


@dataclass
class Room:
    """One service while it lives."""

    store: FragileStore
    writer: Writer
    followers: Sequence[WatchedFollower]


class World:
    """The services of one authority. A disturbed one is hit by whatever its seed holds for it."""

    def __init__(self, folder: Path, seed: int, *, disturbed: bool) -> None:
        self.folder = folder
        self.disturbed = disturbed
        self.random = Random(f"world {seed} {disturbed}")
        self.clock = Clock()
        self.fate = Fate(Random(f"fate {seed}"), DEATHS if disturbed else 0.0)
        self.calmed = not disturbed
        self.bus = self._new_bus(seed)
        self.rooms: dict[str, Room] = {}
        self.followed: dict[tuple[str, str], dict[int, str]] = defaultdict(dict)
        self.lost: dict[int, str] = {}
        """The leaves of the ledger that a backup has replaced, by position; empty before."""
        self.moves = 0
        self.incidents: dict[int, Callable[[], None]] = {}
        """What is to happen at the n-th move, beside what happens by chance."""
        self._down: dict[str, int] = {}
        self._tokens = TokenCheck(KEY, self.clock)
        for name in SERVICES:
            self.start(name)

    def _new_bus(self, seed: int) -> InProcessBus:
        if not self.disturbed:
            return InProcessBus()
        return FragileBus(Random(f"bus {seed}"), self.fate.step)

    # Lives and deaths.
    def start(self, name: str) -> None:
        """Make a service from what is in its file, and nothing else."""
        store = FragileStore(self.path(name), name, self.clock, self.fate.step)
        writer = SERVICES[name].writer(store, self._tokens, self.clock, self._new_id)
        upstreams = [f"{upstream}/{LANE}" for upstream in writer.policies.upstreams]
        followers = [WatchedFollower(upstream, writer, self.bus) for upstream in upstreams]
        for follower in followers:
            follower.followed = self.followed[name, follower.upstream]
            self.bus.attach_follower(follower)
        self.bus.attach_relay(Relay(store, self.bus))
        self.rooms[name] = Room(store, writer, followers)

    def stop(self, name: str) -> None:
        """Drop all that a service holds in memory. Its file stays."""
        self.bus.detach(name)
        self.rooms.pop(name).store.close()

    def crash(self, crash: Crash) -> None:
        """A relay starts again at once; a service may be away for a while."""
        if crash.part == RELAY and self.random.random() < 0.5:
            self.bus.attach_relay(Relay(self.rooms[crash.service].store, self.bus))
            return
        self.stop(crash.service)
        self._down[crash.service] = self.random.choice((0, 0, 1, 5, 20))

    def path(self, name: str) -> Path:
        return self.folder / f"{name}.sqlite3"

    def backup(self, name: str) -> None:
        """Copy a service's file while the service is away, as a night's backup would."""
        self._end(name)
        shutil.copyfile(self.path(name), self.path(name).with_suffix(".backup"))
        self.start(name)

    def restore(self, name: str) -> None:
        """Put the copy back in place of all that was recorded since, and keep that to compare."""
        self.lost = leaves_of(self, name)
        self._end(name)
        shutil.copyfile(self.path(name).with_suffix(".backup"), self.path(name))
        self.start(name)

    def _end(self, name: str) -> None:
        if self._down.pop(name, None) is None:
            self.stop(name)

    # What persons can do.
    def send(self, service: str, messages: Sequence[Mapping[str, Any]]) -> list[Answer] | None:
        """The answers to commands of one service, or None: it is away, or died over them."""
        room = self.rooms.get(service)
        if room is None:
            return None
        answers = self._survive(partial(room.writer.answer, messages))
        if answers is None:
            return None
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return [answer for answer in answers if isinstance(answer, Answer)]

    @contextmanager
    def reading(self, service: str) -> Iterator[SQLiteStore]:
        """What stands in a service's file, whether the service is there or away."""
        if service in self.rooms:
            yield self.rooms[service].store
            return
        store = SQLiteStore(self.path(service), service)
        try:
            yield store
        finally:
            store.close()

    def aggregate(self, service: str, aggregate_id: UUID) -> Any:
        """An aggregate as the service's ledger has it, or None."""
        with self.reading(service) as store:
            return SERVICES[service].catalogue.rebuild(store.stream(aggregate_id))

    # What time does.
    def move(self) -> None:
        """Let a little happen: in a calm world everything, in a disturbed one anything."""
        if self.calmed:
            self.bus.settle()
            return
        self.moves += 1
        if self.moves in self.incidents:
            self.incidents[self.moves]()
        self._return_to_life()
        what = self.random.random()
        if what < 0.03:
            self.clock.move(self.random.uniform(-A_DAY, 2 * A_DAY))
        elif what < 0.04:
            self.bus.wipe()
        elif what < 0.06 and self.rooms:
            self.crash(Crash(self.random.choice(sorted(self.rooms)), "between two steps"))
        elif what < 0.25:
            self._survive(self.bus.announce_heads)
        else:
            self._survive(self.bus.turn)
        self.clock.move(self.random.uniform(0, 60))

    def settle(self) -> None:
        """Let everybody live again, disturb nothing more, and wait until nothing moves."""
        self.fate.end()
        self.calmed = True
        for name in SERVICES:
            if name not in self.rooms:
                self.start(name)
        self._down.clear()
        if isinstance(self.bus, FragileBus):
            self.bus.calm()
        self.bus.settle()

    def close(self) -> None:
        for name in list(self.rooms):
            self.stop(name)

    @property
    def stopped(self) -> dict[tuple[str, str], str]:
        """Which followers have stopped at which upstream, and what they said."""
        return {
            (name, follower.upstream): follower.stopped
            for name, room in self.rooms.items()
            for follower in room.followers
            if follower.stopped
        }

    def _survive(self, act: Callable[[], T]) -> T | None:
        try:
            return act()
        except Crash as crash:
            self.crash(crash)
            return None

    def _return_to_life(self) -> None:
        for name in [name for name, turns in self._down.items() if turns <= 0]:
            del self._down[name]
            self.start(name)
        for name in self._down:
            self._down[name] -= 1

    def _new_id(self) -> UUID:
        return UUID(int=self.random.getrandbits(128), version=4)


def leaves_of(world: World, service: str) -> dict[int, str]:
    """The leaf of each position of a ledger."""
    with world.reading(service) as store:
        return {row.position: row.leaf_hash.hex() for row in store.events_after(0, 1_000_000)}
