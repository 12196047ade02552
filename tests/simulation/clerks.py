"""Persons at work: each goes through what they have to do, one command after the other.

A clerk sends a command until there is an answer, under the same key, and remembers every answer: a
command that is sent again must get the same one. What they have to do stands in `journeys`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from uuid import UUID

from grant_contracts.answers import Answer
from grant_contracts.commands import command_message
from grant_values.cases import case_id_of
from grant_values.shapes import Actor
from simulation.faults import parked_cases
from simulation.rooms import LANE
from simulation.tokens import MANDATE, token
from simulation.world import World

MOST_MOVES = 3_000
MOST_TOGETHER = 12
AGAIN = 0.1


class Broken(AssertionError):
    """Something that must hold does not. The message begins with the name of what must."""


@dataclass(frozen=True)
class Command:
    """One command of a person, and the answer that belongs to it: "recorded", a reason of refusal,
    "invalid" or "invalid:" with the field, or several of these divided by "|"."""

    key: str
    actor: Actor
    name: str
    payload: dict[str, Any]
    expected: str = "recorded"
    second: Actor | None = None
    mandate: tuple[date, date] = MANDATE

    @property
    def service(self) -> str:
        return self.name.partition(".")[0]

    @property
    def sender(self) -> tuple[str, str]:
        """Whose key it is: two persons may use the same one."""
        return self.actor.id, self.key

    @property
    def case_id(self) -> UUID | None:
        """The case that it is about, if it is about one."""
        reference = self.payload.get("reference")
        return case_id_of(reference) if reference else None

    @property
    def body(self) -> tuple[object, ...]:
        """What makes it another command."""
        return self.name, self.payload, self.second

    def message(self) -> dict[str, Any]:
        second = {"second_actor_token": token(self.second, MANDATE)} if self.second else {}
        own = token(self.actor, self.mandate)
        return command_message(self.name, self.key, own, self.payload, **second)

    def check(self, answer: Answer) -> None:
        said = {answer.reason if answer.kind == "refused" else answer.kind}
        said |= {f"invalid:{field.removeprefix('payload.')}" for field in answer.errors}
        if not said & set(self.expected.split("|")):
            raise Broken(f"answers: {self.key}: expected {self.expected}, but {answer}")


class Until:
    """Something that a clerk waits for."""

    def __init__(self, what: str, is_so: Callable[[World], object]) -> None:
        self.what = what
        self._is_so = is_so

    def is_met(self, world: World) -> bool:
        return bool(self._is_so(world))


class Heard(Until):
    """Waits until a service has heard all that another had recorded when the waiting began.

    What is parked it has heard too: who gives a command on such a case is told to wait.
    """

    def __init__(self, service: str, upstream: str) -> None:
        super().__init__(f"{service} hears {upstream}", self._has_heard)
        self._service, self._upstream = service, upstream
        self._head: int | None = None

    def _has_heard(self, world: World) -> bool:
        if self._head is None:
            with world.reading(self._upstream) as store:
                self._head = store.head().position
        with world.reading(self._service) as store:
            return store.tracked(f"{self._upstream}/{LANE}").position >= self._head


class Unparked(Until):
    """Waits until nothing of a case is parked in a service, as a person who looks it up there."""

    def __init__(self, service: str, case_id: UUID) -> None:
        super().__init__(f"{service} applies what is parked of {case_id}", self._is_unparked)
        self._service, self._case_id = service, case_id

    def _is_unparked(self, world: World) -> bool:
        with world.reading(self._service) as store:
            return self._case_id not in parked_cases(store)


Work = Generator[Command | Until, Answer, None]


@dataclass
class Answered:
    """All commands that got an answer, in the order of the answers."""

    commands: dict[tuple[str, str], tuple[Command, Answer]] = field(default_factory=dict)

    def note(self, command: Command, answer: Answer) -> None:
        """A command that was answered before must get the same answer."""
        if answer.kind == "not_yet":
            return
        _, before = self.commands.setdefault(command.sender, (command, answer))
        if answer.kind in ("recorded", "refused") and answer != before:
            raise Broken(f"the same answer again: {command.key}: was {before}, is {answer}")

    def on_record(self, service: str) -> list[Command]:
        """The commands of a service whose keys are used up."""
        return [
            command
            for command, answer in self.commands.values()
            if command.service == service and answer.kind in ("recorded", "refused")
        ]


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
    raise Broken(f"everybody gets on: waiting: {[_waits_for(clerk) for clerk in clerks]}")


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
    misused = _misused_key(world, answered, commands[0])
    sent = [*commands, *again, *misused]
    service = commands[0].service
    head, parked = _head_and_parked(world, service)
    answers = world.send(service, [command.message() for command in sent])
    if answers is None:
        return
    parked &= _head_and_parked(world, service)[1]
    for command, answer in zip(sent, answers, strict=True):
        if command.case_id in parked:
            _check_waits(command, answer, head)
        if command in misused:
            command.check(answer)
        else:
            answered.note(command, answer)
    for clerk, command, answer in zip(clerks, commands, answers, strict=False):
        if answer.kind != "not_yet":
            command.check(answer)
            clerk.go_on(answer)


def _head_and_parked(world: World, service: str) -> tuple[int, set[UUID]]:
    with world.reading(service) as store:
        return store.head().position, set(parked_cases(store))


def _check_waits(command: Command, answer: Answer, head: int) -> None:
    """Nothing is decided on a case of which events are parked. What was decided before, and whose
    answer was lost, may be told: it stands at `head` or before."""
    if answer.kind == "recorded" and answer.event_ids and answer.position > head:
        raise Broken(f"parked cases wait: {command.key} was {answer}")


def _sent_again(world: World, answered: Answered, now: Sequence[Command]) -> list[Command]:
    """Commands that a nervous sender gives once more: some of now, and some of long ago.

    Not what was invalid long ago: nothing is on record of it, and today it may be lawful.
    """
    if not world.disturbed:
        return []
    twice = [command for command in now if world.random.random() < AGAIN]
    old = answered.on_record(now[0].service)
    if old and world.random.random() < AGAIN:
        twice.append(world.random.choice(old))
    return twice


def _misused_key(world: World, answered: Answered, now: Command) -> list[Command]:
    """Another command under a key that its sender has used up, as a careless program gives it."""
    if not world.disturbed or world.random.random() > AGAIN:
        return []
    old = answered.on_record(now.service)
    others = [command for command in old if command.actor == now.actor and command.body != now.body]
    if not others:
        return []
    return [replace(now, key=world.random.choice(others).key, expected="invalid:key")]


def _waits_for(clerk: Clerk) -> str:
    if isinstance(clerk.step, Until):
        return clerk.step.what
    return f"{clerk.step.name} {clerk.step.key}" if clerk.step else ""
