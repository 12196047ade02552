"""`memory.service_5000`: what the services hold in memory while many cases are open."""

from __future__ import annotations

from benchmarks.bench import Bench
from benchmarks.journey.game import Game, Pace
from benchmarks.journey.ours import open_ours
from benchmarks.journey.rounds import running
from benchmarks.journey.usage import resident_mb
from benchmarks.results import Measurement

STEPS = 8
"""Up to the claim: decided, drawn upon, and not paid."""
AT_ONCE = 400


def memory(bench: Bench) -> Measurement:
    """The largest service at 5,000 open cases. The details have all processes, and twice as many
    cases: a service must not go on growing."""
    count = bench.sizes.live_cases
    pace = Pace(count, at_once=AT_ONCE, steps=STEPS)
    with running(bench, open_ours) as (side, driver):
        held = {"0": resident_mb(side.pids)}
        for cases in (count, 2 * count):
            rate = count / Game(driver, pace).play().seconds
            held[f"{cases:,}"] = resident_mb(side.pids)
            bench.say(f"memory.service_5000: {cases:,} cases, {rate:,.0f} grants/s")
    services = [name for name in held["0"] if name.startswith("serve")]
    peak = {cases: max(each[name] for name in services) for cases, each in held.items()}
    return Measurement(
        name="memory.service_5000",
        unit="MB, the largest service",
        ours=peak[f"{count:,}"],
        reason="the other side holds no case between two messages",
        details={"largest_service": peak, "by_process": held},
    )
