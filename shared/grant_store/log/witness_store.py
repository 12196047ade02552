"""What a witness remembers, in a SQLite file of its own: keys, cosigned heads, refusals.

Nothing in it is ever changed or taken away, and the file itself refuses to. It knows nothing of
signatures and proofs: whether a head may be kept, `witness` has decided.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from grant_store.errors import StoreError
from grant_store.leaf import instant_of, microseconds
from grant_store.log.checkpoint import Checkpoint
from grant_store.log.note import Note, VerifierKey

_FILE = "witness.sqlite3"
_BUSY_TIMEOUT_SECONDS = 10
_SCHEMA = """
CREATE TABLE IF NOT EXISTS keys (
    number INTEGER PRIMARY KEY,
    origin TEXT NOT NULL,
    vkey TEXT NOT NULL,
    is_trusted INTEGER NOT NULL,  -- The last row of a key says whether it is.
    at INTEGER NOT NULL           -- Microseconds since 1970-01-01T00:00Z, here and below.
) STRICT;
CREATE TABLE IF NOT EXISTS heads (
    number INTEGER PRIMARY KEY,
    origin TEXT NOT NULL,
    note BLOB NOT NULL,           -- With the cosignatures of this witness.
    cosigned_at INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS refusals (
    number INTEGER PRIMARY KEY,
    origin TEXT NOT NULL,
    reason TEXT NOT NULL,
    explanation TEXT NOT NULL,
    request BLOB NOT NULL,        -- As it came, with the head that was refused.
    last_note BLOB,               -- The last cosigned head at that time.
    refused_at INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS heads_by_origin ON heads (origin, number);
"""
_TABLES = ("keys", "heads", "refusals")
_GUARD = """
CREATE TRIGGER IF NOT EXISTS {table}_{action} BEFORE {action} ON {table}
BEGIN SELECT RAISE(ABORT, 'a witness forgets nothing'); END;
"""
# INSERT OR REPLACE takes a row away without asking the guard against DELETE.
_GUARD_OF_ROWS = """
CREATE TRIGGER IF NOT EXISTS {table}_REPLACE BEFORE INSERT ON {table}
WHEN EXISTS (SELECT 1 FROM {table} WHERE number = NEW.number)
BEGIN SELECT RAISE(ABORT, 'a witness forgets nothing'); END;
"""


class WitnessedHead(NamedTuple):
    """A head that this witness has cosigned, in the note that it released."""

    checkpoint: Checkpoint
    note: bytes
    cosigned_at: datetime


class Refusal(NamedTuple):
    """What was asked and not cosigned, beside the head that was cosigned last."""

    origin: str
    reason: str
    explanation: str
    request: bytes
    last_note: bytes | None
    refused_at: datetime


class Cosigning:
    """One request in one transaction, during which no other process can answer another."""

    def __init__(
        self, connection: sqlite3.Connection, origin: str, trusted: Sequence[VerifierKey]
    ) -> None:
        self._connection = connection
        self._origin = origin
        self.trusted = trusted
        self.last = _last_head(connection, origin)

    def keep(self, checkpoint: Checkpoint, note: bytes, at: datetime) -> None:
        self._insert("heads (origin, note, cosigned_at)", checkpoint.origin, note, microseconds(at))

    def refuse(self, reason: str, explanation: str, request: bytes, at: datetime) -> None:
        self._insert(
            "refusals (origin, reason, explanation, request, last_note, refused_at)",
            self._origin,
            reason,
            explanation,
            request,
            self.last.note if self.last else None,
            microseconds(at),
        )

    def refused_requests(self, reason: str) -> list[bytes]:
        """The requests about this log that were refused for this reason."""
        rows = self._connection.execute(
            "SELECT request FROM refusals WHERE origin = ? AND reason = ?", (self._origin, reason)
        )
        return [request for (request,) in rows]

    def _insert(self, table: str, *values: object) -> None:
        marks = ", ".join("?" * len(values))
        self._connection.execute(f"INSERT INTO {table} VALUES ({marks})", values)


class WitnessStore:
    """The file in the folder of a witness. It is made once: one that has lost its file would
    cosign another history from the beginning, and must not go on under its name."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _FILE

    def create(self) -> None:
        """An empty store, which knows no log yet."""
        with self._writing(mode="rwc") as connection:
            _create_missing(connection)

    @contextmanager
    def cosigning(self, origin: str) -> Iterator[Cosigning]:
        """A transaction that is flushed to disk when it ends, and undone by any exception."""
        with self._writing() as connection:
            yield Cosigning(connection, origin, _trusted(connection, origin))

    def trust(self, key: VerifierKey, at: datetime) -> bool:
        return self._change(key, True, at)

    def distrust(self, key: VerifierKey, at: datetime) -> bool:
        return self._change(key, False, at)

    def trusted(self, origin: str | None = None) -> list[VerifierKey]:
        with self._writing() as connection:
            return _trusted(connection, origin)

    def last_head(self, origin: str) -> WitnessedHead | None:
        with self._writing() as connection:
            return _last_head(connection, origin)

    def last_heads(self) -> list[WitnessedHead]:
        """The newest of each log, by origin."""
        with self._writing() as connection:
            rows = connection.execute(
                "SELECT note, cosigned_at FROM heads WHERE number IN "
                "(SELECT max(number) FROM heads GROUP BY origin) ORDER BY origin"
            )
            return [_head(*row) for row in rows]

    def heads_after(self, number: int, limit: int) -> list[tuple[int, WitnessedHead]]:
        """The next of all heads, with their numbers, in the order in which they were cosigned."""
        with self._writing() as connection:
            rows = connection.execute(
                "SELECT number, note, cosigned_at FROM heads WHERE number > ? ORDER BY number"
                " LIMIT ?",
                (number, limit),
            )
            return [(each, _head(*row)) for each, *row in rows]

    def refusals(self) -> list[Refusal]:
        with self._writing() as connection:
            rows = connection.execute(
                "SELECT origin, reason, explanation, request, last_note, refused_at "
                "FROM refusals ORDER BY number"
            )
            return [_refusal(*row) for row in rows]

    def _change(self, key: VerifierKey, is_trusted: bool, at: datetime) -> bool:
        with self._writing() as connection:
            if (key in _trusted(connection, key.name)) == is_trusted:
                return False
            connection.execute(
                "INSERT INTO keys (origin, vkey, is_trusted, at) VALUES (?, ?, ?, ?)",
                (key.name, str(key), is_trusted, microseconds(at)),
            )
            return True

    @contextmanager
    def _writing(self, mode: str = "rw") -> Iterator[sqlite3.Connection]:
        """A transaction that holds the write lock from the start."""
        if mode == "rw" and not self._path.exists():
            raise StoreError(
                f"witness: expected {self._path}, which `witness init` made: restore it from its"
                " backup, or make a witness with another name and keys"
            )
        try:
            connection = sqlite3.connect(
                f"{self._path.absolute().as_uri()}?mode={mode}",
                uri=True,
                isolation_level=None,
                timeout=_BUSY_TIMEOUT_SECONDS,
            )
            try:
                connection.execute("PRAGMA synchronous=FULL")
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
            finally:
                connection.close()  # Which undoes what is not committed.
        except sqlite3.Error as error:
            raise StoreError(f"witness: {self._path}: {error}") from error


def _create_missing(connection: sqlite3.Connection) -> None:
    guards = [
        *(
            _GUARD.format(table=each, action=how)
            for each in _TABLES
            for how in ("UPDATE", "DELETE")
        ),
        *(_GUARD_OF_ROWS.format(table=each) for each in _TABLES),
    ]
    for statement in (*_SCHEMA.split(";\n"), *guards, "PRAGMA user_version=1"):
        connection.execute(statement)


def _trusted(connection: sqlite3.Connection, origin: str | None) -> list[VerifierKey]:
    rows = connection.execute(
        "SELECT vkey FROM keys WHERE is_trusted AND (? IS NULL OR origin = ?) AND number IN "
        "(SELECT max(number) FROM keys GROUP BY vkey) ORDER BY number",
        (origin, origin),
    )
    return [VerifierKey.parse(vkey) for (vkey,) in rows]


def _last_head(connection: sqlite3.Connection, origin: str) -> WitnessedHead | None:
    row = connection.execute(
        "SELECT note, cosigned_at FROM heads WHERE origin = ? ORDER BY number DESC LIMIT 1",
        (origin,),
    ).fetchone()
    return _head(*row) if row else None


def _head(*row: Any) -> WitnessedHead:
    note, cosigned_at = row
    checkpoint = Checkpoint.parse(Note.parse(note).text)
    return WitnessedHead(checkpoint, note, instant_of(cosigned_at))


def _refusal(*row: Any) -> Refusal:
    origin, reason, explanation, request, last_note, refused_at = row
    return Refusal(origin, reason, explanation, request, last_note, instant_of(refused_at))
