"""Whatever earlier programs decided comes out again, and nothing altered goes unnoticed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from decided_again.ledgers import altered, differences_in
from grant_store.rows import LedgerEvent
from grant_values.cases import case_id_of
from grant_values.invalid import Invalid
from histories.recording import Ledgers, Play, recorded_plays
from pruefpfad.decided_again.differences import WHOLE_EVENT, Difference
from pruefpfad.decided_again.replay import CALLS, Selection, Tally

PAGE = Path(__file__).parents[2] / "docs" / "replay.md"
EVERYTHING = Selection()
SEALED = {
    "disbursement.PaymentRunWritten",
    "disbursement.PaymentRunRefused",
    "disbursement.PaymentOrderRefused",
}
"""What rests on accounts that nobody can open in a recording."""
COUNTS = {"intake.ParticipantsCounted"}
"""The same of participants, which never stood in clear: test_replay_decisions.py alters these."""
REFUSED_RUNS = {"disbursement.PaymentRunRefused"}
"""The same of runs: these came after accounts were sealed, and rest on one that is gone."""
PLAYS = recorded_plays()
every_play = pytest.mark.parametrize("play", PLAYS, ids=str)


@cache
def ledgers_of(play: Play) -> Ledgers:
    return play.ledgers


@cache
def given() -> dict[str, set[str]]:
    """The fields that docs/replay.md says are given, by the event."""
    rows = re.findall(r"^\| (`[^|]+) \| ([^|]+) \|$", PAGE.read_text(encoding="utf-8"), re.M)
    names = {}
    for events, fields in rows:
        for event in re.findall(r"`([\w.*]+)`", events):
            names[event] = (
                {"all"} if fields.strip() == "all" else set(re.findall(r"`(\w+)`", fields))
            )
    return names


def given_in(topic: str) -> set[str]:
    return given().get(topic, given().get(f"*.{topic.partition('.')[2]}", set()))


DECIDED_OTHERWISE = {
    # Accounts and proof of use were reported from before the award, and a rule without a row for
    # the day on which it began was left out: so the case was disposed of before its term (R100).
    "2026-11-retention/kept": {f"budgeting/main/{at}" for at in (33, 34, 35, 41, 42, 43, 44)},
}
"""What an earlier program decided that it should not have: it stays named."""


@every_play
def test_every_decision_of_an_earlier_program_comes_out_again(play: Play) -> None:
    found = differences_in(ledgers_of(play), EVERYTHING, Tally())

    places = {f"{each.origin}/{each.position}" for each in found}
    assert places == DECIDED_OTHERWISE.get(str(play), set()), found


@every_play
def test_only_what_the_page_names_is_not_decided_again(play: Play) -> None:
    tally = Tally()
    differences_in(ledgers_of(play), EVERYTHING, tally)

    wholly_given = {topic for topic in tally.given if given_in(topic) != {"all"}} - SEALED - COUNTS

    assert wholly_given == set(), (
        "Say in pruefpfad/decided_again/calls_of_… what records these, or in docs/replay.md that"
        " all of it is given."
    )
    rows = sum(len(ledgers_of(play).get(name, ())) for name in CALLS)
    assert tally.recomputed.total() + tally.given.total() == rows


@every_play
def test_every_altered_result_is_found_at_its_event(play: Play) -> None:
    missed = [
        f"{row.topic} {field} at {row.position}"
        for row, field, found in _alterations(play)
        if not _is_about(found, row)
    ]

    assert missed == []


def test_every_kind_of_event_with_a_result_is_altered_somewhere() -> None:
    """All but what is not of the four services that decide."""
    kinds = {row.topic for play in PLAYS for row, *_ in _samples(play)}
    recorded = {
        row.topic for play in PLAYS for name in CALLS for row in ledgers_of(play).get(name, ())
    }

    altered = kinds | COUNTS | REFUSED_RUNS
    assert {topic for topic in recorded - altered if given_in(topic) != {"all"}} == set()


def test_what_is_given_is_not_compared_with_itself() -> None:
    """An alteration of what is given cannot be told from the record of another person's word."""
    play = next(each for each in PLAYS if each.name == "quiet")
    for row, state in _samples(play):
        for field in given_in(row.topic) & state.keys():
            ledgers = altered(ledgers_of(play), row, field)
            found = differences_in(ledgers, EVERYTHING, Tally()) if ledgers else []
            exactly = [
                each for each in found if (each.position, each.field) == (row.position, field)
            ]
            assert [each for each in exactly if each.topic == row.topic] == []


