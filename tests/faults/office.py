"""An authority at work on real servers, and the same cases in a calm world beside it.

Whoever disturbs it does so while its clerks are busy. After each disturbance the invariants must
hold, every answer must be true, and the exports must equal those of the calm world.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from faults.waiting import eventually
from faults.world import RealWorld
from simulation.clerks import Answered, Broken, Command, play
from simulation.invariants import check_world, exports
from simulation.journeys import Journey, prepare
from simulation.lives import pay, renounced_while_paid
from simulation.plans import YEARS, Plan, plan_of
from simulation.world import World

PROGRESS_SECONDS = 60.0
END_SECONDS = 200.0


class Busy:
    """Clerks at work in a thread of their own."""

    def __init__(self, answered: Answered, work: Future[None]) -> None:
        self._answered = answered
        self._work = work

    def get_on(self, answers: int = 5) -> None:
        """Return when so many more commands were answered. The work must be under way still."""
        if not self.is_under_way_after(answers):
            raise AssertionError("the work was done before it could be disturbed")

    def is_under_way_after(self, answers: int) -> bool:
        """Wait for so many more answers. False if the work was done before."""
        wanted = len(self._answered.commands) + answers
        eventually(
            f"{answers} more answers",
            lambda: self._work.done() or len(self._answered.commands) >= wanted,
            PROGRESS_SECONDS,
        )
        if self._work.done():
            self._work.result()  # What has ended it early is raised here.
        return not self._work.done()


class Office:
    """One real world and one calm world that live the same plans, one after the other."""

    def __init__(self, world: RealWorld, folder: Path, seed: int) -> None:
        self.world = world
        self._calm = World(folder, seed, disturbed=False)
        self._answered = Answered(), Answered()
        self._played: list[int] = []
        self._plan = _uncontended(seed)
        for each, answered in zip((world, self._calm), self._answered, strict=True):
            play(each, answered, [prepare(self._plan)])
            each.settle()

    @contextmanager
    def busy(self, seed: int) -> Iterator[Busy]:
        """The clerks are busy with the cases of an uncontended plan while the block runs.

        At its end they finish, everything settles, and all that must hold is checked.
        """
        if seed in self._played:
            raise ValueError(f"expected a plan that was not played before, not {seed}")
        self._played.append(seed)
        self._plan = _uncontended(seed)
        with self._doing(self._live) as work:
            yield work

    @contextmanager
    def burst(self, commands: Sequence[Command]) -> Iterator[Busy]:
        """All these commands of one service are sent at once while the block runs."""
        with self._doing(partial(_send_at_once, commands)) as work:
            yield work

    def check(self) -> None:
        """All that must hold once everything has settled."""
        for world, answered in zip((self.world, self._calm), self._answered, strict=True):
            world.settle()
            check_world(world, self._plan, answered)
        self.world.told.check({name: room.store for name, room in self.world.rooms.items()})
        real, calm = exports(self.world), exports(self._calm)
        for name, export in calm.items():
            if real[name] != export:
                raise Broken(f"{name}: {real[name]}\n\nin the calm world: {export}")

    def close(self) -> None:
        self._calm.close()
        self.world.close()

    @contextmanager
    def _doing(self, work: Callable[[Any, Answered], None]) -> Iterator[Busy]:
        real, calm = self._answered
        self.world.open()
        with ThreadPoolExecutor(1) as pool:
            under_way = pool.submit(work, self.world, real)
            try:
                yield Busy(real, under_way)
                self._wait_for(under_way)
            finally:
                self.world.has_closed = True
        work(self._calm, calm)
        self.check()

    def _wait_for(self, work: Future[None]) -> None:
        """Until it is done; not when somebody has ended who will never be heard of again."""
        eventually("the work is done", lambda: work.done() or self.world.ended, END_SECONDS)
        if not work.done():
            raise Broken(f"ended by themselves: {self.world.ended}")
        work.result()

    def _live(self, world: Any, answered: Answered) -> None:
        plan = self._plan
        journeys = [Journey(world, plan, case) for case in plan.cases]
        play(world, answered, [journey.apply() for journey in journeys])
        for year in YEARS:
            play(world, answered, [journey.claim(year) for journey in journeys])
            leaving = renounced_while_paid(plan, journeys) if year == YEARS[0] else []
            run, paid_on = f"{year}-{len(self._played):04d}", f"{year}-03-25"
            pay(world, plan, answered, run, paid_on, f"{year}-03-30", leaving)


def _uncontended(seed: int) -> Plan:
    """A plan whose end does not hang on the order in which things happen."""
    return replace(plan_of(2 * seed + 1), restores="")


def _send_at_once(commands: Sequence[Command], world: Any, answered: Answered) -> None:
    messages = [command.message() for command in commands]
    answers = None
    while answers is None:
        answers = world.send(commands[0].service, messages)
    for command, answer in zip(commands, answers, strict=True):
        command.check(answer)
        answered.note(command, answer)
