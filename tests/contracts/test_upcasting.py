"""What was recorded in an older version is read as today's, by whoever records or follows it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from grant_contracts.envelope import Fact
from grant_contracts.fact_reader import FactReader
from grant_contracts.registry import FACTS
from grant_contracts.upcasters import STEPS
from grant_contracts.upcasting import CannotLift, State, Upcasters, state_of
from pruefpfad.published.kinds import published_events
from support.authority import an_event

TOPIC = "till.CoinsAdded"


class CoinsAdded(Fact, frozen=True, kw_only=True):
    """Coins of a currency. First there was one currency only, and before that no note."""

    TOPIC = TOPIC
    VERSION = 3
    coins: int
    note: str
    currency: str


def with_a_note(state: State) -> State:
    return {"coins": state["coins"], "note": ""}


def in_euros(state: State) -> State:
    return {**state, "currency": "EUR"}


UPCASTERS = Upcasters({(TOPIC, 1): with_a_note, (TOPIC, 2): in_euros})


def read(version: int, upcasters: Upcasters = UPCASTERS, /, **data: Any) -> CoinsAdded:
    event = msgspec.structs.replace(an_event(TOPIC, "ZIQ-1", 7, **data), schemaversion=str(version))
    return FactReader(CoinsAdded, upcasters).read(event)


@pytest.mark.parametrize(
    ("version", "data", "note", "currency"),
    [
        (1, {"coins": 5}, "", "EUR"),
        (2, {"coins": 5, "note": "a tip"}, "a tip", "EUR"),
        (3, {"coins": 5, "note": "a tip", "currency": "DEM"}, "a tip", "DEM"),
    ],
)
def test_a_fact_of_any_version_is_read_step_by_step_as_todays(
    version: int, data: dict[str, Any], note: str, currency: str
) -> None:
    fact = read(version, **data)

    assert (fact.coins, fact.note, fact.currency) == (5, note, currency)


def test_the_envelope_keeps_what_was_recorded() -> None:
    received = read(1, coins=5).received

    assert (received.schemaversion, bytes(received.data)) == ("1", b'{"coins":5}')


def test_a_later_version_than_todays_is_refused() -> None:
    with pytest.raises(ValueError, match=r"till\.CoinsAdded has version 4; 3 is known"):
        read(4, coins=5, note="", currency="EUR")


def test_a_fact_without_a_step_to_todays_version_is_refused() -> None:
    with pytest.raises(CannotLift, match="no upcaster leads from version 1"):
        read(1, Upcasters({(TOPIC, 2): in_euros}), coins=5)


def test_a_fact_that_lacks_what_its_version_has_is_refused() -> None:
    with pytest.raises(CannotLift, match="is not of version 1: it lacks 'coins'"):
        read(1, money=5)


def test_a_lifted_fact_must_fit_todays_form() -> None:
    with pytest.raises(msgspec.ValidationError, match="Expected `int`"):
        read(2, coins="five", note="")


@pytest.mark.parametrize("data", [b"[]", b"", b"7", b"\xff"])
def test_bytes_that_are_no_object_are_refused(data: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        state_of(data)


def test_the_steps_that_are_missing_are_named() -> None:
    assert UPCASTERS.missing(TOPIC, 3) == []
    assert UPCASTERS.missing(TOPIC, 5) == [3, 4]
    assert UPCASTERS.missing("till.PurseOpened", 1) == []


READS_AS_RECORDED = {
    "shared/grant_store/catalogue.py",  # Lifts what it has read.
    "shared/grant_store/lifted.py",
    "services/grant_audit/own_ledger.py",  # Shows what was recorded, and its version.
    "services/grant_audit/bundle/documents.py",  # A bundle says what was hashed.
    "services/grant_audit/bundle/scope.py",
    "services/pruefpfad/decided_again/differences.py",  # What was just computed is of today.
}


def test_whoever_else_reads_a_stored_state_has_it_lifted() -> None:
    decodes = re.compile(r"json\.decode\(\s*(row|event|new|each)?\.?state\b")
    root = Path(__file__).parents[2]
    found = {
        str(path.relative_to(root))
        for folder in ("services", "shared")
        for path in (root / folder).rglob("*.py")
        if decodes.search(path.read_text(encoding="utf-8"))
    }

    assert found <= READS_AS_RECORDED, "Take `grant_store.lifted.lifted_state`."


def test_every_version_but_todays_has_its_upcaster_and_no_other_has() -> None:
    needed = {
        (event.topic, version)
        for event in published_events()
        for version in range(1, event.kind.schema_version)
    }

    assert set(STEPS) == needed
    assert {topic for topic, _ in STEPS} <= set(FACTS)
