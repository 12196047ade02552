"""The leaf of an event is frozen: an auditor's program of another year must find the same."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grant_store.leaf import instant_of, leaf_encoding, leaf_hash, microseconds, row_of
from grant_store.rows import LedgerEvent, NewEvent
from grant_values.invalid import Invalid
from store.samples import an_event

VECTORS = json.loads(
    (Path(__file__).parent / "golden" / "leaf_vectors.json").read_text(encoding="utf-8")
)


def the_event(vector: dict[str, Any]) -> NewEvent:
    return NewEvent(
        UUID(vector["event_id"]),
        UUID(vector["originator_id"]),
        vector["originator_version"],
        vector["topic"],
        vector["schema_version"],
        bytes.fromhex(vector["state_hex"]),
        bytes.fromhex(vector["metadata_hex"]),
    )


def written_out(vector: dict[str, Any]) -> bytes:
    """The encoding once more, from its description alone, as an outsider would write it."""

    def number(value: int, size: int) -> bytes:
        return value.to_bytes(size, "big", signed=True)

    def with_length(content: bytes) -> bytes:
        return number(len(content), 4) + content

    return (
        b"\x00"  # The prefix of a leaf, RFC 6962 § 2.1.
        + b"\x01"  # Version 1 of this encoding.
        + number(vector["position"], 8)
        + bytes.fromhex(vector["event_id"].replace("-", ""))
        + bytes.fromhex(vector["originator_id"].replace("-", ""))
        + number(vector["originator_version"], 8)
        + with_length(vector["topic"].encode("utf-8"))
        + number(vector["schema_version"], 4)
        + number(vector["recorded_at_microseconds"], 8)
        + with_length(bytes.fromhex(vector["state_hex"]))
        + with_length(bytes.fromhex(vector["metadata_hex"]))
    )


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["about"])
def test_the_leaf_is_the_one_that_was_frozen(vector: dict[str, Any]) -> None:
    leaf = leaf_hash(vector["position"], vector["recorded_at_microseconds"], the_event(vector))

    assert leaf.hex() == vector["leaf_hex"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["about"])
def test_an_outsider_finds_the_same_leaf_from_the_description(vector: dict[str, Any]) -> None:
    assert sha256(written_out(vector)).hexdigest() == vector["leaf_hex"]


def test_no_field_of_the_row_can_change_without_the_leaf() -> None:
    event = an_event()
    leaves = {
        leaf_hash(1, 1, event),
        leaf_hash(2, 1, event),
        leaf_hash(1, 2, event),
        leaf_hash(1, 1, event._replace(event_id=UUID(int=1))),
        leaf_hash(1, 1, event._replace(originator_id=UUID(int=1))),
        leaf_hash(1, 1, event._replace(originator_version=2)),
        leaf_hash(1, 1, event._replace(topic="budgeting.FundsSpent")),
        leaf_hash(1, 1, event._replace(schema_version=2)),
        leaf_hash(1, 1, event._replace(state=b"{}")),
        leaf_hash(1, 1, event._replace(metadata=b"{}")),
    }
    assert len(leaves) == 10


def test_a_byte_cannot_wander_from_one_field_to_the_next() -> None:
    event = an_event()

    assert leaf_hash(1, 1, event._replace(state=b"ab", metadata=b"c")) != leaf_hash(
        1, 1, event._replace(state=b"a", metadata=b"bc")
    )


@given(st.datetimes(timezones=st.just(UTC)))
def test_an_instant_survives_as_microseconds(instant: datetime) -> None:
    assert instant_of(microseconds(instant)) == instant


def test_a_row_survives_as_its_encoding() -> None:
    row = a_row()

    assert row_of(leaf_encoding(row)) == row


@given(st.binary() | st.integers(0, 200).map(lambda end: leaf_encoding(a_row())[:end]))
def test_bytes_are_those_of_one_row_or_are_refused(encoding: bytes) -> None:
    try:
        row = row_of(encoding)
    except Invalid:
        return
    assert leaf_encoding(row) == encoding


def test_nothing_may_follow_the_last_field() -> None:
    with pytest.raises(Invalid, match="nothing after"):
        row_of(leaf_encoding(a_row()) + b"x")


@pytest.mark.parametrize("at", [50, 60])
def test_a_length_that_leads_out_of_the_row_is_refused(at: int) -> None:
    encoding = leaf_encoding(a_row())

    with pytest.raises(Invalid):
        row_of(encoding[:at] + b"\xff\xff\xff\xff" + encoding[at + 4 :])


def a_row() -> LedgerEvent:
    row = LedgerEvent(7, *an_event()[:5], instant_of(1_600_000_000_000_001), *an_event()[5:], b"")
    return row._replace(leaf_hash=sha256(leaf_encoding(row)).digest())
