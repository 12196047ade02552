"""What processes take of the cores and of memory, read from the operating system."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import psutil

from benchmarks.bench import Bench
from benchmarks.journey.sides import Side

_MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Seconds:
    """Of one core, since each process began."""

    side: float
    postgres: float
    rabbit: float

    def since(self, before: Seconds) -> Seconds:
        return Seconds(
            self.side - before.side,
            self.postgres - before.postgres,
            self.rabbit - before.rabbit,
        )


def cpu_seconds(bench: Bench, side: Side) -> Seconds:
    """Of the side's own processes, and of both servers for whoever uses them."""
    return Seconds(
        side=_of_all(side.pids.values()),
        postgres=_of_tree(bench.postgres().pid),
        rabbit=sum(_of_tree(pid) for pid in bench.rabbit().pids),
    )


def resident_mb(pids: Mapping[str, int]) -> dict[str, float]:
    """The memory that each process holds now."""
    return {
        name: round(psutil.Process(pid).memory_info().rss / _MEGABYTE, 1)
        for name, pid in pids.items()
    }


def _of_all(pids: Iterable[int]) -> float:
    times = [psutil.Process(pid).cpu_times() for pid in pids]
    return sum(each.user + each.system for each in times)


def _of_tree(pid: int) -> float:
    """A server with its living children; those that have ended are counted with their parent."""
    server = psutil.Process(pid)
    times = server.cpu_times()
    living = [child.pid for child in server.children(recursive=True)]
    ended = times.children_user + times.children_system
    return times.user + times.system + ended + _of_all(living)
