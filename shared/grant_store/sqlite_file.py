"""One SQLite file with its connection: opening, migrating, transactions, errors in plain words.

It knows nothing of ledgers: which tables there are stands in the script it is given.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from threading import RLock
from time import monotonic, sleep
from typing import Any, NamedTuple

from grant_store.errors import NotMigrated, NotNow, StoreError
from grant_store.sqlite_leadership import SQLiteLeadership, lead

SCHEMA_VERSION = 2
# Aggregates and documents have random keys: without room for what their indexes touch, every
# insert would read the disk, and every checkpoint write the same pages again.
CACHE_KIB = 32_000
# Enough for whoever reads or writes in the order of keys.
CACHE_IN_ORDER_KIB = 4_000
_RETRY_SECONDS = 0.01
_NOT_NOW = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY)
# Of the connection, not of the file: they are set whenever it is opened. Without recursive
# triggers an INSERT OR REPLACE would delete a row of the ledger behind the triggers' back.
_PRAGMAS = (
    "synchronous=FULL",
    "foreign_keys=ON",
    "recursive_triggers=ON",
    "wal_autocheckpoint=8000",
)


class Schema(NamedTuple):
    """The script that makes a file's tables, and the version that they then have."""

    script: str
    version: int

    @property
    def text(self) -> str:
        return files("grant_store").joinpath(self.script).read_text(encoding="utf-8")


LEDGER = Schema("schema_sqlite.sql", SCHEMA_VERSION)


class SQLiteFile:
    """A file that appears with `migrate` and is opened when it is first needed; `read_only`, it
    cannot be changed by whoever has opened it.

    A lock lets one thread at a time use the connection; other processes wait for
    `busy_timeout_seconds` at most.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        busy_timeout_seconds: float,
        *,
        schema: Schema = LEDGER,
        read_only: bool = False,
        cache_kib: int = CACHE_KIB,
    ) -> None:
        self._path = path
        self._cache_kib = cache_kib
        self._schema = schema
        self._read_only = read_only
        self._name = name
        self._busy_timeout_seconds = busy_timeout_seconds
        self._lock = RLock()
        self._connection: sqlite3.Connection | None = None
        self._is_migrated = False
        self._is_closed = False

    def migrate(self) -> None:
        """Create the file and what is missing in it. Safe in several processes at once."""
        with self._lock, self._plain_errors():
            if not self._in_memory:
                self._path.parent.mkdir(parents=True, exist_ok=True)
            connection = self._connected()
            self._refuse_newer(_user_version(connection))
            self._write_ahead(connection)
            script, version = self._schema.text, self._schema.version
            connection.executescript(
                f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version={version};\nCOMMIT;"
            )
            self._is_migrated = True

    @contextmanager
    def writing(self, *, flushed: bool = True) -> Iterator[sqlite3.Cursor]:
        """One transaction that holds the write lock from the start. Any exception undoes it.

        One that is not `flushed` is whole or not there after a power cut, but may not be there.
        """
        with self._lock, self._plain_errors():
            connection = self._opened()
            connection.execute(f"PRAGMA synchronous={'FULL' if flushed else 'NORMAL'}")
            cursor = connection.cursor()
            try:
                cursor.execute("BEGIN IMMEDIATE")
                yield cursor
                cursor.execute("COMMIT")
            except BaseException:
                # After some failures, such as a full disk, SQLite has rolled back by itself.
                if connection.in_transaction:
                    connection.rollback()
                raise
            finally:
                cursor.close()

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self._lock, self._plain_errors():
            return self._opened().execute(sql, values).fetchall()

    def lead(self, role: str = "relay") -> SQLiteLeadership | None:
        """The leadership in a role, or None while another process has it."""
        with self._plain_errors():
            beside = self._path.with_name(f"{self._path.name}.{role}")
            return lead(self._path if self._in_memory else beside)

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
            if self._connection is not None:
                self._connection.close()

    @property
    def _in_memory(self) -> bool:
        return str(self._path) == ":memory:"

    def _opened(self) -> sqlite3.Connection:
        if self._is_migrated and self._connection is not None and not self._is_closed:
            return self._connection
        if not self._in_memory and not self._path.exists():
            raise NotMigrated(
                f"{self._name}: there is no store at {self._path}; run `pruefpfad store migrate`."
            )
        connection = self._connected()
        version = _user_version(connection)
        self._refuse_newer(version)
        if version < self._schema.version:
            raise NotMigrated(
                f"{self._name}: the tables in {self._path} are missing or old; "
                "run `pruefpfad store migrate`."
            )
        self._is_migrated = True
        return connection

    def _connected(self) -> sqlite3.Connection:
        if self._is_closed:
            raise StoreError(f"{self._name}: this store has been closed.")
        if self._connection is None:
            self._connection = sqlite3.connect(
                f"{self._path.absolute().as_uri()}?mode=ro" if self._read_only else self._path,
                isolation_level=None,
                check_same_thread=False,
                timeout=self._busy_timeout_seconds,
                uri=self._read_only,
            )
            for pragma in (*_PRAGMAS, f"cache_size=-{self._cache_kib}"):
                self._connection.execute(f"PRAGMA {pragma}")
        return self._connection

    def _refuse_newer(self, version: int) -> None:
        if version > self._schema.version:
            raise NotMigrated(
                f"{self._name}: the store has schema version {version}, "
                f"this program knows {self._schema.version}; run a newer `pruefpfad`."
            )

    def _write_ahead(self, connection: sqlite3.Connection) -> None:
        """Readers go on while somebody writes. SQLite does not wait for its turn here: we do."""
        deadline = monotonic() + self._busy_timeout_seconds
        while True:
            try:
                connection.execute("PRAGMA journal_mode=WAL")
                return
            except sqlite3.OperationalError as error:
                if _primary_code(error) != sqlite3.SQLITE_BUSY or monotonic() > deadline:
                    raise
                sleep(_RETRY_SECONDS)

    @contextmanager
    def _plain_errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            kind = NotNow if _primary_code(error) in _NOT_NOW else StoreError
            raise kind(f"{self._name}: {self._in_words(error)}") from error

    def _in_words(self, error: sqlite3.Error | OSError) -> str:
        match _primary_code(error):
            case sqlite3.SQLITE_BUSY:
                return (
                    f"another process has been writing to {self._path} for more than "
                    f"{self._busy_timeout_seconds:g} seconds; nothing was written."
                )
            case sqlite3.SQLITE_FULL:
                return f"no room left for {self._path}; nothing was written ({error})."
            case sqlite3.SQLITE_READONLY:
                return f"{self._path} may only be read; nothing was written ({error})."
        return f"{self._path}: {error}"


def _user_version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


def _primary_code(error: BaseException) -> int:
    """SQLite's own code without its details; 0 for an error that is not SQLite's."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF
