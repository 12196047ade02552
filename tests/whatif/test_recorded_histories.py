"""Asked about its own rules, a history is as it was recorded; lines and orders too."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from grant_budgeting.domain import BudgetLine
from histories.recording import Play, recorded_plays
from histories.retelling import stores_of
from pruefpfad.assembly import SERVICES
from pruefpfad.decided_again.units import events_of
from pruefpfad.whatif.courses import CaseStudy
from pruefpfad.whatif.rules import NewRules, Window
from pruefpfad.whatif.study import Study, study
from pruefpfad.whatif.sums import sums
from whatif.reruns import ALWAYS, AS_RECORDED

PLAYS = recorded_plays()
LATER = "[calls.simulated]\ncloses_on = 2030-12-31"
every_play = pytest.mark.parametrize("play", PLAYS, ids=str)
ledgers_of = cache(lambda play: play.ledgers)


@contextmanager
def told(play: Play, folder: Path, rules: NewRules, window: Window = ALWAYS) -> Iterator[Any]:
    folder.mkdir(exist_ok=True)
    with stores_of(ledgers_of(play), folder) as stores:
        yield stores, study(stores, rules, None, window, lambda *_: None)


def of(name: str, folder: Path, text: str) -> Study:
    play = next(each for each in PLAYS if each.name == name)
    with told(play, folder, NewRules.read(text)) as (_, found):
        result: Study = found
        return result


@every_play
def test_its_own_rules_change_nothing(play: Play, tmp_path: Path) -> None:
    with told(play, tmp_path, AS_RECORDED) as (_, found):
        assert [case.reference for case in found.differing] == []
        assert found.held_on_lines == []
        assert all(each.granted_cents == each.new_granted_cents for each in sums(found).years)


@every_play
def test_both_sides_of_every_line_are_what_the_line_itself_says(play: Play, tmp_path: Path) -> None:
    with told(play, tmp_path, AS_RECORDED) as (stores, found):
        catalogue = SERVICES["budgeting"].catalogue
        for line in found.lines:
            line_id = BudgetLine.create_id(line.programme, line.fund, line.year)
            held: Any = catalogue.rebuild(stores["budgeting"].stream(line_id))
            assert line.free_cents == line.new_free_cents == held.free_cents
            assert line.ceiling_cents == held.ceiling_cents
            assert line.refused == line.new_refused


@every_play
def test_what_was_ordered_is_summed_as_recorded(play: Play, tmp_path: Path) -> None:
    with told(play, tmp_path, AS_RECORDED) as (stores, found):
        ordered = Counter[tuple[str, int]]()
        decode = SERVICES["disbursement"].catalogue.decode
        for row in events_of(stores["disbursement"]):
            if row.topic == "disbursement.PaymentOrdered":
                event: Any = decode(row)
                for each in event.tranches:
                    ordered[each.fund, each.year] += each.amount_cents
        said = {(each.fund, each.year): each.ordered_cents for each in sums(found).years}
        assert {key: cents for key, cents in said.items() if cents} == dict(ordered)


def test_a_smaller_grant_would_have_fitted_the_line_that_refused(tmp_path: Path) -> None:
    """The story's ESF line of 2022 was too small at first: a person raised it."""
    [case] = of("story", tmp_path, '[money]\nesf_rate = "0.05"').differing

    assert ("refused_though_promised", "2020-12-21") in [tuple(each) for each in case.held]
    assert case.recorded.earmark == case.new.earmark == "promised"


def test_a_larger_grant_would_not_have_been_promised_and_its_approval_is_held(
    tmp_path: Path,
) -> None:
    """Where money is short, and the ESF is to bear more of each case."""
    found = of("contended", tmp_path, '[money]\nesf_rate = "0.8"')

    left_out = [
        case
        for case in found.differing
        if (case.recorded.earmark, case.new.earmark) == ("promised", "ceiling_exceeded")
    ]
    assert left_out
    assert any(case.recorded.granted for case in left_out)
    for case in left_out:
        held = ("approved_without_funds", "ceiling_exceeded") in [tuple(each) for each in case.held]
        assert held == bool(case.recorded.granted)
        assert case.new.granted == ()
    assert sum(line.new_refused for line in found.lines) > sum(line.refused for line in found.lines)


def test_what_was_claimed_and_could_not_be_ordered_any_more_is_named(tmp_path: Path) -> None:
    [case] = of("story", tmp_path, '[money]\nesf_rate = "0.05"').differing

    assert sum(case.new.ordered.values()) == 0 < sum(case.recorded.ordered.values())
    assert any(each.reason == "claimed_above_grant" for each in case.held)


