"""What somebody can do to the files of a data directory who has them in hand: everything.

The triggers that keep a ledger as it is are taken out first. It knows tables, and judges nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from grant_store.leaf import instant_of, microseconds
from grant_store.rows import LedgerEvent
from grant_store.sqlite import ledger_event

EVENT_COLUMNS = (
    "position, event_id, originator_id, originator_version, topic, schema_version,"
    " recorded_at, state, metadata, leaf_hash"
)


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A database without its guards."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        found = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
        for (name,) in found.fetchall():
            connection.execute(f'DROP TRIGGER "{name}"')
        yield connection
        connection.commit()


@contextmanager
def ledger_of(data: Path, service: str) -> Iterator[sqlite3.Connection]:
    with opened(data / f"{service}.main.sqlite3") as connection:
        yield connection


@contextmanager
def log_of(data: Path, service: str) -> Iterator[sqlite3.Connection]:
    with opened(data / f"{service}.main.log.sqlite3") as connection:
        yield connection


def read_rows(data: Path, service: str) -> list[LedgerEvent]:
    with ledger_of(data, service) as connection:
        found = connection.execute(
            f"SELECT {EVENT_COLUMNS} FROM ledger_events ORDER BY position"
        ).fetchall()
    return [ledger_event(row) for row in found]


def write_rows(data: Path, service: str, rows: list[LedgerEvent]) -> None:
    """Put these rows in place of all that are there."""
    with ledger_of(data, service) as connection:
        connection.execute("DELETE FROM ledger_events")
        connection.executemany(
            f"INSERT INTO ledger_events ({EVENT_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?)",
            [
                row._replace(
                    event_id=row.event_id.bytes,  # type: ignore[arg-type]
                    originator_id=row.originator_id.bytes,  # type: ignore[arg-type]
                    recorded_at=microseconds(row.recorded_at),  # type: ignore[arg-type]
                )
                for row in rows
            ],
        )


def later(row: LedgerEvent, microseconds_later: int) -> LedgerEvent:
    instant = instant_of(microseconds(row.recorded_at) + microseconds_later)
    return row._replace(recorded_at=instant)
