"""All benchmarks, in the order in which they are run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from benchmarks import append, bundles, decode, embedded, growth, missed, relay, signing
from benchmarks.bench import Bench
from benchmarks.journey import latency, live_cases, throughput
from benchmarks.results import Measurement


class Benchmark(NamedTuple):
    """One run, and the names of all that is measured in it."""

    names: tuple[str, ...]
    measure: Callable[[Bench], Sequence[Measurement]]


def _alone(name: str, measure: Callable[[Bench], Measurement]) -> Benchmark:
    return Benchmark((name,), lambda bench: [measure(bench)])


BENCHMARKS: Sequence[Benchmark] = (
    _alone("append.writers_1", append.writers(1)),
    _alone("append.writers_8", append.writers(8)),
    _alone("append.writers_32", append.writers(32)),
    _alone("append.batch_100", append.batch_100),
    _alone("append.missed", missed.missed),
    _alone("append.pgbench", append.pgbench),
    _alone("relay.confirms", relay.confirms),
    _alone("relay.kombu", relay.kombu),
    Benchmark(("journey.grants", "journey.cpu_ms"), throughput.throughput),
    _alone("journey.latency_p99_at_5", latency.at_5),
    _alone("journey.latency_p99_at_100", latency.at_100),
    _alone("memory.service_5000", live_cases.memory),
    _alone("embedded.grants", embedded.grants),
    _alone("embedded.memory", embedded.memory),
    _alone("replay.decode", decode.decode),
    _alone("replay.read_models", embedded.read_models),
    Benchmark(("growth.append", "growth.load"), growth.stores),
    _alone("growth.earmark", growth.earmark),
    _alone("checkpointer.append_ratio", signing.append_ratio),
    _alone("proof.ms", signing.proof),
    Benchmark(
        ("bundle.seconds_1m", "verify.seconds_1m", "verify.memory_mb"),
        bundles.bundles,
    ),
)
NAMES = tuple(name for benchmark in BENCHMARKS for name in benchmark.names)
