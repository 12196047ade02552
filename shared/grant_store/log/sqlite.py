"""The log of an embedded ledger: a file of its own beside the ledger's."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from grant_store.errors import NoSuchTile, NotLonger, StoreError
from grant_store.leaf import instant_of, microseconds
from grant_store.log.store import SignedHead, Timestamp
from grant_store.log.tiles import Tile
from grant_store.rows import Head, LedgerEvent
from grant_store.sqlite import BUSY_TIMEOUT_SECONDS, ledger_event
from grant_store.sqlite_file import CACHE_IN_ORDER_KIB, Schema, SQLiteFile
from grant_store.sqlite_leadership import SQLiteLeadership

_SCHEMA = Schema("log/schema_sqlite.sql", 1)
_EPOCH = "epoch = coalesce(?, (SELECT max(epoch) FROM log_heads))"
_HEADS = f"SELECT size, root, note, signed_at, epoch FROM log_heads WHERE {_EPOCH}"


class SQLiteLogStore:
    """The log in the file `<service>.<lane>.log.sqlite3`; without an `epoch`, its newest."""

    def __init__(
        self,
        path: Path,
        service: str,
        lane: str,
        epoch: int | None = None,
        busy_timeout_seconds: float = BUSY_TIMEOUT_SECONDS,
    ) -> None:
        self.service = service
        self.lane = lane
        self._epoch = epoch
        self._name = f"log of {service}/{lane}"
        self._file = SQLiteFile(
            path,
            self._name,
            busy_timeout_seconds,
            schema=_SCHEMA,
            cache_kib=CACHE_IN_ORDER_KIB,
        )

    def migrate(self) -> None:
        self._file.migrate()

    def epochs(self) -> list[int]:
        return [
            row[0] for row in self._file.rows("SELECT DISTINCT epoch FROM log_heads ORDER BY 1")
        ]

    def heads(self, after_size: int = 0) -> list[SignedHead]:
        rows = self._file.rows(f"{_HEADS} AND size > ? ORDER BY size", (self._epoch, after_size))
        return [_signed_head(row) for row in rows]

    def head_sizes(self) -> list[int]:
        query = f"SELECT size FROM log_heads WHERE {_EPOCH} ORDER BY size"
        return [row[0] for row in self._file.rows(query, (self._epoch,))]

    def head(self, size: int) -> SignedHead | None:
        rows = self._file.rows(f"{_HEADS} AND size = ?", (self._epoch, size))
        return _signed_head(rows[0]) if rows else None

    def last_head(self) -> SignedHead | None:
        rows = self._file.rows(f"{_HEADS} ORDER BY size DESC LIMIT 1", (self._epoch,))
        return _signed_head(rows[0]) if rows else None

    def add_head(self, head: SignedHead, tiles: Sequence[Tile]) -> None:
        signed_at = microseconds(head.signed_at)
        with self._file.writing() as cursor:
            try:
                cursor.execute(
                    "INSERT INTO log_heads (epoch, size, root, note, signed_at)"
                    " VALUES (?, ?, ?, ?, ?)",
                    (head.epoch, head.size, head.root, head.note, signed_at),
                )
            except sqlite3.IntegrityError as error:
                raise NotLonger(f"{self._name}: size {head.size}: {error}.") from error
            cursor.executemany(
                "INSERT INTO log_tiles (epoch, level, place, hashes, root) VALUES (?, ?, ?, ?, ?)",
                [(head.epoch, tile.level, tile.index, tile.hashes, tile.root) for tile in tiles],
            )

    def cosign(self, size: int, key_name: str, line: bytes) -> None:
        self._keep("cosignatures (epoch, size, key_name, line_hash, line)", size, key_name, line)

    def cosignatures(self, size: int) -> list[bytes]:
        return [line for _, line in self._kept("cosignatures", "key_name", "line", size)]

    def cosigned_sizes(self, key_name: str | None = None) -> list[int]:
        rows = self._file.rows(
            f"SELECT DISTINCT size FROM log_cosignatures WHERE {_EPOCH}"
            " AND key_name = coalesce(?, key_name) ORDER BY size",
            (self._epoch, key_name),
        )
        return [row[0] for row in rows]

    def add_timestamp(self, size: int, authority: str, response: bytes) -> None:
        columns = "timestamps (epoch, size, authority, response_hash, response)"
        self._keep(columns, size, authority, response)

    def timestamps(self, size: int) -> list[Timestamp]:
        rows = self._kept("timestamps", "authority", "response", size)
        return [Timestamp(*row) for row in rows]

    def stamped_sizes(self) -> list[int]:
        rows = self._file.rows(
            f"SELECT DISTINCT size FROM log_timestamps WHERE {_EPOCH} ORDER BY size",
            (self._epoch,),
        )
        return [row[0] for row in rows]

    def tile(self, level: int, index: int) -> bytes:
        rows = self._file.rows(
            f"SELECT hashes FROM log_tiles WHERE {_EPOCH} AND level = ? AND place = ?",
            (self._epoch, level, index),
        )
        if not rows:
            raise NoSuchTile(f"{self._name}: no full tile {index} of level {level} is kept.")
        return bytes(rows[0][0])

    def tile_roots(self, level: int, first: int, count: int) -> list[bytes]:
        rows = self._file.rows(
            f"SELECT root FROM log_tiles WHERE {_EPOCH} AND level = ? AND place >= ?"
            " ORDER BY place LIMIT ?",
            (self._epoch, level, first, count),
        )
        return [row[0] for row in rows]

    def lead(self) -> SQLiteLeadership | None:
        return self._file.lead("checkpointer")

    def close(self) -> None:
        self._file.close()

    def _keep(self, table_and_columns: str, size: int, who: str, content: bytes) -> None:
        with self._file.writing() as cursor:
            newest = "(SELECT coalesce(?, (SELECT max(epoch) FROM log_heads)))"
            try:
                cursor.execute(
                    f"INSERT INTO log_{table_and_columns} VALUES ({newest}, ?, ?, ?, ?)"
                    " ON CONFLICT DO NOTHING",
                    (self._epoch, size, who, sha256(content).digest(), content),
                )
            except sqlite3.IntegrityError as error:
                raise StoreError(f"{self._name}: no head of size {size} is kept.") from error

    def _kept(self, table: str, who: str, content: str, size: int) -> list[tuple[Any, ...]]:
        return self._file.rows(
            f"SELECT {who}, {content} FROM log_{table} WHERE {_EPOCH} AND size = ?"
            f" ORDER BY {who}, {content}_hash",
            (self._epoch, size),
        )


class SQLiteLedgerView:
    """The ledger in a file, read through its view."""

    def __init__(self, path: Path, service: str, lane: str) -> None:
        self.service = service
        self.lane = lane
        self._file = SQLiteFile(
            path, f"{service}/{lane}", BUSY_TIMEOUT_SECONDS, cache_kib=CACHE_IN_ORDER_KIB
        )

    def head(self) -> Head:
        rows = self._file.rows(
            "SELECT position, leaf_hash FROM ledger_v1 ORDER BY position DESC LIMIT 1"
        )
        return Head(*rows[0]) if rows else Head(0, b"")

    def events_after(self, position: int, limit: int) -> list[LedgerEvent]:
        return self._events("position > ? ORDER BY position LIMIT ?", position, limit)

    def events_of(self, topic: str) -> list[LedgerEvent]:
        return self._events("topic = ? ORDER BY position", topic)

    def stream(self, originator_id: UUID) -> list[LedgerEvent]:
        return self._events("originator_id = ? ORDER BY originator_version", originator_id.bytes)

    def still(self) -> AbstractContextManager[None]:
        return nullcontext()

    def leaves(self, first: int, count: int) -> list[bytes]:
        rows = self._file.rows(
            "SELECT leaf_hash FROM ledger_v1 WHERE position > ? ORDER BY position LIMIT ?",
            (first, count),
        )
        return [row[0] for row in rows]

    def close(self) -> None:
        self._file.close()

    def _events(self, where: str, *values: object) -> list[LedgerEvent]:
        rows = self._file.rows(
            "SELECT position, event_id, originator_id, originator_version, topic, schema_version,"
            f" recorded_at_microseconds, state, metadata, leaf_hash FROM ledger_v1 WHERE {where}",
            values,
        )
        return [ledger_event(row) for row in rows]


def _signed_head(row: tuple[Any, ...]) -> SignedHead:
    size, root, note, signed_at, epoch = row
    return SignedHead(size, root, note, instant_of(signed_at), epoch)
