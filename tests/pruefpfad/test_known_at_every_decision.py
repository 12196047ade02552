"""What the decider knew can be told of every decision of every recorded history (R86).

By brute force: an event had been heard where an entry of the service that decided names it, or one
behind it in the same feed; nothing else is taken from the program.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, cast
from uuid import UUID

import pytest

from grant_audit.as_of import rebuilt
from grant_audit.decisions import DECIDES, DECIDES_FOR_A_PERSON
from grant_audit.pages import SECTIONS
from grant_audit.sentences import sentence
from grant_store.rows import Document, Head, LedgerEvent
from histories.recording import Play, recorded_plays
from pruefpfad.known import DecidedCase, as_plain, place_of

PLAYS = recorded_plays()
LISTS = ("known", "not_yet", "untold", "not_followed", "late")
every_play = pytest.mark.parametrize("play", PLAYS, ids=str)


class Ledger:
    """The rows of one recorded ledger, as far as a store is asked for them."""

    lane = "main"

    def __init__(self, service: str, rows: Sequence[LedgerEvent]) -> None:
        self.service, self.origin = service, f"{service}/main"
        self.rows = rows

    def head(self) -> Head:
        return Head(len(self.rows), self.rows[-1].leaf_hash if self.rows else b"")

    def events_after(self, position: int, limit: int) -> Sequence[LedgerEvent]:
        return self.rows[position : position + limit]

    def streams(self, ids: Sequence[UUID]) -> dict[UUID, list[LedgerEvent]]:
        return {each: [row for row in self.rows if row.originator_id == each] for each in ids}

    def documents(self, kind: str, prefix: str = "") -> list[Document]:
        return []


@cache
def stores_of(play: Play) -> dict[str, Any]:
    ledgers = play.ledgers
    stores: dict[str, Any] = {name: Ledger(name, ledgers.get(name, ())) for name in SECTIONS}
    return {**stores, "audit": rebuilt(stores, with_history=True)}


@cache
def metadata_of(row: LedgerEvent) -> dict[str, Any]:
    return cast(dict[str, Any], json.loads(row.metadata or b"{}"))


def references(play: Play) -> list[str]:
    return [
        json.loads(row.state)["reference"]
        for row in stores_of(play)["intake"].rows
        if row.topic == "intake.ApplicationSubmitted"
    ]


def cases(play: Play) -> Iterator[DecidedCase]:
    for reference in references(play):
        yield DecidedCase(stores_of(play), reference)


def told(case: DecidedCase, event: Any) -> dict[str, Any]:
    sentences = {place: sentence(entry, "de") for place, entry in case.entries.items()}
    return as_plain(case, event, None, sentences)


def places(entries: Sequence[dict[str, Any]]) -> set[tuple[str, int]]:
    return {(each["source"].partition("/")[0], each["position"]) for each in entries}


@every_play
def test_at_every_decision_it_is_told_what_was_known(play: Play) -> None:
    for case in cases(play):
        for decision in case.decisions:
            found = told(case, decision)
            check_lists(play, decision, found)
            assert found["decision"]["sentence"]
            assert found["decision"]["actor_id"]


def check_lists(play: Play, decision: Any, found: dict[str, Any]) -> None:
    service, position = place_of(decision)
    listed = {name: places(found[name]) for name in LISTS}
    # Each event of the case that was recorded before stands in exactly one list.
    assert sum(map(len, listed.values())) == len(set().union(*listed.values()))
    assert set().union(*listed.values()) >= recorded_before(play, decision)
    own = {at for at in listed["known"] if at[0] == service}
    assert own == {(service, at) for at in own_before(play, decision)}
    heard = heard_before(play, service, position)
    for name, at in (*listed["known"], *listed["not_yet"]):
        entry = first_entry(play, service, (name, at))
        if name != service and entry is not None and (name, at) in listed["known"]:
            assert entry < position or at <= heard.get(name, 0)
        if (name, at) in listed["not_yet"]:
            assert entry is None or entry > position
    assert all(place[0] != service for place in listed["not_yet"])


def recorded_before(play: Play, decision: Any) -> set[tuple[str, int]]:
    service, position = place_of(decision)
    return {
        (name, row.position)
        for name in SECTIONS
        for row in stores_of(play)[name].rows
        if metadata_of(row).get("caseid") == str(decision.caseid)
        and (row.position < position if name == service else row.recorded_at < decision.time)
    }


def own_before(play: Play, decision: Any) -> set[int]:
    service, _ = place_of(decision)
    return {at for name, at in recorded_before(play, decision) if name == service}


def heard_before(play: Play, service: str, position: int) -> dict[str, int]:
    """The last position of each upstream that an entry before names, on whatever case."""
    heard: dict[str, int] = {}
    for row in stores_of(play)[service].rows[: position - 1]:
        if cause := cause_of(row):
            heard[cause[0]] = max(heard.get(cause[0], 0), cause[1])
    return heard


def first_entry(play: Play, service: str, place: tuple[str, int]) -> int | None:
    rows = stores_of(play)[service].rows
    return next((row.position for row in rows if cause_of(row) == place), None)


def cause_of(row: LedgerEvent) -> tuple[str, int] | None:
    kind, _, place = metadata_of(row).get("causationid", "").partition(":")
    if kind != "event":
        return None
    name, _, position = place.split("/")
    return name, int(position)


def test_every_kind_of_decision_is_told_of_somewhere() -> None:
    decided = {
        decision.topic for play in PLAYS for case in cases(play) for decision in case.decisions
    }
    discarded = {f"{service}.ParkedEventDiscarded" for service in SECTIONS}

    # Intake follows keys alone, and disbursement's are played in the tests of parking.
    assert (DECIDES | DECIDES_FOR_A_PERSON) - decided <= discarded
    assert decided & discarded


@every_play
def test_what_a_rule_decided_and_what_stands_above_cases_is_told_of_by_its_place(
    play: Play,
) -> None:
    for case in cases(play):
        for place in case.entries:
            event = case.event_at(place)
            assert places([told(case, event)["decision"]]) == {place}
        break
