"""Each rule meets, fails or refers a case for one named reason."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grant_contracts.programme import read_definition
from grant_eligibility.rules import Case, Check, EarlierOperation, run, unknown_rules
from grant_values.shapes import Applicant, Declarations, FinancingPlan, Operation, Post

ROOT = Path(__file__).parents[2]
ZIQ = read_definition((ROOT / "examples/zusammen-im-quartier/programme.toml").read_text("utf-8"))
ESF = read_definition((ROOT / "examples/esf-nrw-2014-2020/programme.toml").read_text("utf-8"))

CASE = Case(
    applicant=Applicant(
        key="a", name="Verein", kind="parish", legal_person=True, land="DE-NW", postcode="", city=""
    ),
    operation=Operation(
        title="Treff",
        summary="",
        funding_line="",
        module="1",
        starts_on=date(2021, 3, 1),
        ends_on=date(2022, 12, 31),
        postcode="",
        city="",
        category_code="",
        target_groups=("children",),
        posts=(),
        number=None,
    ),
    plan=FinancingPlan(
        eligible_cents=10_000, requested_cents=9_000, own_cents=1_000, others_cents=0
    ),
    declarations=Declarations(
        not_begun=True, subsidy_facts_acknowledged=True, no_double_funding=True
    ),
    received_on=date(2020, 12, 10),
    is_late=False,
    original=None,
)


def applying(**changes: Any) -> Case:
    return replace(CASE, applicant=replace(CASE.applicant, **changes))


def operating(**changes: Any) -> Case:
    return replace(CASE, operation=replace(CASE.operation, **changes))


def paying(**changes: int) -> Case:
    return replace(CASE, plan=replace(CASE.plan, **changes))


def declaring(**changes: bool) -> Case:
    return replace(CASE, declarations=replace(CASE.declarations, **changes))


def staffed(*posts: tuple[str, str]) -> Case:
    made = tuple(Post("1.5.3.1.3", share, 12, reason) for share, reason in posts)
    return operating(posts=made)


def repeating(number: int | None, original: int | None) -> Case:
    case = operating(number=number)
    return replace(case, original=EarlierOperation("ESF1420-000010", original))


def check(rule: str, case: Case, definition: dict[str, Any] = ZIQ) -> Check:
    [configured] = [each for each in definition["rules"] if each["id"] == rule]
    [answer] = run([configured], case)
    return answer


OUTCOMES = [
    ("seat_in_land", CASE, "met", "seat_in_the_land"),
    ("seat_in_land", applying(land="DE-HE"), "not_met", "seat_outside_the_land"),
    ("seat_in_land", applying(land=""), "referred", "seat_not_stated"),
    ("legal_person", CASE, "met", "legal_person"),
    ("legal_person", applying(legal_person=False), "not_met", "no_legal_person"),
    ("legal_person", applying(legal_person=None), "referred", "legal_form_unknown"),
    ("addressee_kind", CASE, "met", "kind_addressed"),
    ("addressee_kind", applying(kind="company"), "not_met", "kind_not_addressed"),
    (
        "addressee_kind",
        applying(kind="other_quarter_actor"),
        "referred",
        "kind_needs_examination",
    ),
    ("target_group", CASE, "met", "target_group_of_programme"),
    (
        "target_group",
        operating(target_groups=("seniors",)),
        "not_met",
        "target_group_outside_programme",
    ),
    (
        "target_group",
        operating(target_groups=("seniors", "families")),
        "referred",
        "target_group_partly_outside_programme",
    ),
    ("target_group", operating(target_groups=()), "referred", "target_group_not_stated"),
    ("module_known", CASE, "met", "module_open"),
    ("module_known", operating(module="4"), "not_met", "module_unknown"),
    ("module_known", operating(module="3"), "not_met", "module_closed"),
    (
        "module_known",
        operating(module="3", starts_on=date(2020, 12, 31)),
        "met",
        "module_open",
    ),
    ("module_known", operating(module=""), "referred", "module_not_stated"),
    ("own_share", CASE, "met", "own_share_reached"),
    ("own_share", paying(own_cents=999), "not_met", "own_share_too_low"),
    ("own_share", applying(kind="municipality"), "not_met", "own_share_too_low"),
    ("post_share", CASE, "met", "posts_large_enough"),
    ("post_share", staffed(("0.25", "")), "met", "posts_large_enough"),
    (
        "post_share",
        staffed(("0.20", "zwei Quartiere")),
        "referred",
        "post_below_quarter_with_reason",
    ),
    ("post_share", staffed(("0.20", " ")), "referred", "post_below_quarter_without_reason"),
    (
        "post_share",
        staffed(("0.20", "Grund"), ("0.1", "")),
        "referred",
        "post_below_quarter_without_reason",
    ),
    ("not_begun", CASE, "met", "not_begun"),
    ("not_begun", declaring(not_begun=False), "referred", "not_begun_not_declared"),
    ("not_begun", operating(starts_on=date(2020, 12, 9)), "referred", "starts_before_receipt"),
    ("not_begun", operating(starts_on=date(2020, 12, 10)), "met", "not_begun"),
    ("amount_positive", CASE, "met", "amount_positive"),
    ("amount_positive", paying(eligible_cents=0), "not_met", "amount_not_positive"),
    ("amount_positive", paying(requested_cents=0), "not_met", "amount_not_positive"),
    ("period_in_order", CASE, "met", "period_in_order"),
    ("period_in_order", operating(ends_on=date(2021, 3, 1)), "met", "period_in_order"),
    ("period_in_order", operating(ends_on=date(2021, 2, 28)), "not_met", "ends_before_start"),
    ("period_in_order", operating(ends_on=date(2051, 1, 1)), "not_met", "period_too_long"),
    ("period_in_order", operating(ends_on=date(2050, 12, 31)), "met", "period_in_order"),
    ("within_programme_end", CASE, "met", "ends_within_programme"),
    ("within_programme_end", operating(ends_on=date(2024, 12, 31)), "met", "ends_within_programme"),
    (
        "within_programme_end",
        operating(ends_on=date(2025, 1, 1)),
        "referred",
        "ends_after_expected_programme_end",
    ),
    ("not_funded_before", CASE, "met", "first_of_its_kind"),
    ("not_funded_before", repeating(11, 10), "referred", "repeats_earlier_operation"),
    ("not_funded_before", repeating(10, 10), "referred", "repeats_earlier_operation"),
    ("not_funded_before", repeating(9, 10), "referred", "earlier_number_arrived_later"),
    ("not_funded_before", repeating(None, None), "referred", "repeats_earlier_operation"),
    ("subsidy_facts_acknowledged", CASE, "met", "subsidy_facts_acknowledged"),
    (
        "subsidy_facts_acknowledged",
        declaring(subsidy_facts_acknowledged=False),
        "referred",
        "subsidy_facts_not_acknowledged",
    ),
    ("no_double_funding_declared", CASE, "met", "no_double_funding_declared"),
    (
        "no_double_funding_declared",
        declaring(no_double_funding=False),
        "referred",
        "no_double_funding_not_declared",
    ),
    ("received_in_time", CASE, "met", "received_in_time"),
    ("received_in_time", replace(CASE, is_late=True), "referred", "received_late"),
]


@pytest.mark.parametrize(("rule", "case", "result", "code"), OUTCOMES)
def test_a_rule_answers_for_one_named_reason(rule: str, case: Case, result: str, code: str) -> None:
    answer = check(rule, case)

    assert (answer.rule, answer.version) == (rule, "1")
    assert (answer.result, answer.explanation_code) == (result, code)
    assert answer.inputs


def test_an_early_start_is_referred_and_the_first_eligible_day_is_not() -> None:
    early = check("eligible_from", operating(starts_on=date(2013, 12, 31)), ESF)
    first = check("eligible_from", operating(starts_on=date(2014, 1, 1)), ESF)

    assert (early.result, early.explanation_code) == ("referred", "started_early")
    assert early.inputs == {"starts_on": "2013-12-31", "eligible_from": "2014-01-01"}
    assert first.result == "met"


def test_an_end_that_is_certain_is_not_left_to_a_person() -> None:
    certain = [{"id": "within_programme_end", "version": "1", "parameters": {"date": "2022-12-30"}}]

    [answer] = run(certain, CASE)

    assert (answer.result, answer.explanation_code) == ("not_met", "ends_after_programme")


def test_a_kind_without_an_own_share_is_referred() -> None:
    rates = [{"id": "own_share", "version": "1", "parameters": {"rates": {"municipality": "0.2"}}}]

    [answer] = run(rates, CASE)

    assert (answer.result, answer.explanation_code) == ("referred", "no_own_share_set_for_kind")


def test_the_own_share_is_rounded_up_to_the_cent() -> None:
    """10 % of 100.01 EUR is 10.01 EUR, not 10.00."""
    assert check("own_share", paying(eligible_cents=10_001, own_cents=1_000)).result == "not_met"
    assert check("own_share", paying(eligible_cents=10_001, own_cents=1_001)).result == "met"


def test_what_a_rule_looked_at_is_kept_with_its_answer() -> None:
    answer = check("own_share", paying(own_cents=999))

    assert answer.inputs == {
        "kind": "parish",
        "rate": "1/10",
        "eligible_cents": 10_000,
        "own_cents": 999,
        "least_cents": 1_000,
    }


def test_no_rule_keeps_the_name_of_the_applicant() -> None:
    case = applying(name="Erika Mustermann")

    assert "Mustermann" not in str([*run(ZIQ["rules"], case), *run(ESF["rules"], case)])


def test_the_rules_of_a_programme_run_in_its_order() -> None:
    assert [each.rule for each in run(ZIQ["rules"], CASE)] == [each["id"] for each in ZIQ["rules"]]
    assert {each.result for each in run(ZIQ["rules"], CASE)} == {"met"}


def test_the_rules_of_both_programmes_are_known() -> None:
    assert unknown_rules(ZIQ) == unknown_rules(ESF) == []


def test_the_kinds_and_groups_that_rules_name_are_those_of_the_programme() -> None:
    parameters = {each["id"]: each["parameters"] for each in ZIQ["rules"]}

    assert parameters["addressee_kind"]["kinds"] == [each["kind"] for each in ZIQ["addressees"]]
    assert parameters["target_group"]["groups"] == list(ZIQ["target_groups"])
    assert parameters["module_known"]["modules"] == list(ZIQ["modules"])
    assert parameters["seat_in_land"]["land"] == ZIQ["land"]


def test_a_grant_rate_and_an_own_share_never_exceed_the_whole() -> None:
    own = next(each["parameters"]["rates"] for each in ZIQ["rules"] if each["id"] == "own_share")
    granted = {each["kind"]: each["rate"] for each in ZIQ["money"]["grant_rates"]}

    assert granted == {"municipality": "0.8", "*": "0.9"}
    assert own == {"municipality": "0.20", "*": "0.10"}


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        ({"id": "seat_on_the_moon"}, "rule seat_on_the_moon version 1 is unknown: expected one of"),
        ({"id": "not_begun", "version": "2"}, "rule not_begun version 2 is unknown"),
        ({"id": "seat_in_land"}, "seat_in_land version 1: land: expected a value"),
        ({"id": "not_begun", "parameters": {"x": 1}}, "x: expected none but an empty table"),
        (
            {"id": "eligible_from", "parameters": {"date": "1.1.2014"}},
            "date: expected a date such as",
        ),
        ({"id": "post_share", "parameters": {"least": 0.25}}, "least: expected a rate from 0 to 1"),
        ({"id": "target_group", "parameters": {"groups": "children"}}, "groups: expected a list"),
        ({"id": "own_share", "parameters": {"rates": {}}}, "rates: expected a table"),
        (
            {"id": "within_programme_end", "parameters": {"date": "2024-12-31", "expected": "yes"}},
            "expected: expected true or false",
        ),
    ],
)
def test_a_definition_with_a_rule_that_cannot_run_is_complained_about(
    rule: dict[str, Any], complaint: str
) -> None:
    configured = {"version": "1", "parameters": {}, **rule}

    [found] = unknown_rules({"rules": [configured]})

    assert complaint in found
    with pytest.raises(ValueError, match=re.escape(complaint)):
        run([configured], CASE)


@given(st.integers(1, 10**12), st.integers(0, 10**12), st.sampled_from(["municipality", "parish"]))
def test_an_own_share_passes_exactly_from_its_rate_on(
    eligible_cents: int, own_cents: int, kind: str
) -> None:
    percent = 20 if kind == "municipality" else 10
    case = replace(
        paying(eligible_cents=eligible_cents, own_cents=own_cents),
        applicant=applying(kind=kind).applicant,
    )

    passes = check("own_share", case).result == "met"

    assert passes == (own_cents * 100 >= percent * eligible_cents)
