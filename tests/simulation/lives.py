"""One seed from beginning to end: the world lives its plan, and what must be true of it is checked.

A world whose upstream was restored from a backup ends there: with followers that stopped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from grant_budgeting.award import Award
from grant_values.money import format_euro
from simulation.clerks import Answered, Broken, Command, Work, play
from simulation.invariants import (
    check_restored_world,
    check_world,
    exports,
)
from simulation.journeys import Journey, prepare
from simulation.payments import book, pay_what_is_ordered, payments_of
from simulation.plans import AMPLE_CENTS, YEARS, Plan, plan_of
from simulation.world import World
from support.authority import PROGRAMME, person

MOVES_AFTER_A_RESTORE = 60


class Restored(Exception):
    """A service has come back from a backup. What was planned is over."""


@dataclass(frozen=True)
class Verdict:
    """What a seed came to. A seed that breaks an invariant raises instead."""

    seed: int
    kind: str
    cases: int
    commands: int
    happened: tuple[tuple[str, int], ...]
    """How often what befell it: each death by its moment, and whatever was disturbed."""
    leaves: tuple[str, ...]
    """The leaf at the head of each ledger: two lives of one seed have the same."""


def live(seed: int, folder: Path) -> Verdict:
    """Live one seed disturbed and, where the end must be the same, undisturbed too."""
    plan = plan_of(seed)
    with _a_world(folder / "disturbed", seed, disturbed=True) as world:
        answered = Answered()
        _plan_restore(world, plan)
        world.faults.may_befall(plan, world.random)
        try:
            _play_all(world, plan, answered)
        except Restored:
            _go_on_after_restore(world, plan, answered)
            world.settle()
            check_restored_world(world, plan, answered)
            return _verdict(world, plan, answered, "restored")
        world.settle()
        check_world(world, plan, answered)
        disturbed = exports(world)
        verdict = _verdict(world, plan, answered, "contended" if plan.is_contended else "equal")
    if not plan.is_contended:
        _check_undisturbed_is_the_same(folder, plan, disturbed)
    return verdict


def _check_undisturbed_is_the_same(folder: Path, plan: Plan, disturbed: dict[str, object]) -> None:
    with _a_world(folder / "undisturbed", plan.seed, disturbed=False) as world:
        answered = Answered()
        _play_all(world, plan, answered)
        world.settle()
        check_world(world, plan, answered)
        undisturbed = exports(world)
    for name, export in undisturbed.items():
        if disturbed[name] != export:
            raise Broken(f"the same exports: {name}: {disturbed[name]}\n\nundisturbed: {export}")


def _play_all(world: World, plan: Plan, answered: Answered) -> None:
    play(world, answered, [prepare(plan)])
    journeys = [Journey(world, plan, case) for case in plan.cases]
    racing = [
        journey.withdraw()
        for journey, case in zip(journeys, plan.cases, strict=True)
        if case.fate == "withdrawn_at_any_time"
    ]
    play(world, answered, [*(journey.apply() for journey in journeys), *racing])
    if plan.is_contended:
        _use_the_reserve_list(world, plan, answered, journeys)
    for year in YEARS:
        play(world, answered, [journey.claim(year) for journey in journeys])
        leaving = renounced_while_paid(plan, journeys) if year == YEARS[0] else []
        pay(world, plan, answered, f"{year}-0001", f"{year}-03-25", f"{year}-03-30", leaving)
        pay(world, plan, answered, f"{year}-0002", f"{year}-04-26")


def _use_the_reserve_list(
    world: World, plan: Plan, answered: Answered, journeys: list[Journey]
) -> None:
    waiting = [
        journey
        for journey, case in zip(journeys, plan.cases, strict=True)
        if _waits_for_money(world.aggregate("budgeting", Award.create_id(case.reference)))
    ]
    raising = _raise_ceilings(plan)
    play(world, answered, [raising, *(journey.decide_from_reserve() for journey in waiting)])


def _waits_for_money(award: Award | None) -> bool:
    return award is not None and award.reserved and not award.outcome and not award.withdrawn


def _raise_ceilings(plan: Plan) -> Work:
    """Some lines get more, while others are already trying again; none loses what is promised."""
    random = Random(f"ceilings {plan.seed}")
    for (fund, year), cents in plan.ceilings.items():
        if random.random() < 0.6:
            raised = min(AMPLE_CENTS, cents + random.randint(1, 2 * cents))
            payload = {"programme": PROGRAMME, "fund": fund, "year": year}
            payload |= {"reason": "Umschichtung", "effective_on": "2021-01-25"}
            yield _ceiling(f"lower {fund} {year}", payload, 1, "recorded|invalid")
            yield _ceiling(f"raise {fund} {year}", payload, raised, "recorded")


def _ceiling(key: str, payload: dict[str, object], cents: int, expected: str) -> Command:
    officer, name = person("budget_officer"), "budgeting.change_ceiling"
    return Command(key, officer, name, payload | {"ceiling": format_euro(cents)}, expected)


def renounced_while_paid(plan: Plan, journeys: list[Journey]) -> list[Work]:
    """Applicants who give up their award while the first run is put together."""
    return [
        journey.withdraw("2021-03-25")
        for journey, case in zip(journeys, plan.cases, strict=True)
        if case.fate == "renounced_while_paid"
    ]


def pay(
    world: World,
    plan: Plan,
    answered: Answered,
    run: str,
    execution_on: str,
    returned_on: str = "",
    leaving: Sequence[Work] = (),
) -> None:
    """`leaving` goes on at the same time: once it is heard of, nothing may be left to pay."""
    expected = "recorded|invalid:orders" if plan.is_contended else "recorded"
    paying = pay_what_is_ordered(world, run, execution_on, execution_on, expected)
    play(world, answered, [paying, *leaving])
    payments = payments_of(world, run)
    play(world, answered, [book(payment, execution_on, returned_on) for payment in payments])


def _plan_restore(world: World, plan: Plan) -> None:
    if not plan.restores:
        return
    saved_at = world.random.randint(20, 120)
    world.incidents[saved_at] = lambda: world.backup(plan.restores)

    def restore() -> None:
        world.restore(plan.restores)
        raise Restored

    world.incidents[saved_at + world.random.randint(5, 120)] = restore


def _go_on_after_restore(world: World, plan: Plan, answered: Answered) -> None:
    """Senders give commands again whose outcome was lost, or none: a new history may grow."""
    given_again = world.random.choice((0.0, 0.9, 1.0))
    lost = [
        command
        for command, _ in answered.commands.values()
        if command.service == plan.restores and world.random.random() < given_again
    ]
    for _ in range(MOVES_AFTER_A_RESTORE):
        if lost and world.random.random() < 0.5:
            world.send(plan.restores, [lost.pop(0).message()])
        world.move()


def _verdict(world: World, plan: Plan, answered: Answered, kind: str) -> Verdict:
    commands = len(answered.commands)
    happened = tuple(sorted(world.fate.happened.items()))
    leaves = tuple(room.store.head().leaf_hash.hex() for _, room in sorted(world.rooms.items()))
    return Verdict(plan.seed, kind, len(plan.cases), commands, happened, leaves)


@contextmanager
def _a_world(folder: Path, seed: int, *, disturbed: bool) -> Iterator[World]:
    folder.mkdir(parents=True)
    world = World(folder, seed, disturbed=disturbed)
    try:
        yield world
    finally:
        world.close()
