"""Stores in SQLite files, with nothing that guards them. It knows tables, and judges nothing."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from grant_store.leaf import microseconds
from grant_store.rows import LedgerEvent
from grant_store.sqlite import ledger_event
from tamper.stores import Clash, CosignatureRow, HeadRow, LogRows, Part, TileRow, TimestampRow

EVENT_COLUMNS = (
    "position, event_id, originator_id, originator_version, topic, schema_version,"
    " recorded_at, state, metadata, leaf_hash"
)
LOG_TABLES: Mapping[str, tuple[Callable[..., Any], str]] = {
    "log_heads": (HeadRow, "epoch, size, root, note, signed_at"),
    "log_tiles": (TileRow, "epoch, level, place, hashes, root"),
    "log_cosignatures": (CosignatureRow, "epoch, size, key_name, line_hash, line"),
    "log_timestamps": (TimestampRow, "epoch, size, authority, response_hash, response"),
}
FILES: dict[Part, tuple[str, ...]] = {Part.LEDGER: (".sqlite3",), Part.LOG: (".log.sqlite3",)}
FILES[Part.BOTH] = FILES[Part.LEDGER] + FILES[Part.LOG]


@dataclass(frozen=True)
class Files:
    """A data directory of this name; its copies lie beside it."""

    folder: Path
    name: str = "data"
    kind: str = "SQLite"

    @property
    def data(self) -> Path:
        return self.folder / self.name

    @property
    def url(self) -> str:
        return f"sqlite:///{self.data}"

    @property
    def keys(self) -> Path:
        return self.data / "keys" / "log"

    def copy(self, name: str) -> Self:
        other = type(self)(self.folder, name)
        other.discard()
        shutil.copytree(self.data, other.data)
        return other

    def discard(self) -> None:
        shutil.rmtree(self.data, ignore_errors=True)

    def rows(self, service: str) -> list[LedgerEvent]:
        with _opened(self._path(service, ".sqlite3")) as connection:
            found = connection.execute(
                f"SELECT {EVENT_COLUMNS} FROM ledger_events ORDER BY position"
            ).fetchall()
        return [ledger_event(row) for row in found]

    def write_rows(self, service: str, rows: list[LedgerEvent]) -> None:
        with _opened(self._path(service, ".sqlite3")) as connection:
            _replace(connection, "ledger_events", EVENT_COLUMNS, [_stored(row) for row in rows])

    def log(self, service: str) -> LogRows:
        with _opened(self._path(service, ".log.sqlite3")) as connection:
            found = [
                [row(*each) for each in _all(connection, table, columns)]
                for table, (row, columns) in LOG_TABLES.items()
            ]
        return LogRows(*found)

    def write_log(self, service: str, log: LogRows) -> None:
        with _opened(self._path(service, ".log.sqlite3")) as connection:
            for (table, (_, columns)), rows in zip(LOG_TABLES.items(), log.parts, strict=True):
                _replace(connection, table, columns, rows)

    def break_down(self) -> None:
        """There is no program that could."""

    def put_back(self, backup: str, service: str, part: Part) -> None:
        for ending in FILES[part]:
            name = f"{service}.main{ending}"
            shutil.copyfile(self.folder / backup / name, self.data / name)

    def put_everything_back(self, backup: str) -> None:
        for file in (self.folder / backup).glob("*.sqlite3"):
            shutil.copyfile(file, self.data / file.name)

    def _path(self, service: str, ending: str) -> Path:
        return self.data / f"{service}.main{ending}"


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A database without its guards."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        found = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
        for (name,) in found.fetchall():
            connection.execute(f'DROP TRIGGER "{name}"')
        yield connection
        connection.commit()


def _all(connection: sqlite3.Connection, table: str, columns: str) -> list[tuple[Any, ...]]:
    return connection.execute(f"SELECT {columns} FROM {table} ORDER BY {columns}").fetchall()


def _replace(
    connection: sqlite3.Connection, table: str, columns: str, rows: Sequence[Sequence[object]]
) -> None:
    connection.execute(f"DELETE FROM {table}")
    values = ", ".join("?" * (columns.count(",") + 1))
    try:
        connection.executemany(f"INSERT INTO {table} ({columns}) VALUES ({values})", rows)
    except sqlite3.IntegrityError as error:
        raise Clash(str(error)) from error


def _stored(row: LedgerEvent) -> tuple[object, ...]:
    return (
        *(row.position, row.event_id.bytes, row.originator_id.bytes, row.originator_version),
        *(row.topic, row.schema_version, microseconds(row.recorded_at)),
        *(row.state, row.metadata, row.leaf_hash),
    )
