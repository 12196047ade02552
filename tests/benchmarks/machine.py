"""On what machine and with which versions the numbers were taken."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import psycopg

_CPU = Path("/proc/cpuinfo")
LIBRARIES = ("eventsourcing", "psycopg", "msgspec", "kombu", "amqp", "nameko", "eventlet")


def flush_ms(folder: Path) -> float:
    """How long this disk takes to write one page through: no single append can be quicker.

    Where it takes longer than all the rest, every store that loses nothing is equally fast.
    """
    taken = []
    with (folder / "flushed").open("wb") as file:
        for _ in range(20):
            started = perf_counter()
            file.write(bytes(8_192))
            file.flush()
            os.fsync(file.fileno())
            taken.append(perf_counter() - started)
    return round(median(taken) * 1_000, 3)


def description(postgres_dsn: str | None) -> dict[str, Any]:
    """PostgreSQL's version is there if a benchmark has used it."""
    return {
        "cores": os.cpu_count(),
        "cpu": _cpu_model(),
        "load_at_the_end": [round(load, 2) for load in os.getloadavg()],
        "system": platform.platform(),
        "python": platform.python_version(),
        "postgres": _postgres_version(postgres_dsn) if postgres_dsn else None,
        "libraries": {name: version(name) for name in LIBRARIES},
    }


def _cpu_model() -> str:
    lines = _CPU.read_text().splitlines() if _CPU.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor()


def _postgres_version(dsn: str) -> str:
    with psycopg.connect(dsn) as connection:
        row = connection.execute("SHOW server_version").fetchone()
    return str(row[0]) if row else "unknown"
