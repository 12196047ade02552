"""Messages are spliced from stored bytes: they equal what an encoder of JSON would have written."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grant_bus.feed import cloud_event, event_of, message_of, pack, unpack
from grant_contracts.envelope import CloudEvent
from grant_store.rows import LedgerEvent
from grant_store.work import Context
from grant_values.shapes import Actor

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
states = st.dictionaries(texts, st.none() | st.booleans() | st.integers() | texts, max_size=4)
actors = st.builds(Actor, texts, texts)
contexts = st.builds(Context, actors, texts, texts, texts, texts, second_actor=st.none() | actors)


def a_row(position: int = 7, **changes: Any) -> LedgerEvent:
    row = LedgerEvent(
        position=position,
        event_id=uuid4(),
        originator_id=uuid4(),
        originator_version=3,
        topic="till.CoinsAdded",
        schema_version=2,
        recorded_at=datetime(2024, 5, 6, 10, 0, 0, 120, tzinfo=UTC),
        state=b'{"coins":5,"note":"f\xc3\xbcr \\"Ada\\""}',
        metadata=b'{"actorid":"S-1"}',
        leaf_hash=b"\xab" * 32,
    )
    return row._replace(**changes)


@given(states, contexts, st.none() | st.uuids(), st.datetimes(timezones=st.just(UTC)))
def test_a_spliced_message_is_what_an_encoder_would_give(
    state: dict[str, Any], context: Context, case_id: UUID | None, recorded_at: datetime
) -> None:
    metadata = context.metadata(case_id)
    state_bytes = msgspec.json.encode(state)
    row = a_row(state=state_bytes, metadata=metadata, recorded_at=recorded_at)

    spliced = cloud_event("till/main", row)

    assert spliced == msgspec.json.encode(msgspec.json.decode(spliced))
    decoded = json.loads(spliced)
    assert decoded.pop("data") == state
    assert {name: decoded[name] for name in json.loads(metadata)} == json.loads(metadata)


@given(states, contexts, st.none() | st.uuids(), st.datetimes(timezones=st.just(UTC)))
def test_an_event_that_was_read_can_be_written_again_byte_for_byte(
    state: dict[str, Any], context: Context, case_id: UUID | None, recorded_at: datetime
) -> None:
    row = a_row(
        state=msgspec.json.encode(state),
        metadata=context.metadata(case_id),
        recorded_at=recorded_at,
    )

    [event] = unpack(pack("till/main", [row]))

    assert message_of(event) == cloud_event("till/main", row)


@given(states, contexts, st.uuids())
def test_what_was_recorded_comes_out_of_the_message_unchanged(
    state: dict[str, Any], context: Context, case_id: UUID
) -> None:
    row = a_row(state=msgspec.json.encode(state), metadata=context.metadata(case_id))

    [event] = unpack(pack("till/main", [row]))

    assert (event.id, event.subject, event.time) == (
        row.event_id,
        row.originator_id,
        row.recorded_at,
    )
    assert (event.origin, event.topic, event.at) == ("till/main", row.topic, row.position)
    assert (event.originatorversion, event.schemaversion) == ("3", "2")
    assert bytes.fromhex(event.leafhash) == row.leaf_hash
    assert bytes(event.data) == row.state
    assert (event.actorid, event.actorrole) == (context.actor.id, context.actor.role)
    assert event.commandkey == context.command_key
    assert event.caseid == case_id


def test_a_message_keeps_the_order_of_the_ledger() -> None:
    rows = [a_row(position) for position in range(3, 53)]

    assert [event.at for event in unpack(pack("till/main", rows))] == list(range(3, 53))


@pytest.mark.parametrize("metadata", [b"{}", b""])
def test_an_event_without_metadata_is_a_whole_message(metadata: bytes) -> None:
    [event] = unpack(pack("till/main", [a_row(metadata=metadata)]))

    assert (event.actorid, event.caseid) == ("", None)


def test_a_message_is_a_cloud_event_with_simple_attributes() -> None:
    """CloudEvents 1.0.2: required attributes are non-empty text; names of extensions are lower-case
    letters and digits, at most 20; no attribute is a structure."""
    context = Context(Actor('"S"\\', "ü"), "c", "w", "k", "m", Actor("T", "r"))
    attributes = json.loads(cloud_event("till/main", a_row(metadata=context.metadata(uuid4()))))
    attributes.pop("data")

    assert all(attributes[name] for name in ("id", "source", "specversion", "type"))
    assert attributes["specversion"] == "1.0"
    assert all(re.fullmatch("[a-z0-9]{1,20}", name) for name in attributes)
    assert all(isinstance(value, str) and value for value in attributes.values())
    assert attributes["time"] == "2024-05-06T10:00:00.000120Z"
    assert attributes["source"] == "/pruefpfad/till/main"
    assert attributes["type"] == "pruefpfad.till.CoinsAdded"


def test_every_attribute_of_a_context_is_read_by_the_envelope() -> None:
    context = Context(Actor("S", "r"), "c", "w", "k", "m", Actor("T", "r"))

    written = set(json.loads(context.metadata(uuid4())))

    assert written <= set(CloudEvent.__struct_fields__)


GOOD = json.loads(pack("till/main", [a_row()]))[0]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"{}",
        b"[",
        b"[1]",
        b"\xff",
        b"[" * 100_000,
        *(
            json.dumps([GOOD | wrong]).encode()
            for wrong in (
                {"position": "0"},
                {"position": "-1"},
                {"position": "01"},
                {"position": "seven"},
                {"position": 7},
                {"position": "9" * 5_000},
                {"schemaversion": ""},
                {"originatorversion": "1.0"},
                {"leafhash": "ab"},
                {"leafhash": "zz" * 32},
                {"id": "1"},
                {"specversion": "0.3"},
                {"source": "till/main"},
                {"type": "till.CoinsAdded"},
                {"time": "yesterday"},
            )
        ),
        *(
            json.dumps([{name: value for name, value in GOOD.items() if name != missing}]).encode()
            for missing in ("id", "source", "specversion", "type", "position", "leafhash", "data")
        ),
    ],
)
def test_what_is_no_batch_of_stored_events_is_refused(body: bytes) -> None:
    with pytest.raises((msgspec.DecodeError, RecursionError)):
        unpack(body)


def test_an_attribute_that_is_not_known_here_is_no_obstacle() -> None:
    [event] = unpack(json.dumps([GOOD | {"traceparent": "00-1"}]).encode())

    assert event.time - datetime(2024, 5, 6, 10, tzinfo=UTC) == timedelta(microseconds=120)


@given(states, contexts, st.none() | st.uuids(), st.datetimes(timezones=st.just(UTC)))
def test_a_row_read_without_a_message_is_the_event_that_followers_read(
    state: dict[str, Any], context: Context, case_id: UUID | None, recorded_at: datetime
) -> None:
    row = a_row(
        state=msgspec.json.encode(state),
        metadata=context.metadata(case_id),
        recorded_at=recorded_at,
    )
    [followed] = unpack(pack("till/main", [row]))
    read = event_of("till/main", row)
    assert bytes(read.data) == bytes(followed.data)
    nothing = msgspec.Raw(b"")
    assert msgspec.structs.replace(read, data=nothing) == msgspec.structs.replace(
        followed, data=nothing
    )
