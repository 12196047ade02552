"""A reader of rows gets the fields that it asks for, of whatever version they were recorded in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from grant_contracts.intake import ApplicationWithdrawn
from grant_contracts.upcasters import STEPS
from grant_contracts.upcasting import State
from grant_store.lifted import lifted_state
from grant_store.rows import LedgerEvent

CASE = UUID("11111111-2222-3333-4444-555555555555")
NOON = datetime(2024, 5, 6, 12, tzinfo=UTC)
TOPIC = ApplicationWithdrawn.TOPIC
KNOWN = ApplicationWithdrawn.VERSION
STORED = b'{"reason":"r","more":1}'


class Reason(msgspec.Struct):
    reason: str


def a_row(
    version: int, topic: str = TOPIC, state: bytes = b'{"reason":"r","more":1}'
) -> LedgerEvent:
    return LedgerEvent(1, CASE, CASE, 1, topic, version, NOON, state, b"{}", bytes(32))


def upper(state: State) -> State:
    return {**state, "reason": state["reason"].upper()}


def test_todays_version_is_read_as_it_stands() -> None:
    assert lifted_state(a_row(KNOWN), Reason) == Reason("r")


def test_an_older_version_is_lifted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ApplicationWithdrawn, "VERSION", KNOWN + 1)
    monkeypatch.setitem(STEPS, (TOPIC, KNOWN), upper)

    assert lifted_state(a_row(KNOWN), Reason) == Reason("R")
    assert lifted_state(a_row(KNOWN), dict[str, Any]) == {"reason": "R", "more": 1}


def test_a_later_version_is_an_error() -> None:
    with pytest.raises(ValueError, match=f"has version {KNOWN + 1}; {KNOWN} is known"):
        lifted_state(a_row(KNOWN + 1), Reason)


def test_a_topic_without_a_fact_is_read_as_it_stands() -> None:
    assert lifted_state(a_row(7, "till.CoinsAdded"), Reason) == Reason("r")


def test_a_state_that_does_not_fit_is_an_error() -> None:
    with pytest.raises(msgspec.ValidationError):
        lifted_state(a_row(KNOWN, state=b"{}"), Reason)
