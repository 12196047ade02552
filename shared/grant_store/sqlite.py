"""The embedded store: one SQLite file per service and lane.

It knows the tables of `schema_sqlite.sql` and nothing of what events mean.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from grant_store.errors import (
    EventRepeated,
    HeadMoved,
    KeyReused,
    StoreError,
    TrackingConflict,
    VersionConflict,
)
from grant_store.leaf import instant_of, leaf_hash, microseconds
from grant_store.rows import (
    ANY_LOWER,
    Append,
    Appended,
    Document,
    Head,
    KindAndKey,
    LedgerEvent,
    NewEvent,
    Outcome,
    SenderAndKey,
    Standing,
    StoredOutcome,
    Tracked,
    keys_with_prefix,
    standing_of,
    stored_outcome,
)
from grant_store.sqlite_file import SQLiteFile
from grant_store.sqlite_leadership import SQLiteLeadership

# As many pairs as fit the number of parameters that any SQLite takes.
_KEYS_PER_QUERY = 400
BUSY_TIMEOUT_SECONDS = 30.0
_EVENT_COLUMNS = (
    "position, event_id, originator_id, originator_version, topic, schema_version,"
    " recorded_at, state, metadata, leaf_hash"
)


_STANDING = """
SELECT head.position, known.upstream, known.position
FROM (SELECT coalesce(max(position), 0) AS position FROM ledger_events) AS head
LEFT JOIN work_tracking AS known ON true
"""


def utc_now() -> datetime:
    return datetime.now(UTC)


class SQLiteStore:
    """A ledger in a file. `synchronous=FULL`: what was answered as recorded survives a power cut.

    `clock` returns aware instants. Several processes may write; each waits for its turn. What is
    opened `read_only` takes nothing.
    """

    def __init__(
        self,
        path: Path,
        service: str,
        lane: str = "main",
        clock: Callable[[], datetime] = utc_now,
        busy_timeout_seconds: float = BUSY_TIMEOUT_SECONDS,
        *,
        read_only: bool = False,
    ) -> None:
        self.service = service
        self.lane = lane
        self._clock = clock
        self._file = SQLiteFile(path, self.origin, busy_timeout_seconds, read_only=read_only)

    @property
    def origin(self) -> str:
        return f"{self.service}/{self.lane}"

    def migrate(self) -> None:
        self._file.migrate()

    def grant_roles(self, prefix: str, readers: Sequence[str] = ()) -> None:
        raise StoreError(
            f"{self.origin}: SQLite has no roles; who may write the file is up to its permissions."
        )

    def append(self, append: Append) -> Appended:
        with self._file.writing(flushed=append.must_last) as cursor:
            head, last = _head_and_instant(cursor)
            if append.expected_head is not None and append.expected_head != head:
                raise HeadMoved(f"{self.origin}: head is {head}, expected {append.expected_head}.")
            now = max(last, microseconds(self._clock()))
            leaves = self._insert_events(cursor, append.events, head, now)
            if append.start_over:
                _forget_followed(cursor, append.start_over)
            for tracked in append.tracking:
                self._track(cursor, tracked)
            self._keep_outcomes(cursor, append.outcomes, head)
            _write_documents(cursor, append.last_documents())
            return Appended(head + 1, instant_of(now), leaves)

    def head(self) -> Head:
        row = self._one(
            "SELECT position, leaf_hash FROM ledger_events ORDER BY position DESC LIMIT 1"
        )
        return Head(*row) if row else Head(0, b"")

    def events_after(self, position: int, limit: int) -> list[LedgerEvent]:
        return self._events("WHERE position > ? ORDER BY position LIMIT ?", (position, limit))

    def stream(self, originator_id: UUID, after_version: int = 0) -> list[LedgerEvent]:
        return self._events(
            "WHERE originator_id = ? AND originator_version > ? ORDER BY originator_version",
            (originator_id.bytes, after_version),
        )

    def tracked(self, upstream: str) -> Tracked:
        row = self._one(
            "SELECT position, leaf_hash FROM work_tracking WHERE upstream = ?", (upstream,)
        )
        return Tracked(upstream, *row) if row else Tracked(upstream, 0, b"")

    def standing(self) -> Standing:
        return standing_of(self._file.rows(_STANDING))

    def outcome(self, sender: str, key: str) -> StoredOutcome | None:
        return self.outcomes([(sender, key)]).get((sender, key))

    def outcomes(self, keys: Sequence[SenderAndKey]) -> dict[SenderAndKey, StoredOutcome]:
        found: dict[SenderAndKey, StoredOutcome] = {}
        for start in range(0, len(keys), _KEYS_PER_QUERY):
            part = keys[start : start + _KEYS_PER_QUERY]
            rows = self._file.rows(
                "SELECT sender, key, body_hash, kind, reason, first_position, event_count"
                f" FROM {_asked(len(part))} CROSS JOIN ledger_outcomes"
                " ON sender = column1 AND key = column2",
                [each for pair in part for each in pair],
            )
            found |= {row[:2]: stored_outcome(row) for row in rows}
        return found

    def streams(self, originator_ids: Sequence[UUID]) -> dict[UUID, list[LedgerEvent]]:
        found: dict[UUID, list[LedgerEvent]] = {each: [] for each in originator_ids}
        for start in range(0, len(originator_ids), _KEYS_PER_QUERY):
            part = originator_ids[start : start + _KEYS_PER_QUERY]
            for row in self._events(
                f"WHERE originator_id IN ({','.join('?' * len(part))})"
                " ORDER BY originator_id, originator_version",
                [each.bytes for each in part],
            ):
                found[row.originator_id].append(row)
        return found

    def document(self, kind: str, key: str) -> bytes | None:
        row = self._one("SELECT body FROM work_documents WHERE kind = ? AND key = ?", (kind, key))
        return row[0] if row else None

    def documents_at(self, names: Sequence[KindAndKey]) -> dict[KindAndKey, bytes]:
        found: dict[KindAndKey, bytes] = {}
        for start in range(0, len(names), _KEYS_PER_QUERY):
            part = names[start : start + _KEYS_PER_QUERY]
            rows = self._file.rows(
                f"SELECT kind, key, body FROM {_asked(len(part))} CROSS JOIN work_documents"
                " ON kind = column1 AND key = column2",
                [each for name in part for each in name],
            )
            found |= {row[:2]: row[2] for row in rows}
        return found

    def documents(self, kind: str, prefix: str = "") -> list[Document]:
        rows = self._file.rows(
            "SELECT key, body FROM work_documents"
            " WHERE kind = ? AND key >= ? AND key < ? ORDER BY key",
            (kind, *keys_with_prefix(prefix)),
        )
        return [Document(kind, key, body) for key, body in rows]

    def document_counts(self) -> dict[str, int]:
        counts = "SELECT kind, count(*) FROM work_documents GROUP BY kind ORDER BY kind"
        return dict(self._file.rows(counts))

    def lead(self) -> SQLiteLeadership | None:
        return self._file.lead()

    def relayed(self) -> int:
        row = self._one("SELECT position FROM work_relay")
        return int(row[0]) if row else 0

    def move_relay(self, position: int) -> None:
        with self._file.writing(flushed=False) as cursor:
            cursor.execute(
                "INSERT INTO work_relay VALUES (1, ?) ON CONFLICT (one)"
                " DO UPDATE SET position = max(position, excluded.position)",
                (position,),
            )

    def close(self) -> None:
        self._file.close()

    def _insert_events(
        self, cursor: sqlite3.Cursor, events: Sequence[NewEvent], head: int, now: int
    ) -> tuple[bytes, ...]:
        leaves = tuple(
            leaf_hash(position, now, event) for position, event in enumerate(events, head + 1)
        )
        rows = (
            (
                head + 1 + index,
                event.event_id.bytes,
                event.originator_id.bytes,
                event.originator_version,
                event.topic,
                event.schema_version,
                now,
                event.state,
                event.metadata,
                leaves[index],
            )
            for index, event in enumerate(events)
        )
        try:
            cursor.executemany(
                f"INSERT INTO ledger_events ({_EVENT_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?)", rows
            )
        except sqlite3.IntegrityError as error:
            raise self._conflict(error) from error
        return leaves

    def _conflict(self, error: sqlite3.IntegrityError) -> StoreError:
        if "originator_version" in str(error):
            return VersionConflict(f"{self.origin}: another event stands at this version ({error})")
        if "event_id" in str(error):
            return EventRepeated(f"{self.origin}: this event is already recorded ({error})")
        return StoreError(f"{self.origin}: {error}")

    def _track(self, cursor: sqlite3.Cursor, tracked: Tracked) -> None:
        cursor.execute(
            "INSERT INTO work_tracking SELECT ?1, ?2, ?3 WHERE ?4 IN (?5, coalesce("
            " (SELECT position FROM work_tracking WHERE upstream = ?1), 0))"
            " ON CONFLICT (upstream) DO UPDATE"
            " SET position = excluded.position, leaf_hash = excluded.leaf_hash"
            " WHERE excluded.position > position",
            (*tracked, ANY_LOWER),
        )
        if cursor.rowcount != 1:
            raise TrackingConflict(
                f"{self.origin}: {tracked.upstream} was already followed to {tracked.position}."
            )

    def _keep_outcomes(
        self, cursor: sqlite3.Cursor, outcomes: Sequence[Outcome], head: int
    ) -> None:
        rows = [(*each[:5], head + 1 + each.first, each.event_count) for each in outcomes]
        try:
            cursor.executemany("INSERT INTO ledger_outcomes VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        except sqlite3.IntegrityError as error:
            keys = ", ".join(f"{each.sender} {each.key}" for each in outcomes)
            raise KeyReused(f"{self.origin}: already used, one or more of {keys}") from error

    def _one(self, sql: str, values: Sequence[object] = ()) -> tuple[Any, ...] | None:
        rows = self._file.rows(sql, values)
        return rows[0] if rows else None

    def _events(self, where: str, values: Sequence[object]) -> list[LedgerEvent]:
        rows = self._file.rows(f"SELECT {_EVENT_COLUMNS} FROM ledger_events {where}", values)
        return [ledger_event(row) for row in rows]


def _head_and_instant(cursor: sqlite3.Cursor) -> tuple[int, int]:
    row = cursor.execute(
        "SELECT position, recorded_at FROM ledger_events ORDER BY position DESC LIMIT 1"
    ).fetchone()
    return (row[0], row[1]) if row else (0, 0)


def _asked(count: int) -> str:
    """That many pairs as a table, `column1` and `column2`. A pair in a list would make SQLite read
    the whole table that is asked; a cross join makes it look up each pair by the index."""
    return f"(VALUES {','.join(['(?, ?)'] * count)})"


def _forget_followed(cursor: sqlite3.Cursor, upstreams: Sequence[str]) -> None:
    cursor.execute("DELETE FROM work_documents")
    cursor.executemany(
        "DELETE FROM work_tracking WHERE upstream = ?", [(each,) for each in upstreams]
    )


def _write_documents(cursor: sqlite3.Cursor, documents: Sequence[Document]) -> None:
    cursor.executemany(
        "INSERT INTO work_documents VALUES (?, ?, ?)"
        " ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body",
        [document for document in documents if document.body is not None],
    )
    cursor.executemany(
        "DELETE FROM work_documents WHERE kind = ? AND key = ?",
        [document[:2] for document in documents if document.body is None],
    )


def ledger_event(row: tuple[Any, ...]) -> LedgerEvent:
    position, event_id, originator_id, version, topic, schema, recorded_at, state, meta, leaf = row
    return LedgerEvent(
        position,
        msgspec.convert(event_id, UUID),
        msgspec.convert(originator_id, UUID),
        version,
        topic,
        schema,
        instant_of(recorded_at),
        state,
        meta,
        leaf,
    )
