"""`journey.grants` and `journey.cpu_ms`: how many grants a second, and what each costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from benchmarks.bench import Bench
from benchmarks.journey.arrivals import EVENTS_PER_GRANT
from benchmarks.journey.pairs import Pair, crowd, named, play_pairs, stock
from benchmarks.journey.rounds import Round, play_round
from benchmarks.journey.stock import VARIANTS, Variant
from benchmarks.results import Measurement, compared

HOPS = "12 commands of persons and 5 facts followed per grant, 3 commands per payment run"
SIDES = ("ours", "other")


def throughput(bench: Bench) -> list[Measurement]:
    """The best variant of the other side plays on against ours."""
    mine, others = map(crowd, bench.sizes.journey_grants)
    rates = {variant: _rate(bench, variant) for variant in VARIANTS}
    best = max(VARIANTS, key=rates.__getitem__)
    rounds = bench.sizes.journey_rounds
    pairs = play_pairs(bench, "journey.grants", rounds, best, mine, others)
    details = {
        "variants": {str(variant): round(rate, 2) for variant, rate in rates.items()},
        "grants_per_round": dict(zip(SIDES, bench.sizes.journey_grants, strict=True)),
        "events_per_grant": EVENTS_PER_GRANT.total(),
        "hops": HOPS,
    }
    return [
        _with(_grants(pairs, best), **details, events_per_second=_events(pairs)),
        _with(_cpu(pairs, best), **details, ms_per_grant=_costs(pairs)),
    ]


def _rate(bench: Bench, variant: Variant) -> float:
    played = play_round(bench, stock(variant), crowd(bench.sizes.tried_grants))
    bench.say(f"journey.grants: {named(variant)}: {played.grants_per_second:.1f} grants/s")
    return played.grants_per_second


def _grants(pairs: Sequence[Pair], best: Variant) -> Measurement:
    rates = [(mine.grants_per_second, others.grants_per_second) for mine, others in pairs]
    return compared("journey.grants", "grants/s", rates, named(best))


def _cpu(pairs: Sequence[Pair], best: Variant) -> Measurement:
    costs = [(mine.own_cpu_ms, others.own_cpu_ms) for mine, others in pairs]
    unit = "ms of CPU per grant, all services and relays"
    return compared("journey.cpu_ms", unit, costs, named(best), less_is_better=True)


def _events(pairs: Sequence[Pair]) -> dict[str, float]:
    return {
        name: round(median(each.events_per_second for each in rounds), 1)
        for name, rounds in _by_side(pairs)
    }


def _costs(pairs: Sequence[Pair]) -> dict[str, dict[str, float]]:
    """By process; the servers and the driver too, which `journey.cpu_ms` does not count."""
    return {name: _cost(rounds) for name, rounds in _by_side(pairs)}


def _cost(rounds: Sequence[Round]) -> dict[str, float]:
    taken = [each.cpu_ms_per_grant for each in rounds]
    return {part: round(median(each[part] for each in taken), 2) for part in taken[0]}


def _by_side(pairs: Sequence[Pair]) -> list[tuple[str, Sequence[Round]]]:
    return list(zip(SIDES, zip(*pairs, strict=True), strict=True))


def _with(found: Measurement, **further: object) -> Measurement:
    return replace(found, details={**found.details, **further})
