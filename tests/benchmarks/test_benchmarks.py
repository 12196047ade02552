"""Every benchmark in a tiny size, so that none rots. Nothing about speed is asserted."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.bench import TINY, Bench
from benchmarks.results import Measurement, as_table, in_turn
from benchmarks.suite import BENCHMARKS
from support.postgres import PostgresServer
from support.rabbitmq import RabbitServer


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_still_runs_and_says_what_it_compares(
    name: str, postgres_server: PostgresServer, rabbit_server: RabbitServer, tmp_path: Path
) -> None:
    told: list[str] = []
    bench = Bench(TINY, lambda: postgres_server, lambda: rabbit_server, tmp_path, told.append)

    found = BENCHMARKS[name](bench)

    assert found.name == name
    assert told
    assert found.reason if found.ratio is None else found.other_side
    if name == "append.missed":
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
            Measurement("alone", "MB", 80.0, reason="nobody else does this"),
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
    assert table.splitlines()[2].split()[:4] == ["alone", "80.0", "-", "-"]
    assert table.endswith("nobody else does this")
