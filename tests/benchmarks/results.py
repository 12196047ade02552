"""What a benchmark found, how two sides are run in turn, and how it is shown. Measures nothing."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

Say = Callable[[str], None]


@dataclass(frozen=True)
class Measurement:
    """One number of ours beside one of another way to do the same.

    `ratio` says how many times better ours is: the median of the ratios of each round, so that a
    load on the machine that comes and goes meets both sides. Where it is None, `reason` says why.
    """

    name: str
    unit: str
    ours: float
    other: float | None = None
    ratio: float | None = None
    reason: str = ""
    other_side: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def in_turn(
    name: str,
    unit: str,
    rounds: int,
    ours: Callable[[], float],
    other: Callable[[], float],
    other_side: str,
    say: Say,
) -> Measurement:
    """Both sides once in every round, of each the median. More must be better."""
    pairs: list[tuple[float, float]] = []
    for number in range(rounds):
        # Neither side always finds the caches and the disk as the other has left them.
        first, second = (ours, other) if number % 2 == 0 else (other, ours)
        results = {first: first(), second: second()}
        pairs.append((results[ours], results[other]))
        say(f"{name}: round {number + 1} of {rounds}: {pairs[-1][0]:,.0f} | {pairs[-1][1]:,.0f}")
    return compared(name, unit, pairs, other_side)


def compared(
    name: str,
    unit: str,
    pairs: Sequence[tuple[float, float]],
    other_side: str,
    *,
    less_is_better: bool = False,
) -> Measurement:
    """What both sides came to in each round: ours, the other."""
    ratios = [other / mine if less_is_better else mine / other for mine, other in pairs]
    return Measurement(
        name=name,
        unit=unit,
        ours=statistics.median(mine for mine, _ in pairs),
        other=statistics.median(other for _, other in pairs),
        ratio=statistics.median(ratios),
        other_side=other_side,
        details={"rounds": [list(pair) for pair in pairs]},
    )


def percentiles(latencies: Sequence[float]) -> dict[str, float]:
    """p50, p95 and p99 in milliseconds of at least two latencies in seconds."""
    cuts = statistics.quantiles(latencies, n=100, method="inclusive")
    return {f"p{cut}_ms": round(cuts[cut - 1] * 1_000, 3) for cut in (50, 95, 99)}


def as_table(measurements: Sequence[Measurement]) -> str:
    """One line per measurement, in columns."""
    rows = [("name", "ours", "other", "ratio", "unit", "the other side")]
    rows += [
        (
            one.name,
            _shown(one.ours),
            "-" if one.other is None else _shown(one.other),
            "-" if one.ratio is None else f"{one.ratio:.2f}",
            one.unit,
            one.other_side or one.reason,
        )
        for one in measurements
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if 1 <= column <= 3 else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def _shown(value: float) -> str:
    """Small numbers with two decimals, large ones with one."""
    return f"{value:,.2f}" if abs(value) < 10 else f"{value:,.1f}"
