"""One service while it lives: its store, its process, and a rival process of the same service.

The rival is one that was cut off and takes itself for the only one: it remembers what was true when
it was last heard of, and comes back for a moment when nobody expects it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from grant_bus.actors import TokenCheck
from grant_bus.feed import cloud_event, joined, unpack
from grant_bus.transport import ResendRequests
from grant_bus.writer import Writer
from grant_contracts.answers import Answer
from grant_contracts.envelope import CloudEvent
from grant_store.personal.vault import Vault
from grant_store.rows import LedgerEvent
from pruefpfad.assembly import Service
from simulation.fragile import FragileStore, Track, WatchedFollower
from simulation.machinery import Clock, Step

LANE = "main"
Message = Mapping[str, Any]
Answers = list[Answer | Exception]
NewId = Callable[[], UUID]


@dataclass(frozen=True)
class Process:
    """What one process of a service holds in memory, with a connection of its own."""

    store: FragileStore
    writer: Writer
    followers: Sequence[WatchedFollower]


@dataclass(frozen=True)
class Room:
    """A service and whoever writes its store. All of it goes when the service dies."""

    process: Process
    rival: Process

    @property
    def store(self) -> FragileStore:
        return self.process.store

    def close(self) -> None:
        self.process.store.close()
        self.rival.store.close()

    def answer(self, messages: Sequence[Message], meanwhile: Callable[[], object]) -> Answers:
        """The answers, with something else happening just before they are recorded."""
        self.store.meanwhile = meanwhile
        answers = self.process.writer.answer(messages)
        self.store.let_the_other_go_first()
        return answers

    def answer_both(self, ours: Sequence[Message], theirs: Sequence[Message]) -> Answers:
        """The answers of two processes, of which the rival is first to record."""
        answers: Answers = []

        def meanwhile() -> None:
            answers.extend(self.rival.writer.answer(theirs))

        own = self.answer(ours, meanwhile)
        return [*own, *answers]


def open_room(
    path: Path, service: Service, clock: Clock, tokens: TokenCheck, new_id: NewId, step: Step,
    bus: ResendRequests, tracks: Mapping[tuple[str, str], Track], vault: Vault,
) -> Room:  # fmt: skip
    """A service made from what is in its file, and nothing else."""
    process = partial(_process, path, service, clock, tokens, new_id, step, bus, tracks, vault)
    return Room(process(), process())


def _process(
    path: Path, service: Service, clock: Clock, tokens: TokenCheck, new_id: NewId, step: Step,
    bus: ResendRequests, tracks: Mapping[tuple[str, str], Track], vault: Vault,
) -> Process:  # fmt: skip
    store = FragileStore(path, service.name, clock, step)
    opened = vault if service.opens_personal_data else None
    writer = service.writer(store, tokens, clock, new_id, vault=opened)
    followers = []
    for upstream in writer.policies.upstreams:
        follower = WatchedFollower(f"{upstream}/{LANE}", writer, bus)
        follower.track = tracks[service.name, follower.upstream]
        follower.track.stopped = ""
        followers.append(follower)
    return Process(store, writer, followers)


def as_sent(origin: str, rows: Sequence[LedgerEvent]) -> list[CloudEvent]:
    """Rows of a ledger as a follower reads them."""
    return unpack(joined([cloud_event(origin, row) for row in rows]))
