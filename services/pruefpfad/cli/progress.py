"""How far a long reading of ledgers has come: a bar for each, if standard error is a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

EVERY = 500
"""A bar that moves with every event would take longer than the reading."""


class PositionBars:
    """Bars from 0 to the head of each ledger. Use it as a context manager."""

    def __init__(self, heads: Mapping[str, int]) -> None:
        self._heads = heads
        self._drawn = dict.fromkeys(heads, 0)
        console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description:14}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
            refresh_per_second=2,
        )
        self._tasks = {name: self._progress.add_task(name, total=heads[name]) for name in heads}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def reached(self, name: str, position: int) -> None:
        """The reading of this ledger has come to a position."""
        if position - self._drawn[name] >= EVERY or position == self._heads[name]:
            self._drawn[name] = position
            self._progress.update(self._tasks[name], completed=position)
