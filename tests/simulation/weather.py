"""What befalls a world at each of its moves, by chance and beside what its persons do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from pruefpfad.assembly import SERVICES
from simulation.machinery import IDLE

if TYPE_CHECKING:
    from simulation.world import World

A_DAY = 86_400.0


def befall(world: World) -> None:
    """One thing happens. Most often the bus does what it is for."""
    [happen] = world.random.choices(list(HAPPENINGS), list(HAPPENINGS.values()))
    happen(world)


def turn(world: World) -> None:
    world.survive(world.bus.turn)


def announce(world: World) -> None:
    world.survive(world.bus.announce_heads)


def let_an_operator_retry(world: World) -> None:
    for name in list(world.rooms):
        world.retry_parked(name)


def mend_a_program(world: World) -> None:
    if world.faults.mend_one(world.random):
        world.note("a program is mended")


def break_a_program(world: World) -> None:
    if world.faults.break_one(world.random):
        world.note("a program breaks")


def build_the_case_files_anew(world: World) -> None:
    world.note("the case files are built anew")
    world.send("audit", [world.faults.replay()])


def let_a_rival_take_over(world: World) -> None:
    """The rival follows what is new; the process that should have will not have heard of it."""
    room = world.rooms.get(world.random.choice(sorted(SERVICES)))
    if room and room.rival.followers:
        world.note("a rival takes over")
        follower = world.random.choice(room.rival.followers)
        world.survive(partial(world.deliver_to, follower))


def let_somebody_die(world: World) -> None:
    if world.rooms:
        name = world.random.choice(sorted(world.rooms))
        world.survive(partial(world.fate.kill, name, IDLE))


def wipe_the_broker(world: World) -> None:
    world.note("the broker is wiped")
    world.bus.wipe()


def move_the_clock(world: World) -> None:
    seconds = world.random.uniform(-A_DAY, 2 * A_DAY)
    world.note("the clock goes back" if seconds < 0 else "the clock leaps")
    world.clock.move(seconds)


# How often, beside each other.
HAPPENINGS: Mapping[Callable[[World], None], float] = {
    turn: 62,
    announce: 16,
    let_an_operator_retry: 5,
    mend_a_program: 5,
    let_a_rival_take_over: 3,
    move_the_clock: 3,
    break_a_program: 2,
    let_somebody_die: 2,
    wipe_the_broker: 1,
    build_the_case_files_anew: 0.5,
}
