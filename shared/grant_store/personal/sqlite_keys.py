"""Data keys in an SQLite file of their own.

What is overwritten is gone from the file: `secure_delete`, and a journal that is cut to nothing
after each transaction instead of a write-ahead log that keeps old pages for a while.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any
from uuid import UUID

from grant_store.errors import NotMigrated, NotNow, StoreError
from grant_store.personal.key_store import FIRST, StoredKey
from grant_values.personal import Holder

_SCHEMA = """
CREATE TABLE IF NOT EXISTS data_keys (
    subject BLOB NOT NULL CHECK (length(subject) = 16),
    purpose TEXT NOT NULL,
    key_id BLOB NOT NULL UNIQUE CHECK (length(key_id) = 16),
    wrapped_under TEXT NOT NULL,
    wrapped BLOB, -- NULL: destroyed
    PRIMARY KEY (subject, purpose)
) WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS destroyed_for_good BEFORE UPDATE ON data_keys
WHEN OLD.wrapped IS NULL AND NEW.wrapped IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a destroyed key stays destroyed'); END;
CREATE TRIGGER IF NOT EXISTS never_removed BEFORE DELETE ON data_keys
BEGIN SELECT RAISE(ABORT, 'that a key was there stays on record'); END;
"""
_PRAGMAS = (
    "secure_delete=ON",
    "journal_mode=TRUNCATE",
    "synchronous=FULL",
    "recursive_triggers=ON",
)
_COLUMNS = "SELECT key_id, subject, purpose, wrapped_under, wrapped FROM data_keys"
_AT_ONCE = 400
_NOT_NOW = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY)
_BUSY_SECONDS = 30.0


class SQLiteKeys:
    """The file of the data keys. It appears with `migrate`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = RLock()
        self._connection: sqlite3.Connection | None = None
        self._opened_file: tuple[int, int] | None = None

    def migrate(self) -> None:
        with self._lock, self._plain_errors():
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._path.touch(mode=0o600)
            self._opened().executescript(f"BEGIN IMMEDIATE;{_SCHEMA}COMMIT;")

    def grant_roles(self, prefix: str) -> None:
        raise StoreError(
            "vault: SQLite has no roles; who may read is up to its file's permissions."
        )

    def add(self, fresh: Callable[[], Sequence[StoredKey]]) -> None:
        with self._writing() as connection:
            connection.executemany(
                "INSERT INTO data_keys (subject, purpose, key_id, wrapped_under, wrapped)"
                " VALUES (?, ?, ?, ?, ?) ON CONFLICT (subject, purpose) DO NOTHING",
                [_row(key) for key in fresh()],
            )

    def wait_for_additions(self) -> None:
        with self._writing():
            """Only one writes at a time."""

    def of_holders(self, holders: Collection[Holder]) -> dict[Holder, StoredKey]:
        places = [(holder.subject.bytes, holder.purpose) for holder in holders]
        values = "subject, purpose) IN (VALUES {})"
        found = self._of_many(f"WHERE ({values}", "(?, ?)", places)
        return {key.holder: key for key in found}

    def with_ids(self, key_ids: Collection[UUID]) -> dict[UUID, StoredKey]:
        found = self._of_many("WHERE key_id IN ({})", "?", [(key_id.bytes,) for key_id in key_ids])
        return {key.key_id: key for key in found}

    def of_subject(self, subject: UUID) -> list[StoredKey]:
        return self._keys("WHERE subject = ? ORDER BY purpose", (subject.bytes,))

    def of_purpose(self, purpose: str) -> list[StoredKey]:
        return self._keys("WHERE purpose = ?", (purpose,))

    def destroy(self, holder: Holder) -> UUID | None:
        found = self.of_holders([holder])
        if not found:
            return None
        with self._writing() as connection:
            connection.execute(
                "UPDATE data_keys SET wrapped = NULL WHERE subject = ? AND purpose = ?",
                (holder.subject.bytes, holder.purpose),
            )
        return found[holder].key_id

    def wrapped_otherwise(
        self, wrapped_under: str, limit: int, after: UUID = FIRST
    ) -> list[StoredKey]:
        return self._keys(
            "WHERE wrapped_under <> ? AND wrapped IS NOT NULL AND key_id > ?"
            " ORDER BY key_id LIMIT ?",
            (wrapped_under, after.bytes, limit),
        )

    def protections(self) -> dict[str, int]:
        return dict(
            self._rows(
                "SELECT wrapped_under, count(*) FROM data_keys WHERE wrapped IS NOT NULL"
                " GROUP BY wrapped_under"
            )
        )

    def wrap_anew(self, keys: Sequence[StoredKey]) -> None:
        with self._writing() as connection:
            connection.executemany(
                "UPDATE data_keys SET wrapped_under = ?, wrapped = ?"
                " WHERE key_id = ? AND wrapped IS NOT NULL",
                [(key.wrapped_under, key.wrapped, key.key_id.bytes) for key in keys],
            )

    def sweep(self) -> None:
        """Nothing to do: here what is overwritten is gone at once."""

    def counts(self) -> dict[str, tuple[int, int]]:
        rows = self._rows(
            "SELECT purpose, count(wrapped), count(*) - count(wrapped) FROM data_keys"
            " GROUP BY purpose ORDER BY purpose"
        )
        return {purpose: (live, destroyed) for purpose, live, destroyed in rows}

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _of_many(
        self, where: str, place: str, values: Sequence[tuple[object, ...]]
    ) -> Iterator[StoredKey]:
        for start in range(0, len(values), _AT_ONCE):
            part = values[start : start + _AT_ONCE]
            places = ", ".join([place] * len(part))
            yield from self._keys(where.format(places), [each for row in part for each in row])

    def _keys(self, where: str, values: Sequence[object]) -> list[StoredKey]:
        return [
            StoredKey(UUID(bytes=key_id), Holder(UUID(bytes=subject), purpose), under, wrapped)
            for key_id, subject, purpose, under, wrapped in self._rows(
                f"{_COLUMNS} {where}", values
            )
        ]

    def _rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self._lock, self._plain_errors():
            return self._opened().execute(query, values).fetchall()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._plain_errors():
            connection = self._opened()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.rollback()
                raise

    def _opened(self) -> sqlite3.Connection:
        """A connection to the file that is there now. One to a file that was taken away or put back
        would go on with what nobody else sees."""
        if not self._path.exists():
            raise NotMigrated(f"vault: there are no keys at {self._path}.")
        file = self._path.stat()
        if self._connection is not None and self._opened_file != (file.st_dev, file.st_ino):
            self._connection.close()
            self._connection = None
        if self._connection is None:
            self._opened_file = file.st_dev, file.st_ino
            self._connection = sqlite3.connect(
                self._path, isolation_level=None, check_same_thread=False, timeout=_BUSY_SECONDS
            )
            for pragma in _PRAGMAS:
                self._connection.execute(f"PRAGMA {pragma}")
        return self._connection

    @contextmanager
    def _plain_errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            kind = NotNow if code in _NOT_NOW else StoreError
            raise kind(f"vault: {self._path}: {error}") from error


def _row(key: StoredKey) -> tuple[object, ...]:
    subject, purpose = key.holder
    return subject.bytes, purpose, key.key_id.bytes, key.wrapped_under, key.wrapped
