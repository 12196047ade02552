"""Stores in PostgreSQL databases, in the hands of a superuser. It knows tables, and judges nothing.

A copy is a database made from another as its template. What is restored of one service goes the
way that an operator would take: out with `pg_dump`, in with `psql`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import psycopg
from psycopg import errors, sql

from grant_store.leaf import instant_of
from grant_store.postgres import ledger_event
from grant_store.rows import LedgerEvent
from support.postgres import PostgresServer
from tamper.stores import Clash, CosignatureRow, HeadRow, LogRows, Part, TileRow, TimestampRow

Connection = psycopg.Connection[tuple[Any, ...]]

MICROSECONDS = "(extract(epoch FROM signed_at) * 1000000)::bigint"
LOG_TABLES: Mapping[str, tuple[Callable[..., Any], str]] = {
    "heads": (HeadRow, f"epoch, size, root, note, {MICROSECONDS}"),
    "tiles": (TileRow, "epoch, level, index, hashes, root"),
    "cosignatures": (CosignatureRow, "epoch, size, key_name, line_hash, line"),
    "timestamps": (TimestampRow, "epoch, size, authority, response_hash, response"),
}
SCHEMAS = {Part.LEDGER: ("", "_work"), Part.LOG: ("_log",), Part.BOTH: ("", "_work", "_log")}


@dataclass(frozen=True)
class Databases:
    """A database of this name on a server of ours, and a folder of the same name for the keys.

    Names of databases begin with a `prefix`, so that the copies of several scenes keep apart.
    """

    server: PostgresServer
    folder: Path
    prefix: str
    name: str = "data"
    kind: str = "PostgreSQL"

    @property
    def database(self) -> str:
        return f"{self.prefix} {self.name}"

    @property
    def url(self) -> str:
        return self.server.dsn(self.database)

    @property
    def keys(self) -> Path:
        return self.folder / self.name / "keys" / "log"

    def create(self) -> Self:
        self.server.create_database(self.database)
        return self

    def copy(self, name: str) -> Self:
        other = type(self)(self.server, self.folder, self.prefix, name)
        other.discard()
        shutil.copytree(self.folder / self.name, self.folder / name)
        self.server.create_database(other.database, template=self.database)
        return other

    def discard(self) -> None:
        shutil.rmtree(self.folder / self.name, ignore_errors=True)
        self.server.drop_database(self.database, missing_ok=True)

    def rows(self, service: str) -> list[LedgerEvent]:
        events = _table(service, "events")
        with self._opened() as connection:
            found = connection.execute(
                sql.SQL("SELECT * FROM {} ORDER BY position").format(events)
            ).fetchall()
        return [ledger_event(row) for row in found]

    def write_rows(self, service: str, rows: list[LedgerEvent]) -> None:
        """Only what differs: a thousand rows of which one is another are one row."""
        before = set(self.rows(service))
        gone = [row.position for row in before - set(rows)]
        with self._opened() as connection, _unguarded(connection, _table(service, "events")) as at:
            connection.execute(
                sql.SQL("DELETE FROM {} WHERE position = ANY(%s)").format(at), [gone]
            )
            _copy_in(connection, at, [row for row in rows if row not in before])

    def log(self, service: str) -> LogRows:
        with self._opened() as connection:
            found = [
                [row(*each) for each in _all(connection, _table(f"{service}_log", name), columns)]
                for name, (row, columns) in LOG_TABLES.items()
            ]
        return LogRows(*found)

    def write_log(self, service: str, log: LogRows) -> None:
        heads = [(*row[:4], instant_of(row.signed_at)) for row in log.heads]
        with self._opened() as connection:
            for name, rows in zip(LOG_TABLES, (heads, *log.parts[1:]), strict=True):
                with _unguarded(connection, _table(f"{service}_log", name)) as at:
                    connection.execute(sql.SQL("DELETE FROM {}").format(at))
                    _copy_in(connection, at, rows)

    def break_down(self) -> None:
        self.server.stop("immediate")
        self.server.start()

    def put_back(self, backup: str, service: str, part: Part) -> None:
        schemas = [f"{service}{ending}" for ending in SCHEMAS[part]]
        script = self.server.dump(f"{self.prefix} {backup}", schemas)
        with self._opened() as connection:
            for schema in schemas:
                connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(schema)))
        self.server.psql(f"\\set ON_ERROR_STOP on\n{script}", self.database, {})

    def put_everything_back(self, backup: str) -> None:
        self.server.drop_database(self.database)
        self.server.create_database(self.database, template=f"{self.prefix} {backup}")

    @contextmanager
    def _opened(self) -> Iterator[Connection]:
        with psycopg.connect(self.url) as connection:
            yield connection


def _table(schema: str, name: str) -> sql.Identifier:
    return sql.Identifier(schema, name)


def _all(connection: Connection, table: sql.Identifier, columns: str) -> list[tuple[Any, ...]]:
    query = sql.SQL("SELECT {} FROM {} ORDER BY 1, 2, 3, 4").format(sql.SQL(columns), table)
    return connection.execute(query).fetchall()


@contextmanager
def _unguarded(connection: Connection, table: sql.Identifier) -> Iterator[sql.Identifier]:
    """A table without triggers and foreign keys. Afterwards they are as before: who covers up
    leaves no open door."""
    found = connection.execute(
        "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND tgenabled = 'A'",
        [table.as_string(connection)],
    )
    always = [sql.Identifier(name) for (name,) in found.fetchall()]
    connection.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER ALL").format(table))
    yield table
    connection.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER ALL").format(table))
    for name in always:
        connection.execute(sql.SQL("ALTER TABLE {} ENABLE ALWAYS TRIGGER {}").format(table, name))


def _copy_in(
    connection: Connection, table: sql.Identifier, rows: Sequence[Sequence[object]]
) -> None:
    try:
        with (
            connection.cursor() as cursor,
            cursor.copy(sql.SQL("COPY {} FROM STDIN").format(table)) as copy,
        ):
            for row in rows:
                copy.write_row(row)
    except errors.UniqueViolation as error:
        raise Clash(str(error)) from error
