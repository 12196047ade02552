"""Appending: our store against the library's recorder and against bare inserts by pgbench."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from benchmarks.bench import Bench
from benchmarks.machine import flush_ms
from benchmarks.results import Measurement, in_turn, percentiles
from benchmarks.sides import METADATA, SERVICE, STATE, STOCK, TOPIC, prepare
from benchmarks.writers import Writers
from support.machine import Machine, Programs

BATCH = 100
UNIT = "events/s"


def writers(count: int) -> Callable[[Bench], Measurement]:
    """Single events by that many writers at once."""

    def measure(bench: Bench) -> Measurement:
        number = min(count, bench.sizes.most_writers)
        each = max(2, bench.sizes.appends // number)
        return _against_stock(bench, f"append.writers_{count}", number, [1] * each)

    return measure


def batch_100(bench: Bench) -> Measurement:
    """One writer, a hundred events in each transaction."""
    return _against_stock(bench, "append.batch_100", 1, [BATCH] * bench.sizes.batches)


def pgbench(bench: Bench) -> Measurement:
    """The same rows without any store: one client, one insert of constants per transaction."""
    programs = Machine().find_postgres()
    dsn = bench.new_database()
    prepare(dsn)
    with Writers(1, dsn) as one:
        sizes = [1] * bench.sizes.appends
        if not isinstance(programs, Programs):
            rate = one.write("ours", sizes).events_per_second
            return Measurement("append.pgbench", UNIT, rate, reason=f"no pgbench in {programs}")
        bare = _BareInserts(programs.folder / "pgbench", dsn, bench.new_folder())
        return in_turn(
            "append.pgbench",
            UNIT,
            bench.sizes.rounds,
            lambda: one.write("ours", sizes).events_per_second,
            lambda: bare.rate(len(sizes)),
            "pgbench: bare inserts of the same rows, no lock, no leaf",
            bench.say,
        )


def _against_stock(bench: Bench, name: str, count: int, sizes: list[int]) -> Measurement:
    dsn = bench.new_database()
    prepare(dsn)
    folder = bench.new_folder()
    flushes = [flush_ms(folder)]
    latencies: dict[str, list[float]] = {"ours": [], "stock": []}
    with Writers(count, dsn) as all_writers:

        def rate(side: str) -> float:
            done = all_writers.write(side, sizes)
            flushes.append(flush_ms(folder))
            latencies[side] += done.latencies
            return done.events_per_second

        found = in_turn(
            name,
            UNIT,
            bench.sizes.rounds,
            lambda: rate("ours"),
            lambda: rate("stock"),
            STOCK,
            bench.say,
        )
    bench.say(f"{name}: one flush of the disk took {min(flushes)} to {max(flushes)} ms")
    details = {
        **found.details,
        "writers": count,
        "per_append": {side: percentiles(taken) for side, taken in latencies.items()},
        "disk_flush_ms": flushes,
    }
    return replace(found, details=details)


class _BareInserts:
    """A table like ours and a pgbench script that fills it."""

    def __init__(self, program: Path, dsn: str, folder: Path) -> None:
        self._program = program
        self._where = conninfo_to_dict(dsn)
        self._script = folder / "insert.sql"
        self._script.write_text(
            "INSERT INTO bare VALUES (DEFAULT, gen_random_uuid(), gen_random_uuid(), 1,"
            f" '{TOPIC}', 1, now(), '{STATE.decode()}', '{METADATA.decode()}',"
            f" '{'l' * 32}');\n"
        )
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(f"CREATE TABLE bare (LIKE {SERVICE}.events INCLUDING ALL)")
            connection.execute("CREATE SEQUENCE bare_position OWNED BY bare.position")
            connection.execute(
                "ALTER TABLE bare ALTER position SET DEFAULT nextval('bare_position')"
            )

    def rate(self, transactions: int) -> float:
        where = self._where
        result = subprocess.run(
            [
                str(self._program),
                *("--no-vacuum", "--client=1", "--protocol=prepared"),
                *(f"--transactions={transactions}", f"--file={self._script}"),
                *(f"--host={where['host']}", f"--port={where['port']}"),
                *(f"--username={where['user']}", str(where["dbname"])),
            ],
            env={**os.environ, "PGPASSWORD": str(where["password"])},
            capture_output=True,
            text=True,
            check=True,
        )
        found = re.search(r"tps = ([0-9.]+)", result.stdout)
        if found is None:
            raise ValueError(f"pgbench: expected a line with tps, not {result.stdout!r}")
        return float(found[1])