def test_a_line_that_is_missing_promises_nothing(tmp_path: Path) -> None:
    """The list's programme has no line for the Land: a rate above the ESF's needs one."""
    asked = '[money]\nesf_rate = "0.4"'

    found = of("list", tmp_path, asked)

    granted = [case for case in found.differing if case.recorded.granted]
    assert granted
    assert {case.new.earmark for case in granted} == {"no_budget_line"}
    assert {held.reason for case in granted for held in case.held} >= {"approved_without_funds"}


def test_who_comes_first_gets_the_money_in_the_recorded_order(tmp_path: Path) -> None:
    """Where money is short, smaller grants let others in who had to wait."""
    found = of("contended", tmp_path, '[money]\nesf_rate = "0.1"')

    let_in = [case for case in found.cases if _was_let_in(case)]
    assert let_in
    for line in found.lines:
        assert line.new_free_cents >= 0


def test_partial_awards_are_held_and_cut_to_what_would_result(tmp_path: Path) -> None:
    found = of("quiet", tmp_path, '[money]\nesf_rate = "0.01"')

    cut = [
        case
        for case in found.differing
        if any(held.reason == "partial_award_above_grant" for held in case.held)
    ]
    assert cut
    for case in cut:
        most = {(each.fund, each.year): each.amount_cents for each in case.new.calculated}
        assert all(each.amount_cents <= most[each.fund, each.year] for each in case.new.granted)


def test_an_earlier_last_day_makes_late_what_was_approved_without_an_exception(
    tmp_path: Path,
) -> None:
    [case] = of("story", tmp_path, '[calls."2020-11"]\ncloses_on = 2020-11-30').differing

    reasons = {held.reason for held in case.held}
    assert (case.recorded.late, case.new.late) == (False, True)
    assert case.new.objections["received_in_time"].result == "referred"
    assert reasons == {"approved_though_late", "found_eligible_without_reasons"}


def test_a_later_last_day_makes_of_the_late_what_came_in_time(tmp_path: Path) -> None:
    """Also what two persons made an exception for."""
    [case] = of("quiet", tmp_path, LATER).differing

    assert (case.recorded.late, case.new.late) == (True, False)
    assert case.recorded.objections["received_in_time"].explanation == "received_late"
    assert "received_in_time" not in case.new.objections
    assert case.held == []


def test_what_was_refused_as_late_and_would_be_in_time_is_named(tmp_path: Path) -> None:
    """The refusal is made one: nobody asked without an exception when this was recorded."""
    play = next(each for each in PLAYS if each.name == "quiet")
    ledgers = {name: list(rows) for name, rows in ledgers_of(play).items()}
    [late] = of("quiet", tmp_path / "late", LATER).differing
    row = next(
        each
        for each in ledgers["budgeting"]
        if each.topic == "budgeting.ApprovalRefused" and each.originator_id == late.case_id
    )
    state = {**json.loads(row.state), "reason": "late_without_override"}
    ledgers["budgeting"][row.position - 1] = row._replace(state=json.dumps(state).encode())

    with stores_of(ledgers, tmp_path) as stores:
        found = study(stores, NewRules.read(LATER), None, ALWAYS, lambda *_: None)

    [case] = found.differing
    assert [held.reason for held in case.held] == ["refused_though_in_time"]


def test_later_legal_days_hold_waivers_and_finality_against_the_rule(tmp_path: Path) -> None:
    asked = """
    [decision.remedy]
    months = 12
    [[decision.announcement]]
    valid_from = "1977-01-01"
    days = 30
    shift_to_working_day = true
    source = "test"
    """

    reasons = {
        held.reason
        for name in ("quiet", "contended", "story")
        for case in of(name, tmp_path / name, asked).differing
        for held in case.held
    }

    assert {"waived_outside_its_days", "final_before_the_last_day"} <= reasons


def test_a_call_that_no_table_knows_is_held_without_days(tmp_path: Path) -> None:
    asked = """
    [[decision.announcement]]
    valid_from = "2030-01-01"
    days = 4
    shift_to_working_day = false
    source = "test"
    """

    [case] = of("story", tmp_path, asked).differing

    assert case.new.deemed_on is None
    assert [held.reason for held in case.held] == ["notified_without_legal_days"]


def _was_let_in(case: CaseStudy) -> bool:
    return case.new.earmark == "promised" and case.recorded.earmark not in ("promised", "")
