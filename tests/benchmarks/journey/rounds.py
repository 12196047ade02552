"""One round of one side: a fresh system, a warm-up, one game, and the proof that all arrived."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.journey.arrivals import EVENTS_PER_GRANT, EVENTS_PER_RUN, check_all_arrived
from benchmarks.journey.driver import Driver
from benchmarks.journey.game import Game, Pace, Played
from benchmarks.journey.persons import FACTS, Persons
from benchmarks.journey.sides import OpenSide, Side
from benchmarks.journey.usage import POSTGRES, RABBITMQ, cpu_seconds
from benchmarks.journey.wire import Wire

Opener = Callable[[str, str, Path], OpenSide]
"""Opens a side: the addresses of an empty database and virtual host, and a folder."""

DRIVER = "driver"
WARM_UP = Pace(grants=10)


@dataclass(frozen=True)
class Round:
    """A game that was played to its end, and what it took of the cores."""

    played: Played
    cpu: Mapping[str, float]
    """In seconds of one core, by process, with both servers and the driver."""

    @property
    def grants_per_second(self) -> float:
        return self.played.grants / self.played.seconds

    @property
    def events_per_second(self) -> float:
        events = self.played.grants * EVENTS_PER_GRANT.total()
        return (events + self.played.runs * EVENTS_PER_RUN.total()) / self.played.seconds

    @property
    def own_cpu_ms(self) -> float:
        """Per grant, of the side's own processes: the servers and the driver are not its."""
        others = {POSTGRES, RABBITMQ, DRIVER}
        return sum(ms for name, ms in self.cpu_ms_per_grant.items() if name not in others)

    @property
    def cpu_ms_per_grant(self) -> dict[str, float]:
        return {name: each * 1_000 / self.played.grants for name, each in self.cpu.items()}


def play_round(bench: Bench, opener: Opener, pace: Pace) -> Round:
    """Raises where anything that was submitted has not arrived, or has arrived twice."""
    with running(bench, opener) as (side, driver):
        warm = Game(driver, WARM_UP).play()
        before = cpu_seconds(bench, side)
        played = Game(driver, pace).play()
        after = cpu_seconds(bench, side)
        check_all_arrived(side.recorded(), warm.grants + played.grants, warm.runs + played.runs)
    cpu = {name: after[name] - before[name] for name in after}
    return Round(played, {**cpu, DRIVER: played.driver_seconds})


@contextmanager
def running(bench: Bench, opener: Opener) -> Iterator[tuple[Side, Driver]]:
    """A side on an empty database and virtual host, with programme, call and lines."""
    with (
        bench.new_place() as (database, virtual_host),
        opener(database, virtual_host, bench.new_folder()) as side,
        Wire(virtual_host, [side.where_is(fact) for fact in FACTS]) as wire,
    ):
        driver = Driver(wire, Persons(side.key), side.where_is, side.at_the_border)
        driver.prepare()
        yield side, driver
