"""One PostgreSQL connection behind a lock: opened when first needed, and again after it broke.

It knows nothing of ledgers, but which schema must be there and in which version.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import Any

import psycopg
from psycopg import errors, sql

from grant_store.errors import NotMigrated, NotNow, StoreError, Unreachable
from grant_store.postgres_arrays import register
from grant_store.postgres_patience import SILENCE_SECONDS, PatientConnection, parameters

SCHEMA_VERSION = 3
_MISSING = (errors.UndefinedTable, errors.UndefinedFunction, errors.InvalidSchemaName)

# After these the server hangs up. They may come when the transaction is already committed.
_ENDINGS = ("FATAL", "PANIC")

# Read-only, waited too long for a lock, cancelled; and the class of missing room, memory or slots.
_NOT_NOW = ("25006", "55P03", "57014")
_NO_ROOM = "53"


class ConnectionLost(Exception):
    """The connection broke after a statement was sent: carried out or not is open."""


class GuardedConnection:
    """Every statement is a transaction of its own, `read_only` one that can change nothing; one
    thread at a time.

    Without a `schema` nobody asks for its version: for those who may not even see that.
    """

    def __init__(
        self,
        dsn: str,
        name: str,
        schema: str | None,
        silence_seconds: float = SILENCE_SECONDS,
        *,
        read_only: bool = False,
    ) -> None:
        self._dsn = dsn
        self._name = name
        self._schema = schema
        self._silence_seconds = silence_seconds
        self._read_only = read_only
        self._lock = Lock()
        self._connection: PatientConnection | None = None
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
                if _is_lost(connection, error):
                    connection.close()
                    raise ConnectionLost(f"{self._name}: {in_one_line(error)}") from error
                if is_not_now(error):
                    # A session that began while the server was read-only stays so for good.
                    connection.close()
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

    def _opened(self) -> PatientConnection:
        if self._is_closed:
            raise StoreError(f"{self._name}: this store has been closed.")
        if self._connection is None or self._connection.closed:
            self._connection = self._connect()
        return self._connection

    def _connect(self) -> PatientConnection:
        connection = connect(self._dsn, self._name, autocommit=True)
        try:
            register(connection)
            connection.prepare_session(self._silence_seconds)
            if self._read_only:
                connection.execute("SET default_transaction_read_only = on")
            self._check_version(connection)
        except psycopg.Error as error:
            connection.close()
            kind = Unreachable if isinstance(error, psycopg.OperationalError) else StoreError
            raise (NotNow if is_not_now(error) else kind)(
                f"{self._name}: {in_one_line(error)}"
            ) from error
        except BaseException:
            connection.close()
            raise
        return connection

    def _check_version(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        if self._schema is None:
            return
        version = schema_version(connection, self._schema)
        has = f"{self._name}: schema {self._schema!r} has version {version}"
        if version > SCHEMA_VERSION:
            raise NotMigrated(
                f"{has}, this program knows {SCHEMA_VERSION}; run a newer `pruefpfad`."
            )
        if version < SCHEMA_VERSION:
            raise NotMigrated(
                f"{has}, this program needs {SCHEMA_VERSION}; run `pruefpfad store migrate`."
            )


def connect(dsn: str, name: str, autocommit: bool) -> PatientConnection:
    """A new connection, or `Unreachable` in words without the password."""
    try:
        # UTF-8 whatever the environment says: columns are sent as they are encoded here.
        fixed = {"application_name": f"pruefpfad {name}", "client_encoding": "UTF8"}
        return PatientConnection.connect(autocommit=autocommit, **(parameters(dsn) | fixed))
    except psycopg.Error as error:
        raise Unreachable(f"{name}: PostgreSQL cannot be reached: {in_one_line(error)}") from error


def answer_slowly(connection: psycopg.Connection[Any], name: str, seconds: float) -> None:
    """Let the server answer only after so many seconds. `Unreachable` where it does not."""
    try:
        connection.execute("SELECT pg_sleep(%s)", (seconds,))
    except psycopg.OperationalError as error:
        raise Unreachable(f"{name}: {in_one_line(error)}") from error


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


def _is_lost(connection: psycopg.Connection[Any], error: psycopg.Error) -> bool:
    """Whether no answer to the statement will come any more over this connection."""
    still_waits = connection.pgconn.transaction_status == psycopg.pq.TransactionStatus.ACTIVE
    return connection.closed or still_waits or error.diag.severity_nonlocalized in _ENDINGS


def is_not_now(error: psycopg.Error) -> bool:
    """Whether the server takes this at another time: it is read-only, full or overloaded."""
    code = error.diag.sqlstate or ""
    return code in _NOT_NOW or code.startswith(_NO_ROOM)


def is_missing(error: psycopg.Error) -> bool:
    """Whether the server says that a table, function or schema is not there."""
    return isinstance(error, _MISSING)


def in_one_line(error: psycopg.Error) -> str:
    """What the server or the driver said, fit for a log."""
    return " ".join(str(error).split())


def in_words(name: str, error: psycopg.Error) -> StoreError:
    """What a refused statement means to whoever gave it. Nothing was written."""
    if is_missing(error):
        return NotMigrated(f"{name}: {in_one_line(error)}; run `pruefpfad store migrate`.")
    if is_not_now(error):
        return NotNow(
            f"{name}: PostgreSQL takes nothing now; nothing was written: {in_one_line(error)}"
        )
    return StoreError(f"{name}: {in_one_line(error)}")
