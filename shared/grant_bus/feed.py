"""Stored rows as messages: a CloudEvents JSON batch, spliced from the stored bytes, and back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from uuid import UUID

import msgspec

from grant_contracts.envelope import SOURCE_PREFIX, SPEC_VERSION, TYPE_PREFIX, CloudEvent
from grant_store.rows import LedgerEvent, Tracked

EVENTS_PER_MESSAGE = 50
_COUNTED = re.compile(r"[1-9][0-9]{0,17}")
_LEAF = re.compile(r"[0-9a-f]{64}")
_OF_THE_ROW = (
    *("specversion", "id", "source", "type", "subject", "time", "position"),
    *("originatorversion", "schemaversion", "leafhash"),
)
_OF_THE_METADATA = (
    *("actorid", "actorrole", "actormethod", "correlationid", "causationid", "commandkey"),
    *("secondactorid", "caseid"),
)
_batch_decoder = msgspec.json.Decoder(list[CloudEvent])


class _Metadata(msgspec.Struct):
    """What an event's metadata say of it, as `Context.metadata` has written them."""

    actorid: str = ""
    actorrole: str = ""
    actormethod: str = ""
    correlationid: str = ""
    causationid: str = ""
    commandkey: str = ""
    secondactorid: str = ""
    caseid: UUID | None = None


_metadata_decoder = msgspec.json.Decoder(_Metadata)


class Announcement(msgspec.Struct, frozen=True):
    """The head of a ledger, announced every second and at start, so that a lost tail shows.

    One that answers a follower who asked for what comes after the head says who asked after what.
    """

    origin: str
    position: int
    leaf_hash: str
    asked_by: str = ""
    asked_after: int = 0


def pack(origin: str, rows: Sequence[LedgerEvent]) -> bytes:
    """One message body with these rows, in their order."""
    return joined([cloud_event(origin, row) for row in rows])


def joined(events: Sequence[bytes]) -> bytes:
    """One message body with these events, as `cloud_event` made them, in their order."""
    return b"[" + b",".join(events) + b"]"


def cloud_event(origin: str, row: LedgerEvent) -> bytes:
    """One row as a CloudEvent in JSON. State and metadata are spliced in, and not decoded."""
    head = (
        f'{{"specversion":"{SPEC_VERSION}","id":"{row.event_id}",'
        f'"source":"{SOURCE_PREFIX}{origin}","type":"{TYPE_PREFIX}{row.topic}",'
        f'"subject":"{row.originator_id}","time":"{_in_text(row.recorded_at)}","position":"{row.position}",'
        f'"originatorversion":"{row.originator_version}","schemaversion":"{row.schema_version}",'
        f'"leafhash":"{row.leaf_hash.hex()}","datacontenttype":"application/json",'
    )
    attributes = row.metadata[1:-1]
    joint = b"," if attributes else b""
    return head.encode() + attributes + joint + b'"data":' + row.state + b"}"


def event_of(origin: str, row: LedgerEvent) -> CloudEvent:
    """One row as its followers read it, for whoever reads the ledger itself and needs no message.

    Raises `msgspec.DecodeError` where the metadata are not those of an event of ours.
    """
    return CloudEvent(
        specversion=SPEC_VERSION,
        id=row.event_id,
        source=f"{SOURCE_PREFIX}{origin}",
        type=f"{TYPE_PREFIX}{row.topic}",
        subject=row.originator_id,
        time=row.recorded_at,
        position=str(row.position),
        originatorversion=str(row.originator_version),
        schemaversion=str(row.schema_version),
        leafhash=row.leaf_hash.hex(),
        data=msgspec.Raw(row.state),
        **msgspec.structs.asdict(_metadata_decoder.decode(row.metadata or b"{}")),
    )


def message_of(event: CloudEvent) -> bytes:
    """An event that was read, as it stood in its message: what the contract names in its place,
    and the data byte for byte."""
    of_the_row = {name: getattr(event, name) for name in _OF_THE_ROW}
    of_the_metadata = {name: getattr(event, name) for name in _OF_THE_METADATA}
    return msgspec.json.encode(
        {
            **of_the_row,
            "time": _in_text(event.time),
            "datacontenttype": "application/json",
            **{name: value for name, value in of_the_metadata.items() if value},
            "data": event.data,
        }
    )


@lru_cache(maxsize=256)  # All events of one append have the same instant.
def _in_text(instant: datetime) -> str:
    return instant.isoformat(timespec="microseconds").replace("+00:00", "Z")


def unpack(body: bytes) -> list[CloudEvent]:
    """The events of a message body. Raises `msgspec.DecodeError` for anything else."""
    events = _batch_decoder.decode(body)
    for event in events:
        if not _is_ours(event):
            raise msgspec.ValidationError(
                f"{event.source} at {event.position}: expected attributes of a stored event"
            )
    return events


def tracked_at(event: CloudEvent) -> Tracked:
    """How far an upstream was followed by whoever has followed this event of it."""
    return Tracked(event.origin, event.at, bytes.fromhex(event.leafhash))


def _is_ours(event: CloudEvent) -> bool:
    return (
        event.specversion == SPEC_VERSION
        and event.source.startswith(SOURCE_PREFIX)
        and event.type.startswith(TYPE_PREFIX)
        and all(map(_COUNTED.fullmatch, (event.position, event.originatorversion)))
        and _COUNTED.fullmatch(event.schemaversion) is not None
        and _LEAF.fullmatch(event.leafhash) is not None
    )
