"""All five services in one process on SQLite files, and everything that can befall them.

A service is dropped with its writer, identity map, relay and followers, and made again from its
file. What persons do in this world stands in `journeys`, what must be true of it in `invariants`.
"""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, TypeVar
from uuid import UUID

from grant_bus.actors import TokenCheck
from grant_bus.in_process import InProcessBus
from grant_bus.relay import Relay
from grant_contracts.answers import Answer
from grant_contracts.envelope import CloudEvent
from grant_store.rows import LedgerEvent
from grant_store.sqlite import SQLiteStore
from pruefpfad.assembly import SERVICES
from pruefpfad.border import Border
from simulation.faults import Faults
from simulation.fragile import FragileBus, Track, WatchedFollower, make_file
from simulation.machinery import DECIDING, STARTING, Clock, Crash, Fate
from simulation.rooms import Answers, Message, Room, as_sent, open_room
from simulation.weather import befall
from support.authority import KEY
from support.personal import a_vault

T = TypeVar("T")
DEATHS = 0.01
RIVALRY = 0.1
ALL = 1_000_000


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
        self.tracks: dict[tuple[str, str], Track] = defaultdict(Track)
        self.lost: dict[int, str] = {}
        """The leaves of the ledger that a backup has replaced, by position; empty before."""
        self.moves = 0
        self.incidents: dict[int, Callable[[], None]] = {}
        """What is to happen at the n-th move, beside what happens by chance."""
        self._down: dict[str, int] = {}
        self.faults = Faults()
        self._tokens = TokenCheck(KEY, self.clock)
        self.vault = a_vault(folder / "vault", Random(f"vault {seed}").randbytes)
        for name in SERVICES:
            make_file(self.path(name))
        for name in SERVICES:
            self.survive(partial(self.start, name))

    def _new_bus(self, seed: int) -> InProcessBus:
        if not self.disturbed:
            return InProcessBus()
        return FragileBus(Random(f"bus {seed}"), self.fate)

    # Lives and deaths.
    def start(self, name: str) -> None:
        """Make a service from what is in its file, and nothing else."""
        self.fate.step(name, STARTING)
        room = open_room(
            self.path(name),
            self.faults.services[name],
            clock=self.clock,
            tokens=self._tokens,
            new_id=partial(self._new_id, name),
            step=partial(self.fate.step, name),
            bus=self.bus,
            tracks=self.tracks,
            vault=self.vault,
        )
        self.rooms[name] = room
        for follower in room.process.followers:
            follower.on_receive = self._let_the_rival_follow
            self.bus.attach_follower(follower)
        with room.store.file.observed():
            self.bus.attach_relay(Relay(room.store, self.bus))

    def stop(self, name: str) -> None:
        """Drop all that a service holds in memory. Its file stays."""
        self.bus.detach(name)
        room = self.rooms.pop(name, None)
        if room is not None:
            room.close()

    def crash(self, crash: Crash) -> None:
        """A relay starts again at once; a service may be away for a while."""
        room = self.rooms.get(crash.service)
        if room and crash.moment.is_of_the_relay and self.random.random() < 0.5:
            with room.store.file.observed():
                self.bus.attach_relay(Relay(room.store, self.bus))
            return
        self.stop(crash.service)
        self._down[crash.service] = self.random.choice((0, 0, 1, 5, 20))

    def path(self, name: str) -> Path:
        return self.folder / f"{name}.sqlite3"

    def backup(self, name: str) -> None:
        """Copy a service's file while the service is away, as a night's backup would."""
        self._end(name)
        shutil.copyfile(self.path(name), self.path(name).with_suffix(".backup"))
        self.survive(partial(self.start, name))

    def restore(self, name: str) -> None:
        """Put the copy back in place of all that was recorded since, and keep that to compare."""
        self.lost = leaves_of(self, name)
        self._end(name)
        shutil.copyfile(self.path(name).with_suffix(".backup"), self.path(name))
        self.survive(partial(self.start, name))

    def _end(self, name: str) -> None:
        if self._down.pop(name, None) is None:
            self.stop(name)

    # What persons can do.
    def send(self, service: str, messages: Sequence[Message]) -> list[Answer] | None:
        """The answers to commands of one service, or None: it is away, or died over them."""
        room = self.rooms.get(service)
        if room is None:
            return None
        answers = self.survive(partial(self._answers, room, self._sealed(messages)))
        if answers is None:
            return None
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return [answer for answer in answers if isinstance(answer, Answer)]

    def _sealed(self, messages: Sequence[Message]) -> list[Message]:
        """Persons hand their commands over at the border; here none of them is unfit."""
        sealed = Border(self.vault).seal(messages)
        return [message for message in sealed if not isinstance(message, Answer)]

    def _answers(self, room: Room, messages: Sequence[Message]) -> Answers:
        """Now and then a rival answers some of them at the same time, or follows meanwhile."""
        if not self._is_there_a_rival():
            return room.process.writer.answer(messages)
        if self.random.random() < 0.5 and room.rival.followers:
            self.note("a rival follows while commands are answered")
            follower = self.random.choice(room.rival.followers)
            return room.answer(messages, partial(self.deliver_to, follower))
        self.note("two processes answer at once")
        kept = self.random.randint(0, len(messages))
        return room.answer_both(messages[:kept], messages[kept:])

    @contextmanager
    def reading(self, service: str) -> Iterator[SQLiteStore]:
        """What stands in a service's file, whether the service is there or away."""
        if service in self.rooms:
            store = self.rooms[service].store
            with store.file.observed():
                yield store
            return
        plain = SQLiteStore(self.path(service), service)
        try:
            yield plain
        finally:
            plain.close()

    def aggregate(self, service: str, aggregate_id: UUID) -> Any:
        """An aggregate as the service's ledger has it, or None."""
        with self.reading(service) as store:
            return SERVICES[service].catalogue.rebuild(store.stream(aggregate_id))

    def ledger(self, service: str) -> list[LedgerEvent]:
        """All rows of a service's ledger."""
        with self.reading(service) as store:
            return store.events_after(0, ALL)

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
        befall(self)
        self.clock.move(self.random.uniform(0, 60))

    def settle(self) -> None:
        """Let everybody live again, disturb nothing more, and wait until nothing moves."""
        self.fate.end()
        self.calmed = True
        for room in self.rooms.values():
            room.store.meanwhile = None
        for name in SERVICES:
            if name not in self.rooms:
                self.start(name)
        self._down.clear()
        if isinstance(self.bus, FragileBus):
            self.bus.calm()
        self.bus.settle()
        self.faults.mend()
        for name in SERVICES:
            self.retry_parked(name)
        self.bus.settle()

    def retry_parked(self, name: str) -> None:
        """An operator tries again what a service could not apply."""
        with self.reading(name) as store:
            retries = list(self.faults.retries(store))
        if retries:
            self.note("an operator retries")
            self.send(name, retries)

    def close(self) -> None:
        for name in list(self.rooms):
            self.stop(name)

    @property
    def stopped(self) -> dict[tuple[str, str], str]:
        """Which followers have stopped at which upstream, and what they said."""
        return {pair: track.stopped for pair, track in self.tracks.items() if track.stopped}

    def survive(self, act: Callable[[], T]) -> T | None:
        """What comes of something, or None if somebody has died of it."""
        try:
            return act()
        except Crash as crash:
            self.crash(crash)
            return None

    def _return_to_life(self) -> None:
        for name in [name for name, turns in self._down.items() if turns <= 0]:
            del self._down[name]
            self.survive(partial(self.start, name))
        for name in self._down:
            self._down[name] -= 1

    # Two processes of one service at a time.
    def _is_there_a_rival(self) -> bool:
        return not self.calmed and self.random.random() < RIVALRY

    def _let_the_rival_follow(
        self, follower: WatchedFollower, events: Sequence[CloudEvent]
    ) -> None:
        """The rival is the first to record some of the same events, more, or another feed's."""
        if not self._is_there_a_rival():
            return
        room = self.rooms[follower.name]
        rival = self.random.choice(room.rival.followers)
        if rival.upstream != follower.upstream:
            self.note("two processes follow two feeds at once")
            room.store.meanwhile = partial(self.deliver_to, rival)
        elif self.random.random() < 0.5:
            self.note("two processes follow the same events")
            theirs = events[: self.random.randint(1, len(events))]
            room.store.meanwhile = partial(rival.receive, theirs)
        else:
            self.note("a rival follows further meanwhile")
            room.store.meanwhile = partial(self.deliver_to, rival, events)

    def deliver_to(self, rival: WatchedFollower, events: Sequence[CloudEvent] = ()) -> None:
        """A rival gets these events, and all that its upstream has recorded by now."""
        rival.receive(events)
        upstream = rival.upstream.partition("/")[0]
        if upstream in self.rooms:
            with self.reading(upstream) as store:
                rows = store.events_after(max(0, rival.position - 1), ALL)
            rival.receive(as_sent(rival.upstream, rows))

    def note(self, what: str) -> None:
        """Count what has happened."""
        self.fate.happened[what] += 1

    def _new_id(self, service: str) -> UUID:
        self.fate.step(service, DECIDING)
        return UUID(int=self.random.getrandbits(128), version=4)


def leaves_of(world: World, service: str) -> dict[int, str]:
    """The leaf of each position of a ledger."""
    return {row.position: row.leaf_hash.hex() for row in world.ledger(service)}
