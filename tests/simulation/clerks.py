"""Persons at work: each goes through what they have to do, one command after the other.

A clerk sends a command until there is an answer, under the same key, and remembers every answer: a
command that is sent again must get the same one. What they have to do stands in `journeys`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from typing import Any

from grant_bus.actors import Mandate, issue_token
from grant_contracts.answers import Answer
from grant_contracts.commands import command_message
from grant_values.shapes import Actor
from simulation.world import LANE, World
from support.authority import KEY, NOW

MOST_MOVES = 40_000
MOST_TOGETHER = 12
AGAIN = 0.1
MANDATE = date(2014, 1, 1), date(2030, 12, 31)
A_LONG_TIME = timedelta(days=4_000)
ANYTHING = ""


class Broken(AssertionError):
    """Something that must hold does not."""


@dataclass(frozen=True)
class Command:
    """One command of a person, and the answer that belongs to it: "recorded", "invalid", a reason
    of refusal, several of these divided by "|", or anything."""

    key: str
    actor: Actor
    name: str
    payload: dict[str, Any]
    expected: str = "recorded"
    second: Actor | None = None

    @property
    def service(self) -> str:
        return self.name.partition(".")[0]

    def message(self) -> dict[str, Any]:
        second = {"second_actor_token": token(self.second)} if self.second else {}
        return command_message(self.name, self.key, token(self.actor), self.payload, **second)

    def check(self, answer: Answer) -> None:
        said = answer.reason if answer.kind == "refused" else answer.kind
        if self.expected and said not in self.expected.split("|"):
            raise Broken(f"{self.name} {self.key}: expected {self.expected}, but {answer}")


class Until:
    """Something that a clerk waits for."""

    def __init__(self, what: str, is_so: Callable[[World], object]) -> None:
        self.what = what
        self._is_so = is_so

    def is_met(self, world: World) -> bool:
        return bool(self._is_so(world))


class Heard(Until):
    """Waits until a service has heard all that another had recorded when the waiting began."""

    def __init__(self, service: str, upstream: str) -> None:
        super().__init__(f"{service} hears {upstream}", self._has_heard)
        self._service, self._upstream = service, upstream
        self._head: int | None = None

    def _has_heard(self, world: World) -> bool:
        if not {self._service, self._upstream} <= world.rooms.keys():
            return False
        if self._head is None:
            self._head = world.rooms[self._upstream].store.head().position
        followed = world.rooms[self._service].store.tracked(f"{self._upstream}/{LANE}")
        return followed.position >= self._head


Work = Generator[Command | Until, Answer, None]


@cache
def token(actor: Actor) -> str:
    """A token that is good whatever the simulated clock says."""
    return issue_token(KEY, Mandate(actor, "token", *MANDATE), NOW - A_LONG_TIME, NOW + A_LONG_TIME)


@dataclass
class Answered:
    """All commands that got an answer, in the order of the answers."""

    commands: dict[tuple[str, str], tuple[Command, Answer]] = field(default_factory=dict)

    def note(self, command: Command, answer: Answer) -> None:
        """A command that was answered before must get the same answer."""
        if answer.kind == "not_yet":
            return
        sender = command.actor.id, command.key
        _, before = self.commands.setdefault(sender, (command, answer))
        if answer.kind in ("recorded", "refused") and answer != before:
            raise Broken(f"{command.name} {command.key}: was {before}, is {answer}")


class Clerk:
    """One person's way through what they have to do."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self.step: Command | Until | None = next(work, None)

    def go_on(self, answer: Answer | None = None) -> None:
        try:
            self.step = self._work.send(answer) if answer else next(self._work)
        except StopIteration:
            self.step = None


def play(world: World, answered: Answered, works: Iterable[Work]) -> None:
    """Let all of them work at once, in an order that the world chooses."""
    clerks = [clerk for clerk in map(Clerk, works) if clerk.step]
    for _ in range(MOST_MOVES):
        if not clerks:
            return
        clerk = world.random.choice(clerks)
        if isinstance(clerk.step, Until):
            if clerk.step.is_met(world):
                clerk.go_on()
            else:
                world.move()
        else:
            _send(world, answered, _together(world, clerk, clerks))
            world.move()
        clerks = [clerk for clerk in clerks if clerk.step]
    raise Broken(f"nothing moves any more; waiting: {[_waits_for(clerk) for clerk in clerks]}")


def _together(world: World, first: Clerk, clerks: Sequence[Clerk]) -> list[Clerk]:
    """Whoever has a command for the same service may find themselves in the same batch."""
    service = first.step.service if isinstance(first.step, Command) else ""
    others = [
        clerk
        for clerk in clerks
        if clerk is not first and isinstance(clerk.step, Command) and clerk.step.service == service
    ]
    most = world.random.randint(0, MOST_TOGETHER) if world.disturbed else len(others)
    return [first, *others[:most]]


def _send(world: World, answered: Answered, clerks: Sequence[Clerk]) -> None:
    steps = [clerk.step for clerk in clerks]
    commands = [step for step in steps if isinstance(step, Command)]
    again = _sent_again(world, answered, commands)
    service = commands[0].service
    answers = world.send(service, [command.message() for command in (*commands, *again)])
    if answers is None:
        return
    for command, answer in zip((*commands, *again), answers, strict=True):
        answered.note(command, answer)
    for clerk, command, answer in zip(clerks, commands, answers, strict=False):
        if answer.kind != "not_yet":
            command.check(answer)
            clerk.go_on(answer)


def _sent_again(world: World, answered: Answered, now: Sequence[Command]) -> list[Command]:
    """Commands that a nervous sender gives once more: some of now, and some of long ago."""
    if not world.disturbed:
        return []
    twice = [command for command in now if world.random.random() < AGAIN]
    old = [old for old, _ in answered.commands.values() if old.service == now[0].service]
    if old and world.random.random() < AGAIN:
        twice.append(world.random.choice(old))
    return twice


def _waits_for(clerk: Clerk) -> str:
    if isinstance(clerk.step, Until):
        return clerk.step.what
    return f"{clerk.step.name} {clerk.step.key}" if clerk.step else ""
