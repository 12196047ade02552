"""The cheap benchmarks in a tiny size, so that none rots. Nothing about speed is asserted."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from benchmarks.bench import TINY, Bench
from benchmarks.results import Measurement, as_table, in_turn
from benchmarks.suite import BENCHMARKS, NAMES, Benchmark
from support.postgres import PostgresServer
from support.rabbitmq import RabbitServer

OF_THE_ISSUE = {
    *("append.writers_1", "append.writers_8", "append.writers_32"),
    *("append.batch_100", "append.missed", "append.pgbench"),
    *("relay.confirms", "relay.kombu"),
    *("journey.grants", "journey.cpu_ms"),
    *("journey.latency_p99_at_5", "journey.latency_p99_at_100"),
    *("memory.service_5000", "embedded.grants", "embedded.memory"),
    *("replay.decode", "replay.read_models"),
    *("growth.append", "growth.load", "growth.earmark"),
    *("checkpointer.append_ratio", "proof.ms"),
    *("bundle.seconds_1m", "verify.seconds_1m", "verify.memory_mb"),
}

CHEAP = [each for each in BENCHMARKS if not each.names[0].startswith(("journey.", "memory."))]
"""The others start all processes of both sides; `journey/test_sides.py` does it once for each."""


def test_every_name_that_was_asked_for_is_measured_once() -> None:
    assert set(NAMES) >= OF_THE_ISSUE
    assert len(set(NAMES)) == len(NAMES)


@pytest.mark.parametrize("benchmark", CHEAP, ids=lambda each: each.names[0])
def test_a_benchmark_still_runs_and_says_what_it_compares(
    benchmark: Benchmark,
    postgres_server: PostgresServer,
    rabbit_server: RabbitServer,
    tmp_path: Path,
) -> None:
    told: list[str] = []
    bench = Bench(TINY, lambda: postgres_server, lambda: rabbit_server, tmp_path, told.append)

    found = benchmark.measure(bench)

    assert tuple(each.name for each in found) == benchmark.names
    assert told
    for each in found:
        assert_demanded_form(each)


def assert_demanded_form(found: Measurement) -> None:
    """Numbers of both sides and their ratio, or a reason why there is none; plain JSON."""
    assert found.reason if found.ratio is None else found.other_side
    assert (found.ratio is None) or found.other
    assert msgspec.json.decode(msgspec.json.encode(found.as_json())) == found.as_json()
    if found.name == "append.missed":
        assert (found.ours, found.details["events"]) == (0, 80)
    else:
        assert found.ours > 0


def test_both_sides_run_in_every_round_and_take_turns_to_be_first() -> None:
    order: list[str] = []
    rates = {"ours": [30.0, 20.0, 10.0], "other": [10.0, 4.0, 10.0]}

    def side(name: str) -> float:
        order.append(name)
        return rates[name].pop(0)

    found = in_turn(
        "n", "u", 3, lambda: side("ours"), lambda: side("other"), "the other", lambda _: None
    )

    assert order == ["ours", "other", "other", "ours", "ours", "other"]
    assert (found.ours, found.other, found.ratio) == (20.0, 10.0, 3.0)


def test_the_table_shows_a_reason_where_there_is_nothing_to_compare() -> None:
    table = as_table(
        [
            Measurement("fast", "events/s", 1_234.5, 500.0, 2.469, other_side="stock"),
            Measurement("alone", "MB", 8.0, reason="nobody else does this"),
        ]
    )

    assert table.splitlines()[1].split() == [
        "fast",
        "1,234.5",
        "500.0",
        "2.47",
        "events/s",
        "stock",
    ]
    assert table.splitlines()[2].split()[:4] == ["alone", "8.00", "-", "-"]
    assert table.endswith("nobody else does this")
