"""The store on PostgreSQL: a ledger schema and a working schema per service and lane.

Appending is one call of the function in `schema_postgres.sql`; this module passes columns in and
turns what comes back into rows and errors. It knows nothing of what events mean.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.types.numeric import Int8

from grant_store.errors import (
    AppendConflict,
    EventRepeated,
    HeadMoved,
    KeyReused,
    StoreError,
    TrackingConflict,
    Unreachable,
    VersionConflict,
)
from grant_store.leaf import instant_of, microseconds
from grant_store.postgres_arrays import columns
from grant_store.postgres_connection import (
    ConnectionLost,
    GuardedConnection,
    in_words,
)
from grant_store.postgres_leadership import PostgresLeadership, lead
from grant_store.postgres_migration import migrate
from grant_store.postgres_patience import SILENCE_SECONDS
from grant_store.postgres_recovery import settle
from grant_store.postgres_roles import grant_roles
from grant_store.rows import (
    Append,
    Appended,
    Document,
    Head,
    KindAndKey,
    LedgerEvent,
    SenderAndKey,
    Standing,
    StoredOutcome,
    Tracked,
    keys_with_prefix,
    standing_of,
    stored_outcome,
)
from grant_store.store import check_names

_CONFLICTS: dict[str, type[AppendConflict]] = {
    "PF001": HeadMoved,
    "PF002": VersionConflict,
    "PF003": EventRepeated,
    "PF004": TrackingConflict,
    "PF005": KeyReused,
}
_COLUMNS = (
    "SELECT position, event_id, originator_id, originator_version, topic, schema_version,"
    " recorded_at, state, metadata, leaf_hash FROM {events} "
)


_STANDING = """
SELECT head.position, known.upstream, known.position
FROM (SELECT coalesce(max(position), 0) AS position FROM {events}) AS head
LEFT JOIN {tracking} AS known ON true
"""


class PostgresStore:
    """A ledger in the schema `<service>`, or `<service>_<lane>` for another lane than main.

    Without a `clock` the server's is used. `patience_seconds` is how long a lost connection is
    reopened before an append is given up as unknown, `silence_seconds` how long an answer may keep
    the store waiting before the connection counts as lost. What is opened `read_only` takes
    nothing.
    """

    def __init__(
        self,
        dsn: str,
        service: str,
        lane: str = "main",
        clock: Callable[[], datetime] | None = None,
        patience_seconds: float = 5.0,
        silence_seconds: float = SILENCE_SECONDS,
        *,
        read_only: bool = False,
    ) -> None:
        check_names(service, lane)
        self.service = service
        self.lane = lane
        self._dsn = dsn
        self._clock = clock
        self._patience_seconds = patience_seconds
        self._schema = _schema_of(service, lane)
        guarded = partial(
            GuardedConnection, dsn, self.origin, self._schema, silence_seconds, read_only=read_only
        )
        self._appends, self._reads = guarded(), guarded()
        self._statements: dict[str, bytes] = {}

    @property
    def origin(self) -> str:
        return f"{self.service}/{self.lane}"

    def migrate(self) -> None:
        migrate(self._dsn, self.origin, self._schema)

    def grant_roles(self, prefix: str, readers: Sequence[str] = ()) -> None:
        schemas = [_schema_of(reader, self.lane) for reader in readers]
        grant_roles(self._dsn, self.origin, self._schema, prefix, schemas)

    def append(self, append: Append) -> Appended:
        try:
            return self._append_once(append)
        except ConnectionLost as loss:
            return settle(append, loss, self._append_once, self, self._patience_seconds)

    def head(self) -> Head:
        row = self._one("SELECT position, leaf_hash FROM {events} ORDER BY position DESC LIMIT 1")
        return Head(*row) if row else Head(0, b"")

    def events_after(self, position: int, limit: int) -> list[LedgerEvent]:
        return self._events(
            "WHERE position > %b::bigint ORDER BY position LIMIT %b::bigint",
            (Int8(position), Int8(limit)),
        )

    def stream(self, originator_id: UUID, after_version: int = 0) -> list[LedgerEvent]:
        return self._events(
            "WHERE originator_id = %b AND originator_version > %b::bigint"
            " ORDER BY originator_version",
            (originator_id, Int8(after_version)),
        )

    def events_with_ids(self, event_ids: Sequence[UUID]) -> list[LedgerEvent]:
        """Those of these events that are recorded, in order of position."""
        return self._events("WHERE event_id = ANY(%b::uuid[]) ORDER BY position", ([*event_ids],))

    def next_place(self) -> tuple[int, datetime]:
        """The position and the instant that an event appended now would get at least."""
        [(position, now)] = self._rows(
            "SELECT coalesce(max(position), 0) + 1, greatest(max(recorded_at), clock_timestamp())"
            " FROM {events}"
        )
        return position, now.astimezone(UTC)

    def tracked(self, upstream: str) -> Tracked:
        row = self._one(
            "SELECT position, leaf_hash FROM {tracking} WHERE upstream = %b::text", (upstream,)
        )
        return Tracked(upstream, *row) if row else Tracked(upstream, 0, b"")

    def standing(self) -> Standing:
        return standing_of(self._rows(_STANDING))

    def outcome(self, sender: str, key: str) -> StoredOutcome | None:
        return self.outcomes([(sender, key)]).get((sender, key))

    def outcomes(self, keys: Sequence[SenderAndKey]) -> dict[SenderAndKey, StoredOutcome]:
        rows = self._rows(
            "SELECT sender, key, body_hash, kind, reason, first_position, event_count"
            " FROM {outcomes} JOIN unnest(%b::text[], %b::text[]) AS asked (sender, key)"
            " USING (sender, key)",
            columns(keys, ("text", "text")),
        )
        return {row[:2]: stored_outcome(row) for row in rows}

    def streams(self, originator_ids: Sequence[UUID]) -> dict[UUID, list[LedgerEvent]]:
        found: dict[UUID, list[LedgerEvent]] = {each: [] for each in originator_ids}
        for row in self._events(
            "WHERE originator_id = ANY(%b::uuid[]) ORDER BY originator_id, originator_version",
            columns([(each,) for each in originator_ids], ("uuid",)),
        ):
            found[row.originator_id].append(row)
        return found

    def document(self, kind: str, key: str) -> bytes | None:
        row = self._one(
            "SELECT body FROM {documents} WHERE kind = %b::text AND key = %b::text", (kind, key)
        )
        return row[0] if row else None

    def documents_at(self, names: Sequence[KindAndKey]) -> dict[KindAndKey, bytes]:
        rows = self._rows(
            "SELECT kind, key, body FROM {documents}"
            " JOIN unnest(%b::text[], %b::text[]) AS asked (kind, key) USING (kind, key)",
            columns(names, ("text", "text")),
        )
        return {row[:2]: row[2] for row in rows}

    def documents(self, kind: str, prefix: str = "") -> list[Document]:
        rows = self._rows(
            "SELECT key, body FROM {documents} WHERE kind = %b::text"
            " AND key >= %b::text AND key < %b::text ORDER BY key",
            (kind, *keys_with_prefix(prefix)),
        )
        return [Document(kind, key, body) for key, body in rows]

    def document_counts(self) -> dict[str, int]:
        counts = "SELECT kind, count(*) FROM {documents} GROUP BY kind ORDER BY kind"
        return dict(self._rows(counts))

    def lead(self) -> PostgresLeadership | None:
        return lead(self._dsn, self.origin, self._schema)

    def relayed(self) -> int:
        row = self._one("SELECT position FROM {relay}")
        return int(row[0]) if row else 0

    def move_relay(self, position: int) -> None:
        self._rows(
            "INSERT INTO {relay} AS known (position) SELECT %b::bigint"
            " FROM set_config('synchronous_commit', 'off', true) ON CONFLICT (one)"
            " DO UPDATE SET position = greatest(known.position, excluded.position)"
            " RETURNING position",
            (Int8(position),),
        )

    def close(self) -> None:
        self._appends.close()
        self._reads.close()

    def _append_once(self, append: Append) -> Appended:
        clock = instant_of(microseconds(self._clock())) if self._clock else None
        try:
            [(first, landed_at, leaves)] = self._appends.rows(
                self._sql(_APPEND_CALL), _as_parameters(append, clock)
            )
        except psycopg.Error as error:
            raise self._in_words(error) from error
        return Appended(first, landed_at.astimezone(UTC), tuple(leaves))

    def _rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Ask again once after a lost connection: what goes this way may be done twice."""
        composed = self._sql(query)
        try:
            try:
                return self._reads.rows(composed, values)
            except ConnectionLost:
                return self._reads.rows(composed, values)
        except psycopg.Error as error:
            raise self._in_words(error) from error
        except ConnectionLost as loss:
            raise Unreachable(f"{self.origin}: the connection broke twice: {loss}") from loss

    def _one(self, query: str, values: Sequence[object] = ()) -> tuple[Any, ...] | None:
        rows = self._rows(query, values)
        return rows[0] if rows else None

    def _events(self, where: str, values: Sequence[object]) -> list[LedgerEvent]:
        return [ledger_event(row) for row in self._rows(_COLUMNS + where, values)]

    def _sql(self, query: str) -> bytes:
        """The statement with this ledger's names; put together once."""
        if query not in self._statements:
            self._statements[query] = self._composed(query).as_bytes(None)
        return self._statements[query]

    def _composed(self, query: str) -> sql.Composed:
        work = f"{self._schema}_work"
        return sql.SQL(query).format(
            append=sql.Identifier(self._schema, "append"),
            events=sql.Identifier(self._schema, "events"),
            outcomes=sql.Identifier(self._schema, "outcomes"),
            tracking=sql.Identifier(work, "tracking"),
            relay=sql.Identifier(work, "relay"),
            documents=sql.Identifier(work, "documents"),
        )

    def _in_words(self, error: psycopg.Error) -> StoreError:
        conflict = _CONFLICTS.get(error.diag.sqlstate or "")
        if conflict is not None:
            return conflict(f"{self.origin}: {error.diag.message_primary}.")
        return in_words(self.origin, error)


