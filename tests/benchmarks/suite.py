"""The names of the benchmarks, in the order in which they are run."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from benchmarks import append, decode, embedded, missed, relay
from benchmarks.bench import Bench
from benchmarks.results import Measurement

BENCHMARKS: Mapping[str, Callable[[Bench], Measurement]] = {
    "append.writers_1": append.writers(1),
    "append.writers_8": append.writers(8),
    "append.writers_32": append.writers(32),
    "append.batch_100": append.batch_100,
    "append.missed": missed.missed,
    "append.pgbench": append.pgbench,
    "relay.confirms": relay.confirms,
    "relay.kombu": relay.kombu,
    "embedded.grants": embedded.grants,
    "embedded.memory": embedded.memory,
    "replay.decode": decode.decode,
    "replay.read_models": embedded.read_models,
}
