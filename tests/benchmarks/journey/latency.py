"""How long a grant takes from its submission to its payment while others keep coming.

The cashier sends what is ordered at once, be it one payment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from benchmarks.bench import Bench
from benchmarks.journey.game import Pace
from benchmarks.journey.ours import open_ours
from benchmarks.journey.pairs import crowd, named, p99_ms, play_pairs, pooled, stock, told
from benchmarks.journey.rounds import Round, play_round
from benchmarks.journey.stock import VARIANTS
from benchmarks.results import Measurement, compared

CARRIED = 0.95
"""A side that ends at less than this share of the rate at which grants come falls behind."""
VARIANT = VARIANTS[0]
UNIT = "ms, p99 of submission to payment"


def at_5(bench: Bench) -> Measurement:
    """Both sides can carry this."""
    name, pace = "journey.latency_p99_at_5", Pace(bench.sizes.paced_grants[0], per_second=5)
    pairs = play_pairs(bench, name, bench.sizes.paced_rounds, VARIANT, pace, pace)
    found = compared(
        name,
        UNIT,
        [(p99_ms(mine), p99_ms(others)) for mine, others in pairs],
        named(VARIANT),
        less_is_better=True,
    )
    mine, others = zip(*pairs, strict=True)
    reasons = (
        fallen_behind("our side", _rates(mine), 5),
        fallen_behind("the other side", _rates(others), 5),
    )
    return replace(
        found,
        reason="; ".join(filter(None, reasons)),
        details={**found.details, "ours": pooled(mine), "other": pooled(others)},
    )


def at_100(bench: Bench) -> Measurement:
    """The other side is asked how much it can carry; beyond that it has no latency to compare."""
    name, pace = "journey.latency_p99_at_100", Pace(bench.sizes.paced_grants[1], per_second=100)
    other = play_round(bench, stock(VARIANT), crowd(bench.sizes.tried_grants))
    mine = []
    for number in range(bench.sizes.paced_rounds):
        mine.append(play_round(bench, open_ours, pace))
        bench.say(f"{name}: round {number + 1}: {told(mine[-1])}")
    reasons = (
        f"the other side carries {other.grants_per_second:.1f} grants/s at most",
        fallen_behind("our side", _rates(mine), 100),
    )
    return Measurement(
        name=name,
        unit=UNIT,
        ours=median(map(p99_ms, mine)),
        reason="; ".join(filter(None, reasons)),
        details={"rounds": [p99_ms(each) for each in mine], "ours": pooled(mine)},
    )


def fallen_behind(who: str, rates: Sequence[float], per_second: int) -> str:
    """That a side could not keep up, so that its latency only says how long this lasted."""
    rate = median(rates)
    if rate >= CARRIED * per_second:
        return ""
    return f"{who} could not carry {per_second} grants/s, only {rate:.1f}"


def _rates(rounds: Sequence[Round]) -> list[float]:
    return [each.grants_per_second for each in rounds]
