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
CLIENTS = (1, 8)
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
    """The same rows without any store: inserts of constants, one per transaction.

    The number of the table is that of one client; eight at once stand in the details.
    """
    programs = Machine().find_postgres()
    if not isinstance(programs, Programs):
        return _without_pgbench(bench, f"no pgbench in {programs}")
    found = {count: _against_bare(bench, programs.folder, count) for count in CLIENTS}
    details = {
        **found[1].details,
        "clients": {str(count): _figures(found[count]) for count in CLIENTS},
    }
    return replace(found[1], details=details)


def _without_pgbench(bench: Bench, reason: str) -> Measurement:
    dsn = bench.new_database()
    prepare(dsn)
    with Writers(1, dsn) as one:
        done = one.write("ours", [1] * bench.sizes.appends)
    return Measurement("append.pgbench", UNIT, done.events_per_second, reason=reason)


def _against_bare(bench: Bench, programs: Path, count: int) -> Measurement:
    dsn = bench.new_database()
    prepare(dsn)
    number = min(count, bench.sizes.most_writers)
    bare = _BareInserts(programs / "pgbench", dsn, bench.new_folder())
    sizes = [1] * max(2, bench.sizes.appends // number)
    with Writers(number, dsn) as all_writers:
        return in_turn(
            "append.pgbench",
            UNIT,
            bench.sizes.rounds,
            lambda: all_writers.write("ours", sizes).events_per_second,
            lambda: bare.rate(number, len(sizes)),
            "pgbench: bare inserts of the same rows, no lock, no leaf",
            bench.say,
        )


def _figures(found: Measurement) -> dict[str, float | None]:
    return {"ours": found.ours, "other": found.other, "ratio": found.ratio}


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

    def rate(self, clients: int, transactions: int) -> float:
        """Inserts per second of all clients, each with that many transactions."""
        where = self._where
        result = subprocess.run(
            [
                str(self._program),
                *("--no-vacuum", f"--client={clients}", "--protocol=prepared"),
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
