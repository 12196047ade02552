"""Faults of programs: for a while a service cannot apply what it hears of some cases.

What it cannot apply is parked. An operator retries it: in vain before the program is mended, and
with success afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from random import Random
from uuid import UUID

from grant_bus.operators import Operators
from grant_bus.parked import CASE
from grant_bus.policies import Policies
from grant_contracts.commands import command_message
from grant_contracts.envelope import CloudEvent
from grant_store.sqlite import SQLiteStore
from grant_store.work import Reading, UnitOfWork
from grant_values.shapes import Actor
from pruefpfad.assembly import SERVICES, Service
from simulation.plans import Plan
from simulation.rooms import Message
from simulation.tokens import MANDATE, token

FAULTY = 0.3
MOST_FAULTS = 20
OPERATOR = Actor("S-1801", "operator")
LEAVING = ("withdrawn", "renounced")
FOLLOWERS = ("eligibility", "budgeting", "budgeting", "disbursement", "audit")


class FaultOfTheProgram(Exception):
    """What a careless programmer has left behind. No part of the product knows it."""


Broken = set[tuple[UUID, int]]
"""Of these cases a service cannot apply the events at even, or at odd, positions."""


class FaultyPolicies:
    """A service's policies, which cannot be applied to some events of some cases."""

    def __init__(self, policies: Policies, broken: Broken) -> None:
        self._policies = policies
        self._broken = broken

    @property
    def upstreams(self) -> Sequence[str]:
        return self._policies.upstreams

    def wants(self, event: CloudEvent) -> bool:
        return self._policies.wants(event)

    def reading(self, event: CloudEvent) -> Reading:
        return self._policies.reading(event)

    def apply(self, work: UnitOfWork, event: CloudEvent) -> None:
        """Fails late, as a fault does: after something has changed."""
        self._policies.apply(work, event)
        if (event.caseid, event.at % 2) in self._broken:
            raise FaultOfTheProgram(f"{event.topic} at {event.position}")


class Faults:
    """Which cases each service cannot follow, and the services that have these faults."""

    def __init__(self) -> None:
        self._broken: dict[str, Broken] = {name: set() for name in SERVICES}
        self._cases: list[UUID] = []
        self._leaving: list[UUID] = []
        self._faults_left = 0
        self.services: Mapping[str, Service] = {
            name: _faulty(service, self._broken[name]) for name, service in SERVICES.items()
        }
        self._commands = 0

    def may_befall(self, plan: Plan, random: Random) -> None:
        """Some cases are too much for one of the services that follow them, from the beginning."""
        self._cases = [case.case_id for case in plan.cases]
        self._leaving = [case.case_id for case in plan.cases if case.fate.startswith(LEAVING)]
        self._faults_left = MOST_FAULTS
        for _ in self._cases:
            if random.random() < FAULTY:
                self.break_one(random)

    def break_one(self, random: Random) -> bool:
        """A release of a program with a fault. False where there have been faults enough: in the
        end everybody must get on."""
        self._faults_left -= 1
        if self._faults_left < 0:
            return False
        name, cases = random.choice(FOLLOWERS), self._cases
        if self._leaving and random.random() < 0.5:
            # Where a withdrawal is parked, nothing else keeps a clerk from deciding upon the case.
            name, cases = "budgeting", self._leaving
        self._broken[name].add((random.choice(cases), random.randint(0, 1)))
        return True

    def mend_one(self, random: Random) -> bool:
        """A release of a program without one of its faults. False where nothing is broken."""
        faults = [(name, fault) for name, broken in self._broken.items() for fault in broken]
        if faults:
            name, fault = random.choice(sorted(faults))
            self._broken[name].remove(fault)
        return bool(faults)

    def mend(self) -> None:
        """Nothing is broken any more, and nothing will be."""
        self._faults_left = 0
        for broken in self._broken.values():
            broken.clear()

    def replay(self) -> Message:
        """An operator's command to build the case files anew."""
        self._commands += 1
        own, key = token(OPERATOR, MANDATE), f"replay {self._commands}"
        return command_message("audit.replay_feeds", key, own, {"from_position": 0})

    def retries(self, store: SQLiteStore) -> Iterator[Message]:
        """An operator's command for each case that is parked in a service."""
        for case_id in parked_cases(store):
            self._commands += 1
            yield command_message(
                f"{store.service}.retry_parked",
                f"retry {self._commands}",
                token(OPERATOR, MANDATE),
                {"case_id": str(case_id)},
            )


def parked_cases(store: SQLiteStore) -> list[UUID]:
    return [UUID(each.key) for each in store.documents(CASE)]


def _faulty(service: Service, broken: Broken) -> Service:
    """The same service with a fault. Its operators retry by the same policies."""
    if not service.policies.upstreams:
        return service
    policies = FaultyPolicies(service.policies, broken)
    operators = Operators(policies, service.standing)
    mending = operators.of_a_read_model if service.is_read_model else operators.of_a_decider
    faulty = replace(service, commands={**service.commands, **mending}, policies=policies)
    # Made once and for all worlds: reading the types of all events takes long.
    vars(faulty)["catalogue"] = service.catalogue
    return faulty
