"""A query or a full batch must not stop the other green threads, heartbeats before all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
TESTS = HERE.parents[1]


def probe(mode: str, url: str) -> subprocess.CompletedProcess[str]:
    """Its own process: nothing can make this one green, and nothing should."""
    return subprocess.run(
        [sys.executable, str(HERE / "hub_probe.py"), mode, url],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_query_of_one_second_does_not_stall_the_hub(postgres_database: str) -> None:
    done = probe("query", postgres_database)

    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 0.25


def test_a_full_batch_stalls_the_hub_for_less_than_a_second(postgres_database: str) -> None:
    done = probe("batch", postgres_database)

    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 1.0


@pytest.mark.parametrize(
    ("mode", "says"),
    [
        ("late", "expected monkey_patch() before psycopg is imported"),
        ("deaf", "expected pauses of at most 0.25 s during a query, measured"),
    ],
)
def test_a_process_whose_queries_would_stall_it_refuses_to_start(
    postgres_database: str, mode: str, says: str
) -> None:
    done = probe(mode, postgres_database)

    assert done.returncode != 0
    assert says in done.stderr