_EVENT_TYPES = ("uuid", "uuid", "bigint", "text", "bigint", "bytea", "bytea")
_TRACKED_TYPES = ("text", "bigint", "bytea", "bigint")
_OUTCOME_TYPES = ("text", "text", "bytea", "text", "text", "bigint", "bigint")
_DOCUMENT_TYPES = ("text", "text", "bytea")
_UPSTREAM_TYPES = ("text",)
_ARRAYS = (*_EVENT_TYPES, *_TRACKED_TYPES, *_OUTCOME_TYPES, *_DOCUMENT_TYPES, *_UPSTREAM_TYPES)
_APPEND_CALL = (
    "SELECT first_position, landed_at, leaves FROM {append}(%b::bigint, %b::timestamptz, "
    + ", ".join(f"%b::{of}[]" for of in _ARRAYS)
    + ")"
)


def _as_parameters(append: Append, clock: datetime | None) -> list[object]:
    """The rows turned into columns: one array per column, as the function takes them."""
    expected = None if append.expected_head is None else Int8(append.expected_head)
    return [
        expected,
        clock,
        *columns(append.events, _EVENT_TYPES),
        *columns(append.tracking, _TRACKED_TYPES),
        *columns(append.outcomes, _OUTCOME_TYPES),
        *columns(append.last_documents(), _DOCUMENT_TYPES),
        *columns([(each,) for each in append.start_over], _UPSTREAM_TYPES),
    ]


def ledger_event(row: tuple[Any, ...]) -> LedgerEvent:
    event = LedgerEvent(*row)
    # The driver gives instants in a zone of its own; equal, but not the one that is promised.
    return event._replace(recorded_at=event.recorded_at.astimezone(UTC))


def _schema_of(service: str, lane: str) -> str:
    return service if lane == "main" else f"{service}_{lane}"
