"""The log of a ledger on PostgreSQL: a schema of its own, `<ledger's schema>_log`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC
from hashlib import sha256
from typing import Any
from uuid import UUID

import psycopg
from psycopg import errors, sql
from psycopg.types.numeric import Int8

from grant_store.errors import NoSuchTile, NotLonger, OutcomeUnknown, StoreError, Unreachable
from grant_store.log.store import SignedHead, Timestamp
from grant_store.log.tiles import Tile
from grant_store.postgres import ledger_event
from grant_store.postgres_arrays import columns
from grant_store.postgres_connection import ConnectionLost, GuardedConnection, in_words
from grant_store.postgres_leadership import PostgresLeadership, lead
from grant_store.postgres_migration import migrate
from grant_store.rows import Head, LedgerEvent

_EPOCH = "epoch = coalesce(%b::integer, (SELECT max(epoch) FROM {heads}))"
_HEADS = f"SELECT size, root, note, signed_at, epoch FROM {{heads}} WHERE {_EPOCH}"
_ADD_HEAD = """
WITH head AS (
    INSERT INTO {heads} (epoch, size, root, note, signed_at)
    VALUES (%b::integer, %b::bigint, %b::bytea, %b::bytea, %b::timestamptz) RETURNING epoch
), cut AS (
    INSERT INTO {tiles} (epoch, level, index, hashes, root)
    SELECT head.epoch, new.level, new.index, new.hashes, new.root
    FROM head, unnest(%b::bigint[], %b::bigint[], %b::bytea[], %b::bytea[])
        AS new (level, index, hashes, root)
    RETURNING 1
)
SELECT (SELECT count(*) FROM head), (SELECT count(*) FROM cut)
"""
_TILE_TYPES = ("bigint", "bigint", "bytea", "bytea")
_NOT_LONGER = "PF007"


class _Schemas:
    """A connection, and statements about the schemas of one ledger and its log."""

    def __init__(self, dsn: str, name: str, schema: str) -> None:
        self._name = name
        # Without a check of the version: an auditor sees the log, and no more of the ledger than
        # its view. What is missing is noticed by the first question.
        self._connection = GuardedConnection(dsn, name, None)
        self._tables = {
            "ledger": sql.Identifier(schema, "ledger_v1"),
            **{
                table: sql.Identifier(f"{schema}_log", table)
                for table in ("heads", "tiles", "cosignatures", "timestamps")
            },
        }

    def rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Ask again once after a lost connection."""
        try:
            try:
                return self._rows(query, values)
            except ConnectionLost:
                return self._rows(query, values)
        except ConnectionLost as loss:
            raise Unreachable(f"{self._name}: the connection broke twice: {loss}") from loss

    def write(self, query: str, values: Sequence[object]) -> None:
        """Once, because it is not known whether a lost statement was carried out."""
        try:
            self._rows(query, values)
        except ConnectionLost as loss:
            raise OutcomeUnknown(f"{self._name}: written or not is open: {loss}") from loss

    def close(self) -> None:
        self._connection.close()

    def _rows(self, query: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        composed = sql.SQL(query).format(**self._tables).as_bytes(None)
        try:
            return self._connection.rows(composed, values)
        except psycopg.Error as error:
            if error.diag.sqlstate == _NOT_LONGER:
                raise NotLonger(f"{self._name}: {error.diag.message_primary}.") from error
            if isinstance(error, errors.ForeignKeyViolation):
                raise StoreError(f"{self._name}: no such head is kept.") from error
            raise in_words(self._name, error) from error


class PostgresLogStore:
    """The log in the schema `<ledger's schema>_log`; without an `epoch`, its newest."""

    def __init__(self, dsn: str, service: str, lane: str, epoch: int | None = None) -> None:
        self.service = service
        self.lane = lane
        self._dsn = dsn
        self._epoch = epoch
        self._name = f"log of {service}/{lane}"
        self._schema = service if lane == "main" else f"{service}_{lane}"
        self._log = _Schemas(dsn, self._name, self._schema)

    def migrate(self) -> None:
        migrate(self._dsn, self._name, self._schema)

    def epochs(self) -> list[int]:
        return [row[0] for row in self._log.rows("SELECT DISTINCT epoch FROM {heads} ORDER BY 1")]

    def heads(self, after_size: int = 0) -> list[SignedHead]:
        rows = self._log.rows(
            f"{_HEADS} AND size > %b::bigint ORDER BY size", (self._epoch, Int8(after_size))
        )
        return [_signed_head(row) for row in rows]

    def head_sizes(self) -> list[int]:
        query = f"SELECT size FROM {{heads}} WHERE {_EPOCH} ORDER BY size"
        return [row[0] for row in self._log.rows(query, (self._epoch,))]

    def head(self, size: int) -> SignedHead | None:
        rows = self._log.rows(f"{_HEADS} AND size = %b::bigint", (self._epoch, Int8(size)))
        return _signed_head(rows[0]) if rows else None

    def last_head(self) -> SignedHead | None:
        rows = self._log.rows(f"{_HEADS} ORDER BY size DESC LIMIT 1", (self._epoch,))
        return _signed_head(rows[0]) if rows else None

    def add_head(self, head: SignedHead, tiles: Sequence[Tile]) -> None:
        cut = [(tile.level, tile.index, tile.hashes, tile.root) for tile in tiles]
        self._log.write(
            _ADD_HEAD,
            [
                *(head.epoch, Int8(head.size), head.root, head.note, head.signed_at),
                *columns(cut, _TILE_TYPES),
            ],
        )

    def cosign(self, size: int, key_name: str, line: bytes) -> None:
        self._keep("{cosignatures} (epoch, size, key_name, line_hash, line)", size, key_name, line)

    def cosignatures(self, size: int) -> list[bytes]:
        return [line for _, line in self._kept("cosignatures", "key_name", "line", size)]

    def cosigned_sizes(self, key_name: str | None = None) -> list[int]:
        rows = self._log.rows(
            f"SELECT DISTINCT size FROM {{cosignatures}} WHERE {_EPOCH}"
            " AND key_name = coalesce(%b::text, key_name) ORDER BY size",
            (self._epoch, key_name),
        )
        return [row[0] for row in rows]

    def add_timestamp(self, size: int, authority: str, response: bytes) -> None:
        columns = "{timestamps} (epoch, size, authority, response_hash, response)"
        self._keep(columns, size, authority, response)

    def timestamps(self, size: int) -> list[Timestamp]:
        rows = self._kept("timestamps", "authority", "response", size)
        return [Timestamp(*row) for row in rows]

    def stamped_sizes(self) -> list[int]:
        rows = self._log.rows(
            f"SELECT DISTINCT size FROM {{timestamps}} WHERE {_EPOCH} ORDER BY size",
            (self._epoch,),
        )
        return [row[0] for row in rows]

    def tile(self, level: int, index: int) -> bytes:
        rows = self._log.rows(
            f"SELECT hashes FROM {{tiles}} WHERE {_EPOCH}"
            " AND level = %b::bigint AND index = %b::bigint",
            (self._epoch, Int8(level), Int8(index)),
        )
        if not rows:
            raise NoSuchTile(f"{self._name}: no full tile {index} of level {level} is kept.")
        return bytes(rows[0][0])

    def tile_roots(self, level: int, first: int, count: int) -> list[bytes]:
        rows = self._log.rows(
            f"SELECT root FROM {{tiles}} WHERE {_EPOCH} AND level = %b::bigint"
            " AND index >= %b::bigint ORDER BY index LIMIT %b::bigint",
            (self._epoch, Int8(level), Int8(first), Int8(count)),
        )
        return [row[0] for row in rows]

    def lead(self) -> PostgresLeadership | None:
        return lead(self._dsn, self._name, self._schema, "checkpointer")

    def close(self) -> None:
        self._log.close()

    def _keep(self, table_and_columns: str, size: int, who: str, content: bytes) -> None:
        """Repeated after a lost connection: again does nothing."""
        self._log.rows(
            f"INSERT INTO {table_and_columns} VALUES (coalesce(%b::integer,"
            " (SELECT max(epoch) FROM {heads})), %b::bigint, %b::text, %b::bytea, %b::bytea)"
            " ON CONFLICT DO NOTHING RETURNING 1",
            (self._epoch, Int8(size), who, sha256(content).digest(), content),
        )

    def _kept(self, table: str, who: str, content: str, size: int) -> list[tuple[Any, ...]]:
        return self._log.rows(
            f"SELECT {who}, {content} FROM {{{table}}} WHERE {_EPOCH} AND size = %b::bigint"
            f" ORDER BY {who}, {content}_hash",
            (self._epoch, Int8(size)),
        )


class PostgresLedgerView:
    """The ledger in a schema, read through its view alone."""

    def __init__(self, dsn: str, service: str, lane: str) -> None:
        self.service = service
        self.lane = lane
        schema = service if lane == "main" else f"{service}_{lane}"
        self._schema = schema
        self._ledger = _Schemas(dsn, f"{service}/{lane}", schema)

    def head(self) -> Head:
        rows = self._ledger.rows(
            "SELECT position, leaf_hash FROM {ledger} ORDER BY position DESC LIMIT 1"
        )
        return Head(*rows[0]) if rows else Head(0, b"")

    def events_after(self, position: int, limit: int) -> list[LedgerEvent]:
        return self._events(
            "position > %b::bigint ORDER BY position LIMIT %b::bigint", Int8(position), Int8(limit)
        )

    def events_of(self, topic: str) -> list[LedgerEvent]:
        return self._events("topic = %b::text ORDER BY position", topic)

    def stream(self, originator_id: UUID) -> list[LedgerEvent]:
        return self._events("originator_id = %b::uuid ORDER BY originator_version", originator_id)

    @contextmanager
    def still(self) -> Iterator[None]:
        # The lock of the append function, by the session: it also ends with the connection.
        name = (self._schema,)
        self._ledger.rows("SELECT 1 FROM pg_advisory_lock(20582, hashtext(%b::text))", name)
        try:
            yield
        finally:
            self._ledger.rows("SELECT pg_advisory_unlock(20582, hashtext(%b::text))", name)

    def leaves(self, first: int, count: int) -> list[bytes]:
        rows = self._ledger.rows(
            "SELECT leaf_hash FROM {ledger}"
            " WHERE position > %b::bigint ORDER BY position LIMIT %b::bigint",
            (Int8(first), Int8(count)),
        )
        return [row[0] for row in rows]

    def close(self) -> None:
        self._ledger.close()

    def _events(self, where: str, *values: object) -> list[LedgerEvent]:
        rows = self._ledger.rows(
            "SELECT position, event_id, originator_id, originator_version, topic, schema_version,"
            f" recorded_at, state, metadata, leaf_hash FROM {{ledger}} WHERE {where}",
            values,
        )
        return [ledger_event(row) for row in rows]


def _signed_head(row: tuple[Any, ...]) -> SignedHead:
    size, root, note, signed_at, epoch = row
    return SignedHead(size, root, note, signed_at.astimezone(UTC), epoch)
