"""Who may do what in budgeting: roles, mandates, four eyes and the second person."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from budgeting.office import (
    DECIDER,
    REASONS,
    SECOND_DECIDER,
    BudgetOffice,
    in_euro,
)
from grant_values.shapes import Actor
from support.authority import CASE, MENDING, NOW, OF_HISTORY, PERSON_IN, PROGRAMME, a_token, person

ON_CASE = {"reference": CASE, "effective_on": "2021-01-11"}
LINE = {"programme": PROGRAMME, "fund": "ESF", "year": 2025, "ceiling": "1.00"}
OFFICERS = {"formal_checker", "decider"}
KEEPERS = {"records_keeper"}
ENTITLED: dict[str, tuple[set[str], dict[str, Any]]] = {
    "open_budget_line": ({"budget_officer"}, {**LINE, "effective_on": "2021-01-11"}),
    "change_ceiling": (
        {"budget_officer"},
        {**LINE, "reason": "Sperre", "effective_on": "2021-01-11"},
    ),
    "earmark_from_reserve_list": ({"budget_officer"}, {"reference": CASE, "rule": "R"}),
    "approve_grant": ({"decider"}, ON_CASE),
    "approve_partially": (
        {"decider"},
        {**ON_CASE, "tranches": in_euro([("ESF", 2021, 1)]), "reasons": REASONS},
    ),
    "reject_application": ({"decider"}, {**ON_CASE, "reasons": REASONS}),
    "notify_decision": (OFFICERS, {**ON_CASE, "channel": "post"}),
    "waive_remedy": (OFFICERS, ON_CASE),
    "record_finality": (OFFICERS, ON_CASE),
    "set_retention_term": (KEEPERS, {**ON_CASE, "because": "asked"}),
    "set_legal_hold": (
        OFFICERS | KEEPERS,
        {**ON_CASE, "hold": "7K-12/25", "ground": "audit", "reason": "Prüfung"},
    ),
    "lift_legal_hold": (
        {"decider"} | KEEPERS,
        {**ON_CASE, "hold": "7K-12/25", "reason": "Ende"},
    ),
    "request_erasure": (
        OFFICERS | KEEPERS,
        {
            **ON_CASE,
            "request": "DSB-1/25",
            "subject": "00000000-0000-4000-8000-000000000000",
            "purposes": ["contact"],
            "received_on": "2021-01-10",
        },
    ),
    "decide_erasure": (
        {"decider"} | KEEPERS,
        {
            **ON_CASE,
            "request": "DSB-1/25",
            "decision": "refuse",
            "ground": "not_concerned",
            "reasons": "Gründe",
        },
    ),
    "propose_disposal": (KEEPERS, {**ON_CASE, "reasons": "Frist abgelaufen"}),
    "dispose_case": (KEEPERS, ON_CASE),
}


def test_every_command_of_budgeting_is_in_the_matrix(office: BudgetOffice) -> None:
    assert set(ENTITLED) == set(office.service.commands) - MENDING - OF_HISTORY


@pytest.mark.parametrize("command", ENTITLED)
def test_only_the_entitled_roles_give_a_command_and_others_go_on_record(
    waiting: BudgetOffice, command: str
) -> None:
    entitled, payload = ENTITLED[command]
    award = waiting.award().version
    for role in sorted(set(PERSON_IN) - entitled):
        head = waiting.head

        answer = waiting.ask(command, person(role), **payload)

        assert (answer.kind, answer.reason) == ("refused", "role_not_entitled")
        assert waiting.kinds(after=head) == ["AccessRefused"]
    refusals = waiting.events("AccessRefused")
    assert {each.command for each in refusals} == {f"budgeting.{command}"}
    assert len({each.originator_id for each in refusals}) == len(refusals)
    assert waiting.award().version == award
    for role in sorted(entitled):
        answer = waiting.ask(command, person(role, "S-9999"), **payload)
        assert answer.reason != "role_not_entitled"


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "kind"),
    [
        (date(2021, 1, 11), date(2099, 12, 31), "recorded"),
        (date(2021, 1, 12), date(2099, 12, 31), "refused"),
        (date(2021, 1, 1), NOW.date(), "recorded"),
        (date(2021, 1, 1), NOW.date() - timedelta(days=1), "refused"),
    ],
)
def test_a_mandate_runs_on_the_day_of_the_decision_and_still_today(
    waiting: BudgetOffice, starts_on: date, ends_on: date, kind: str
) -> None:
    """Whoever has lost a mandate cannot go on deciding by dating the decision back."""
    token = a_token(DECIDER, (starts_on, ends_on))
    head = waiting.head

    answer = waiting.approve(by=token, effective_on="2021-01-11")

    assert answer.kind == kind
    if kind == "refused":
        assert answer.reason == "mandate_not_in_force"
        assert waiting.kinds(after=head) == ["AccessRefused"]


@pytest.mark.parametrize("checker", ["S-1101", "S-1102"])
def test_who_checked_the_case_neither_approves_nor_rejects_it(
    waiting: BudgetOffice, checker: str
) -> None:
    """Four eyes (R19): a mandate as decider does not help."""
    by = person("decider", checker)

    assert waiting.approve(by=by).reason == "checker_is_decider"
    assert waiting.approve_partially([("ESF", 2021, 1)], by=by).reason == "checker_is_decider"
    assert waiting.reject(by=by).reason == "checker_is_decider"

    assert waiting.kinds()[-3:] == ["ApprovalRefused", "ApprovalRefused", "AccessRefused"]
    assert waiting.award().outcome == ""


def test_a_program_decides_in_a_demonstration_only(waiting: BudgetOffice) -> None:
    """§ 35a VwVfG NRW; R20."""
    script = Actor("script-1", "decider", scripted=True)

    assert waiting.approve(by=script).reason == "scripted_actor"
    assert waiting.reject(by=script).reason == "scripted_actor"
    assert waiting.award().outcome == ""

    waiting.declare_demonstration()
    assert waiting.approve(by=script).kind == "recorded"


def test_a_late_application_needs_a_reason_and_a_second_person(office: BudgetOffice) -> None:
    """D24; R3, R89."""
    office.hear_of_finding(late=True)
    script = Actor("script-2", "decider", scripted=True)
    checker = person("decider", "S-1101")
    late = "late_without_override"

    assert office.approve().reason == late
    assert office.approve(override_reason="Poststreik").reason == late
    assert office.approve(second=SECOND_DECIDER).reason == late
    for second in (DECIDER, checker, script):
        assert office.approve(second=second, override_reason="Poststreik").reason == late
    assert len(office.events("ApprovalRefused")) == 6

    answer = office.approve(second=SECOND_DECIDER, override_reason="Poststreik")

    assert answer.kind == "recorded"
    [approved] = office.events("GrantApproved")
    assert (approved.override_reason, approved.seconded_by) == ("Poststreik", "S-1202")
    assert approved.decided_by == "S-1201"


def test_the_second_person_must_be_a_decider_with_a_mandate_too(office: BudgetOffice) -> None:
    office.hear_of_finding(late=True)
    why = {"override_reason": "Poststreik"}

    assert (
        office.approve(second=person("formal_checker"), **why).reason == "second_actor_not_entitled"
    )
    assert office.approve(second=person("budget_officer"), **why).kind == "refused"
    assert office.kinds()[-2:] == ["AccessRefused", "AccessRefused"]
    assert office.award().outcome == ""


def test_a_second_token_on_a_command_that_takes_none_is_refused(waiting: BudgetOffice) -> None:
    answer = waiting.ask("reject_application", DECIDER, SECOND_DECIDER, **ON_CASE, reasons=REASONS)

    assert answer.reason == "second_actor_not_entitled"


def test_an_exception_for_an_application_in_time_is_invalid(waiting: BudgetOffice) -> None:
    """What was given as a reason for an exception must not vanish unread."""
    head = waiting.head
    expected = ["expected none: the application was received in time"]

    for answer in (
        waiting.approve(override_reason="Poststreik"),
        waiting.approve(second=SECOND_DECIDER, override_reason="Poststreik"),
    ):
        assert answer.errors == {"payload.override_reason": expected}
    assert waiting.head == head


def test_there_is_one_decision_per_case(waiting: BudgetOffice) -> None:
    waiting.approve()

    assert waiting.approve().reason == "already_decided"
    assert waiting.approve_partially([("ESF", 2021, 1)]).reason == "already_decided"
    assert waiting.reject().errors == {"payload.reference": ["expected a case without a decision"]}
    assert waiting.promised() == {"ESF": 60_000, "Land": 40_000}


def test_an_ineligible_case_is_rejected_and_not_approved(office: BudgetOffice) -> None:
    office.hear_of_finding(eligible=False)

    assert office.approve().reason == "not_found_eligible"
    assert office.reject().kind == "recorded"
    [rejection] = office.events("ApplicationRejected")
    assert rejection.failed == ("seat_in_land",)


def test_a_command_that_comes_twice_gets_the_recorded_answer(waiting: BudgetOffice) -> None:
    message = {
        "command": "budgeting.approve_grant",
        "key": "the-same",
        "actor_token": a_token(DECIDER),
        "payload": ON_CASE,
    }
    first = waiting.send(message)
    head = waiting.head

    assert waiting.send(message) == first
    assert waiting.head == head


def test_budgeting_says_not_yet_before_it_has_heard_of_a_finding(office: BudgetOffice) -> None:
    head = office.head
    assert office.approve().kind == "not_yet"
    office.hear_of_withdrawal()
    assert office.approve().kind == "not_yet"
    assert office.reject().kind == "not_yet"
    assert office.kinds(after=head) == ["ProceedingsOpened", "WithdrawalNoted"]
