"""Both sides for real, a few grants each: what they are compared by must be the same work."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from benchmarks.bench import TINY, Bench
from benchmarks.journey.arrivals import (
    EVENTS_BEFORE,
    EVENTS_PER_GRANT,
    EVENTS_PER_RUN,
    check_all_arrived,
)
from benchmarks.journey.game import Pace
from benchmarks.journey.ours import open_ours
from benchmarks.journey.pairs import stock, told
from benchmarks.journey.rounds import Opener, play_round
from benchmarks.journey.stock import VARIANTS
from support.postgres import PostgresServer
from support.rabbitmq import RabbitServer


@pytest.mark.parametrize("opener", [open_ours, stock(VARIANTS[0])], ids=["ours", "stock"])
def test_every_event_of_every_grant_arrives_on_either_side(
    opener: Opener, postgres_server: PostgresServer, rabbit_server: RabbitServer, tmp_path: Path
) -> None:
    bench = Bench(TINY, lambda: postgres_server, lambda: rabbit_server, tmp_path, print)

    found = play_round(bench, opener, Pace(4, least_per_run=2))

    assert (found.played.grants, found.played.runs) == (4, 2)
    assert len(found.played.latencies) == 4
    assert found.own_cpu_ms > 0
    assert found.own_cpu_ms < sum(found.cpu_ms_per_grant.values())
    assert "grants/s" in told(found)


def test_a_lost_and_a_doubled_event_are_named() -> None:
    whole = EVENTS_BEFORE + EVENTS_PER_GRANT + EVENTS_PER_RUN
    check_all_arrived(whole, grants=1, runs=1)

    with pytest.raises(AssertionError, match=r"lost: \{'FundsSpent': 1\}; too many: \{\}"):
        check_all_arrived(whole - Counter(["FundsSpent"]), grants=1, runs=1)
    with pytest.raises(AssertionError, match=r"lost: \{\}; too many: \{'FundsSpent': 1\}"):
        check_all_arrived(whole + Counter(["FundsSpent"]), grants=1, runs=1)
