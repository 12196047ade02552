"""What was aimed at, for the numbers that have an aim, and whether it was met. Measures nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from benchmarks.results import Measurement


class Aim(NamedTuple):
    """A bound of our number; or, `of_ratio`, of how many times better ours is."""

    bound: float
    is_least: bool = False
    of_ratio: bool = False

    def __str__(self) -> str:
        return f"{'at least' if self.is_least else 'at most'} {self.bound:g}"

    def judge(self, found: Measurement) -> str:
        value = found.ratio if self.of_ratio else found.ours
        if value is None:
            return f"{self}: not measured"
        is_met = value >= self.bound if self.is_least else value <= self.bound
        return f"{self}: {'met' if is_met else 'missed'}"


AIMS: Mapping[str, Aim] = {
    "checkpointer.append_ratio": Aim(0.9, is_least=True, of_ratio=True),
    "proof.ms": Aim(20),
    "bundle.seconds_1m": Aim(180),
    "verify.seconds_1m": Aim(30),
    "verify.memory_mb": Aim(200),
}


def verdicts(measurements: list[Measurement]) -> list[str]:
    """A line for each that has an aim. They hold of the full size only."""
    return [f"{one.name}: {AIMS[one.name].judge(one)}" for one in measurements if one.name in AIMS]
