"""Rounds of both sides in turn, each on a fresh system of its own."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from benchmarks.bench import Bench
from benchmarks.journey.game import Pace
from benchmarks.journey.ours import open_ours
from benchmarks.journey.rounds import Opener, Round, play_round
from benchmarks.journey.stock import Variant, open_stock
from benchmarks.results import percentiles

LEAST_PER_RUN = 50
Pair = tuple[Round, Round]
"""Ours and the other side's."""


def crowd(grants: int) -> Pace:
    """All handed in at once, so that only the side itself says how fast it goes."""
    return Pace(grants, least_per_run=LEAST_PER_RUN)


def stock(variant: Variant) -> Opener:
    return partial(open_stock, variant=variant)


def named(variant: Variant) -> str:
    return f"nameko and eventsourcing as they come, {variant}"


def play_pairs(
    bench: Bench, name: str, rounds: int, variant: Variant, ours: Pace, other: Pace
) -> list[Pair]:
    """Both sides once in every round, in turn first."""
    pairs: list[Pair] = []
    for number in range(rounds):
        if number % 2:
            others = play_round(bench, stock(variant), other)
            mine = play_round(bench, open_ours, ours)
        else:
            mine = play_round(bench, open_ours, ours)
            others = play_round(bench, stock(variant), other)
        pairs.append((mine, others))
        bench.say(f"{name}: round {number + 1} of {rounds}: {told(mine)} | {told(others)}")
    return pairs


def p99_ms(each: Round) -> float:
    return percentiles(each.played.latencies)["p99_ms"]


def pooled(rounds: Sequence[Round]) -> dict[str, float]:
    """The percentiles of all grants of all rounds together."""
    return percentiles([latency for each in rounds for latency in each.played.latencies])


def told(each: Round) -> str:
    """One round in a few words."""
    share = each.played.driver_seconds / each.played.seconds
    return (
        f"{each.grants_per_second:,.1f} grants/s, {each.own_cpu_ms:.1f} ms CPU, "
        f"p99 {p99_ms(each):,.0f} ms, driver {share:.0%} of a core"
    )