def test_one_case_is_decided_again_without_the_others() -> None:
    play = next(each for each in PLAYS if each.name == "contended")
    references = [
        msgspec.json.decode(row.state)["reference"]
        for row in ledgers_of(play)["intake"]
        if row.topic == "intake.ApplicationSubmitted"
    ]

    for reference in references:
        tally = Tally()
        selection = Selection(case_id=case_id_of(reference))
        assert differences_in(ledgers_of(play), selection, tally) == []
        assert tally.recomputed["intake.ApplicationSubmitted"] == 1
        assert tally.recomputed["disbursement.PaymentRunOpened"] == 0


def test_what_is_not_on_record_cannot_be_decided_again() -> None:
    ledgers = ledgers_of(next(each for each in PLAYS if each.name == "list"))

    for unknown in (Selection(programme="another"), Selection(case_id=case_id_of("X-1"))):
        with pytest.raises(Invalid, match="expected"):
            differences_in(ledgers, unknown, Tally())


def test_an_event_that_should_not_be_there_is_named_and_one_that_is_missing_too() -> None:
    ledgers = ledgers_of(next(each for each in PLAYS if each.name == "story"))
    checks = [row for row in ledgers["eligibility"] if row.topic == "eligibility.CheckRecorded"]
    last = checks[-1]
    without = [row for row in ledgers["eligibility"] if row is not last]

    found = differences_in({**ledgers, "eligibility": without}, EVERYTHING, Tally())

    assert (found[0].field, found[0].computed) == (WHOLE_EVENT, "eligibility.CheckRecorded")


def _alterations(play: Play) -> Iterator[tuple[LedgerEvent, str, list[Difference]]]:
    for row, state in _samples(play):
        for field in state.keys() - given_in(row.topic):
            ledgers = altered(ledgers_of(play), row, field)
            if ledgers is not None:
                yield row, field, differences_in(ledgers, EVERYTHING, Tally())


def _samples(play: Play) -> Iterator[tuple[LedgerEvent, dict[str, Any]]]:
    """The first event of each kind and reason, each rule and each cause of finality."""
    taken = Counter[tuple[Any, ...]]()
    for name in CALLS:
        for row in ledgers_of(play).get(name, ()):
            state = msgspec.json.decode(row.state)
            is_sealed = row.topic in SEALED | COUNTS and _has_sealed_accounts(play)
            if given_in(row.topic) == {"all"} or is_sealed or not _has_a_result(row.topic, state):
                continue
            kind = (row.topic, state.get("rule"), state.get("reason"), state.get("because"))
            taken[kind] += 1
            if taken[kind] == 1:
                yield row, state


def _has_sealed_accounts(play: Play) -> bool:
    return any(row.topic == "intake.PersonalDataRecorded" for row in ledgers_of(play)["intake"])


def _has_a_result(topic: str, state: dict[str, Any]) -> bool:
    """A refusal of access for other reasons than the role, and an earmark from the reserve list,
    hold what a person said where others hold a result."""
    if topic.endswith(".AccessRefused"):
        return bool(state["reason"] == "role_not_entitled")
    return "Earmark" not in topic or "R26" in state.get("rule", "R26")


def _is_about(found: list[Difference], row: LedgerEvent) -> bool:
    """The event itself, or the first of the unit that it stands in and that came to nothing."""
    origin = f"{row.topic.partition('.')[0]}/main"
    return any(
        each.origin == origin
        and (
            each.position == row.position
            or (each.field == WHOLE_EVENT and each.position < row.position)
        )
        for each in found
    )
