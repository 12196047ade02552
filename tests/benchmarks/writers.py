"""Writers in processes of their own, one connection each, started once and asked round by round."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from multiprocessing.connection import Connection
from time import perf_counter
from types import TracebackType
from typing import NamedTuple, Self

from benchmarks.sides import appender

_PATIENCE_SECONDS = 60
# Forked from a process without threads and connections, and quicker than starting each anew.
_processes = multiprocessing.get_context("forkserver")


class Round(NamedTuple):
    """How long all writers together took, and each single append."""

    events: int
    seconds: float
    latencies: list[float]

    @property
    def events_per_second(self) -> float:
        return self.events / self.seconds


class Writers:
    """Use it as a context manager."""

    def __init__(self, count: int, dsn: str) -> None:
        _processes.set_forkserver_preload([__name__])
        self._lines: list[Connection] = []
        self._started = []
        for _ in range(count):
            here, there = _processes.Pipe()
            process = _processes.Process(target=_write, args=(there, dsn), daemon=True)
            process.start()
            there.close()
            self._lines.append(here)
            self._started.append(process)
        for side in ("ours", "stock"):
            self.write(side, [1])  # Connections are opened and statements prepared.

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for line in self._lines:
            line.close()  # The end of the line is what ends a writer.
        for process in self._started:
            process.join(_PATIENCE_SECONDS)

    def write(self, side: str, sizes: Sequence[int]) -> Round:
        """Every writer appends as many transactions as there are sizes, all at the same time."""
        return self.start(side, sizes)()

    def start(self, side: str, sizes: Sequence[int]) -> Callable[[], Round]:
        """The same without waiting; what is returned waits."""
        started = perf_counter()
        for line in self._lines:
            line.send((side, list(sizes)))
        return lambda: self._gather(sum(sizes) * len(self._lines), started)

    def _gather(self, events: int, started: float) -> Round:
        latencies: list[float] = []
        for line in self._lines:
            # A writer that fails closes its end: that is an EOFError here, and its own traceback.
            latencies += line.recv()
        return Round(events, perf_counter() - started, latencies)


def _write(line: Connection, dsn: str) -> None:
    with ExitStack() as opened:
        sides = {}
        while True:
            try:
                side, sizes = line.recv()
            except EOFError:
                return
            if side not in sides:
                sides[side] = appender(side, dsn, opened)
            line.send([_timed(sides[side], size) for size in sizes])


def _timed(append: Callable[[int], None], size: int) -> float:
    started = perf_counter()
    append(size)
    return perf_counter() - started
