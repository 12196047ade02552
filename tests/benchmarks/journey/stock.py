"""The other side: the baseline's services as processes, in one of its variants."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from nameko.constants import AMQP_URI_CONFIG_KEY, MAX_WORKERS_CONFIG_KEY
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from benchmarks.journey.baseline.process import ENVIRONMENT
from benchmarks.journey.sides import SERVICES, Side, count_topics
from benchmarks.journey.wire import Binding
from grant_bus.actors import new_signing_key
from pruefpfad.scripted.script import Message
from support.distributed import START_TIMEOUT_SECONDS, OwnProcess
from support.processes import ServerFailed

TABLE = "recorded_events"
TESTS = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Variant:
    """How the baseline is tuned. Budgeting always has one worker: its lines are contended."""

    workers: int
    snapshots: bool
    cached: int = 0
    """So many aggregates stay in memory, by the library's own means."""

    def __str__(self) -> str:
        kept = "snapshots" if self.snapshots else "no snapshots"
        cache = f", cache of {self.cached:,}" if self.cached else ""
        return f"{self.workers} worker{'s' * (self.workers > 1)}, {kept}{cache}"

    def workers_of(self, service: str) -> int:
        return 1 if service == "budgeting" else self.workers


VARIANTS = (
    Variant(10, snapshots=True),
    Variant(1, snapshots=True),
    Variant(10, snapshots=False),
    Variant(10, snapshots=True, cached=10_000),
)


class _BaselineProcess(OwnProcess):
    package = "benchmarks.journey.baseline"


@contextmanager
def open_stock(database_url: str, amqp_url: str, folder: Path, variant: Variant) -> Iterator[Side]:
    """Started on an empty database and virtual host, ended at the end."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        for service in SERVICES:
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(service)))
    side = StockSide(database_url, amqp_url, folder, variant)
    try:
        side.start()
        yield side
    finally:
        side.close()


class StockSide:
    """The running baseline, as the driver and the measurements see it."""

    def __init__(self, database_url: str, amqp_url: str, folder: Path, variant: Variant) -> None:
        self.database_url = database_url
        self.amqp_url = amqp_url
        self.key = new_signing_key()
        self._variant = variant
        self._processes = {
            service: _BaselineProcess(
                "process", service, self._environment(service), folder / f"{service}.log"
            )
            for service in SERVICES
        }

    @property
    def pids(self) -> Mapping[str, int]:
        return {f"stock {name}": process.pid for name, process in self._processes.items()}

    def at_the_border(self, messages: Sequence[Message]) -> list[Message]:
        """As they are: here personal data travel in clear."""
        return list(messages)

    def where_is(self, fact: str) -> Binding:
        service, _, kind = fact.partition(".")
        return Binding(f"{service}.events", kind)

    def recorded(self) -> Counter[str]:
        return count_topics(self.database_url, [(service, TABLE) for service in SERVICES])

    def start(self) -> None:
        for process in self._processes.values():
            process.start()
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        for process in self._processes.values():
            while "serving" not in process.log:
                if process.exit_code is not None or time.monotonic() > deadline:
                    raise ServerFailed(f"{process.name} does not serve:\n{process.tail}")
                time.sleep(0.05)

    def close(self) -> None:
        for process in self._processes.values():
            process.signal(signal.SIGKILL)
        for process in self._processes.values():
            process.wait()

    def _environment(self, service: str) -> dict[str, str]:
        config: dict[str, Any] = {
            AMQP_URI_CONFIG_KEY: self.amqp_url,
            MAX_WORKERS_CONFIG_KEY: self._variant.workers_of(service),
            "SNAPSHOTS": self._variant.snapshots,
            "RECORDER": self._recorder(service),
        }
        return {**os.environ, "PYTHONPATH": str(TESTS), ENVIRONMENT: json.dumps(config)}

    def _recorder(self, service: str) -> dict[str, str]:
        """The library's settings. All others are as it comes."""
        where = conninfo_to_dict(self.database_url)
        cached = self._variant.cached
        return {
            **({"AGGREGATE_CACHE_MAXSIZE": str(cached)} if cached else {}),
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": str(where["dbname"]),
            "POSTGRES_HOST": str(where["host"]),
            "POSTGRES_PORT": str(where["port"]),
            "POSTGRES_USER": str(where["user"]),
            "POSTGRES_PASSWORD": str(where["password"]),
            "POSTGRES_SCHEMA": service,
            "POSTGRES_POOL_SIZE": str(self._variant.workers_of(service)),
        }
