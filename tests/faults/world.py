"""The services as processes behind a broker, seen as the clerks of the simulation see their world.

The same clerks go the same ways through real servers, and the same invariants are computed from
the real ledgers. What is told to them is written down and never allowed to change.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

import msgspec

from faults.told import Told
from faults.waiting import POLL_SECONDS
from grant_bus.rabbit_rpc import NoAnswer, Question, RpcClient
from grant_contracts.answers import Answer
from grant_store.errors import NotNow, Unreachable
from grant_store.opening import open_store
from grant_store.personal.vault import Vault
from grant_store.rows import LedgerEvent
from grant_store.store import Store
from pruefpfad.assembly import SERVICES
from simulation.clerks import Broken
from support.distributed import LANE, DistributedSystem

ANSWER_SECONDS = 20.0
PATIENCE_SECONDS = 60.0
SHORTEST_MOVE_SECONDS, LONGEST_MOVE_SECONDS = 0.005, 0.1
ALL = 1_000_000


class PatientReader:
    """A store as its reader knows it, who asks again while the database is away."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        read = getattr(self._store, name)
        if not callable(read):
            return read  # Its names: service, lane, origin.

        def patiently(*arguments: object) -> Any:
            deadline = time.monotonic() + PATIENCE_SECONDS
            while True:
                try:
                    return read(*arguments)
                except (Unreachable, NotNow):
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(POLL_SECONDS)

        return patiently


@dataclass
class Upstream:
    """What one service follows."""

    upstream: str


@dataclass
class Room:
    """One service, as far as its store tells of it."""

    store: Any
    followers: Sequence[Upstream]

    @property
    def process(self) -> Room:
        return self


class RealWorld:
    """All services of one authority. Whoever plays in it may do so in a thread of their own."""

    disturbed = True
    bus = None
    stopped: Mapping[tuple[str, str], str] = {}

    def __init__(self, system: DistributedSystem, seed: int | str) -> None:
        self.random = Random(f"real world {seed}")
        self.told = Told()
        self._idle_moves = 0
        self._system = system
        self._closing = ExitStack()
        self.open()
        self.rooms = {name: self._room(name) for name in SERVICES}

    def open(self) -> None:
        """Begin anew with the broker, which hangs up on whoever is silent for a minute."""
        self.has_closed = False
        self._client = self._closing.enter_context(RpcClient(self._system.amqp_url, ANSWER_SECONDS))

    @property
    def vault(self) -> Vault:
        """Where what is sealed is opened again."""
        return self._system.vault

    @property
    def ended(self) -> list[str]:
        """The processes that are not there."""
        return [each.name for each in self._system.processes if each.exit_code is not None]

    def send(self, service: str, messages: Sequence[Mapping[str, Any]]) -> list[Answer] | None:
        """The answers of one service, or None: at least one of them is unknown."""
        self._refuse_after_hours()
        self._idle_moves = 0
        sealed = self._system.border.seal([dict(message) for message in messages])
        answers = self._ask(service, [each for each in sealed if isinstance(each, dict)])
        for message, answer in zip(messages, answers, strict=True):
            self.told.note(service, message, answer)
        known = [answer for answer in answers if answer is not None]
        return known if len(known) == len(answers) else None

    def move(self) -> None:
        """Let the services get on; the longer nobody had anything to send, the more patiently."""
        self._refuse_after_hours()
        self._idle_moves += 1
        time.sleep(min(self._idle_moves * SHORTEST_MOVE_SECONDS, LONGEST_MOVE_SECONDS))

    def settle(self) -> None:
        self._system.settle()

    @contextmanager
    def reading(self, service: str) -> Iterator[Any]:
        yield self.rooms[service].store

    def ledger(self, service: str) -> list[LedgerEvent]:
        """All rows of a service's ledger."""
        rows: list[LedgerEvent] = self.rooms[service].store.events_after(0, ALL)
        return rows

    def aggregate(self, service: str, aggregate_id: UUID) -> Any:
        """An aggregate as the service's ledger has it, or None."""
        store = self.rooms[service].store
        return SERVICES[service].catalogue.rebuild(store.stream(aggregate_id))

    def close(self) -> None:
        self._closing.close()

    def _refuse_after_hours(self) -> None:
        """Whoever still works when the office has closed would never come to an end."""
        if self.has_closed:
            raise Broken("the office closed before the work was done")

    def _room(self, name: str) -> Room:
        store = self._closing.enter_context(
            closing(open_store(self._system.database_url, name, LANE))
        )
        upstreams = SERVICES[name].policies.upstreams
        return Room(PatientReader(store), [Upstream(f"{each}/{LANE}") for each in upstreams])

    def _ask(self, service: str, messages: Sequence[Mapping[str, Any]]) -> list[Answer | None]:
        methods = [str(message["command"]).partition(".")[2] for message in messages]
        questions = [
            Question(service, method, {"message": message})
            for method, message in zip(methods, messages, strict=True)
        ]
        try:
            plain = self._client.ask_all(questions)
        except NoAnswer:
            return [None] * len(questions)
        return [
            None if each["kind"] == "unknown" else msgspec.convert(each, Answer) for each in plain
        ]
