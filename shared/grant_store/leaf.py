"""The hash of one ledger row, as RFC 6962 wants a leaf. Frozen: `tests/store/golden` holds vectors.

Encoding 1, after the leaf prefix 0x00 and the version byte 0x01, integers big-endian:
position int64 · event_id 16 bytes · originator_id 16 bytes · originator_version int64 ·
topic (int32 length, UTF-8) · schema_version int32 · recorded_at int64 microseconds since
1970-01-01T00:00Z · state (int32 length, raw bytes) · metadata (int32 length, raw bytes).
The same bytes are put together in SQL by `schema_postgres.sql`.
"""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from uuid import UUID

from grant_store.rows import LedgerEvent, NewEvent
from grant_values.invalid import Invalid

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_PREFIX = b"\x00\x01"


def microseconds(instant: datetime) -> int:
    """Microseconds since 1970-01-01T00:00Z of an aware instant, exactly."""
    if instant.tzinfo is None:
        raise ValueError(f"instant: expected one with a time zone, not {instant.isoformat()}.")
    return (instant - _EPOCH) // _MICROSECOND


@lru_cache(maxsize=256)  # All events of one append have the same instant.
def instant_of(microseconds_since_epoch: int) -> datetime:
    """The aware UTC instant, the other way round."""
    return _EPOCH + timedelta(microseconds=microseconds_since_epoch)


def leaf_hash(position: int, recorded_at_microseconds: int, event: NewEvent) -> bytes:
    """SHA-256 over every field of the row but the hash itself. 32 bytes."""
    return sha256(_encoded(position, recorded_at_microseconds, event)).digest()


def leaf_encoding(row: LedgerEvent) -> bytes:
    """The bytes of a stored row whose SHA-256 is to be its leaf hash."""
    return _encoded(row.position, microseconds(row.recorded_at), row)


def _encoded(position: int, recorded_at_microseconds: int, event: NewEvent | LedgerEvent) -> bytes:
    topic = event.topic.encode()
    return b"".join(
        (
            _PREFIX,
            struct.pack(">q", position),
            event.event_id.bytes,
            event.originator_id.bytes,
            struct.pack(">qi", event.originator_version, len(topic)),
            topic,
            struct.pack(">iqi", event.schema_version, recorded_at_microseconds, len(event.state)),
            event.state,
            struct.pack(">i", len(event.metadata)),
            event.metadata,
        )
    )


def row_of(encoding: bytes) -> LedgerEvent:
    """The row that `leaf_encoding` has written; `Invalid` if these bytes are no such encoding."""
    reading = _Reading(encoding)
    if reading.take(len(_PREFIX)) != _PREFIX:
        raise Invalid("record", "expected a leaf of encoding 1")
    try:
        row = LedgerEvent(
            reading.number(8),
            UUID(bytes=reading.take(16)),
            UUID(bytes=reading.take(16)),
            reading.number(8),
            reading.take(reading.number(4)).decode(),
            reading.number(4),
            instant_of(reading.number(8)),
            reading.take(reading.number(4)),
            reading.take(reading.number(4)),
            sha256(encoding).digest(),
        )
    except (UnicodeDecodeError, OverflowError) as error:
        raise Invalid("record", f"expected the fields of an event: {error}") from error
    reading.must_be_over()
    return row


class _Reading:
    """Bytes that are taken from the front, and never more than there are."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def take(self, count: int) -> bytes:
        if not 0 <= count <= len(self._content) - self._at:
            raise Invalid("record", "expected a whole record")
        self._at += count
        return self._content[self._at - count : self._at]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big", signed=True)

    def must_be_over(self) -> None:
        if self._at != len(self._content):
            raise Invalid("record", "expected nothing after the last field")
