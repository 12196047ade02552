"""One PostgreSQL connection behind a lock: opened when first needed, and again after it broke.

It knows nothing of ledgers, but which schema must be there and in which version.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import Any

import psycopg
from psycopg import errors, sql

from grant_store.errors import NotMigrated, StoreError, Unreachable
from grant_store.postgres_arrays import register

SCHEMA_VERSION = 1
_MISSING = (errors.UndefinedTable, errors.UndefinedFunction, errors.InvalidSchemaName)

# After these the server hangs up. They may come when the transaction is already committed.
_ENDINGS = ("FATAL", "PANIC")


class ConnectionLost(Exception):
    """The connection broke after a statement was sent: carried out or not is open."""


class GuardedConnection:
    """Every statement is a transaction of its own; one thread at a time."""

    def __init__(self, dsn: str, name: str, schema: str) -> None:
        self._dsn = dsn
        self._name = name
        self._schema = schema
        self._lock = Lock()
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None
        self._is_closed = False

    def rows(self, query: bytes, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Send one prepared statement and fetch its rows.

        Raises `ConnectionLost`, `psycopg.Error` as the server reports it, or a `StoreError`
        if there is no connection to be had.
        """
        with self._lock:
            connection = self._opened()
            try:
                return connection.execute(query, values, prepare=True, binary=True).fetchall()
            except psycopg.Error as error:
                if connection.closed or error.diag.severity_nonlocalized in _ENDINGS:
                    connection.close()
                    raise ConnectionLost(f"{self._name}: {in_one_line(error)}") from error
                raise
            finally:
                # An interrupted statement (a killed worker, Ctrl-C) leaves a connection that
                # still waits for its answer: the next caller must not get that one.
                if connection.pgconn.transaction_status != psycopg.pq.TransactionStatus.IDLE:
                    connection.close()

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
            if self._connection is not None:
                self._connection.close()

    def _opened(self) -> psycopg.Connection[tuple[Any, ...]]:
        if self._is_closed:
            raise StoreError(f"{self._name}: this store has been closed.")
        if self._connection is None or self._connection.closed:
            self._connection = self._connect()
        return self._connection

    def _connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        connection = connect(self._dsn, self._name, autocommit=True)
        try:
            register(connection)
            connection.execute(
                "SET TIME ZONE 'UTC'; SET default_transaction_isolation = 'read committed'"
            )
            self._check_version(connection)
        except psycopg.Error as error:
            connection.close()
            kind = Unreachable if isinstance(error, psycopg.OperationalError) else StoreError
            raise kind(f"{self._name}: {in_one_line(error)}") from error
        except BaseException:
            connection.close()
            raise
        return connection

    def _check_version(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        version = schema_version(connection, self._schema)
        if version != SCHEMA_VERSION:
            raise NotMigrated(
                f"{self._name}: schema {self._schema!r} has version {version}, this program needs "
                f"{SCHEMA_VERSION}; run `pruefpfad store migrate`."
            )


def connect(dsn: str, name: str, autocommit: bool) -> psycopg.Connection[tuple[Any, ...]]:
    """A new connection, or `Unreachable` in words without the password."""
    try:
        # UTF-8 whatever the environment says: columns are sent as they are encoded here.
        return psycopg.connect(
            dsn,
            autocommit=autocommit,
            application_name=f"pruefpfad {name}",
            client_encoding="UTF8",
        )
    except psycopg.Error as error:
        raise Unreachable(f"{name}: PostgreSQL cannot be reached: {in_one_line(error)}") from error


def schema_version(connection: psycopg.Connection[tuple[Any, ...]], schema: str) -> int:
    """The version that the schema was migrated to, 0 if it is not there."""
    [(found,)] = connection.execute(
        "SELECT to_regclass(format('%%I.schema_version', %s::text)) IS NOT NULL", (schema,)
    ).fetchall()
    if not found:
        return 0
    row = connection.execute(
        sql.SQL("SELECT version FROM {}").format(sql.Identifier(schema, "schema_version"))
    ).fetchone()
    return row[0] if row else 0


def is_missing(error: psycopg.Error) -> bool:
    """Whether the server says that a table, function or schema is not there."""
    return isinstance(error, _MISSING)


def in_one_line(error: psycopg.Error) -> str:
    """What the server or the driver said, fit for a log."""
    return " ".join(str(error).split())
