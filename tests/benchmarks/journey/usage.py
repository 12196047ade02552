"""What processes take of the cores and of memory, read from the operating system."""

from __future__ import annotations

from collections.abc import Mapping

import psutil

from benchmarks.bench import Bench
from benchmarks.journey.sides import Side

POSTGRES, RABBITMQ = "postgres", "rabbitmq"
_MEGABYTE = 1024 * 1024


def cpu_seconds(bench: Bench, side: Side) -> dict[str, float]:
    """Of one core, since each process began: the side's own, and both servers for whoever uses
    them."""
    own = {name: _of_process(psutil.Process(pid)) for name, pid in side.pids.items()}
    servers = {
        POSTGRES: _of_tree(bench.postgres().pid),
        RABBITMQ: sum(_of_tree(pid) for pid in bench.rabbit().pids),
    }
    return {**own, **servers}


def resident_mb(pids: Mapping[str, int]) -> dict[str, float]:
    """The memory that each process holds now."""
    return {
        name: round(psutil.Process(pid).memory_info().rss / _MEGABYTE, 1)
        for name, pid in pids.items()
    }


def _of_process(process: psutil.Process) -> float:
    """Nothing for one that has just ended: its parent has taken over what it used."""
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def _of_tree(pid: int) -> float:
    """A server with its living children; those that have ended are counted with their parent."""
    server = psutil.Process(pid)
    times = server.cpu_times()
    living = sum(_of_process(child) for child in server.children(recursive=True))
    return _of_process(server) + float(times.children_user + times.children_system) + living
