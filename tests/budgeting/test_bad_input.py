"""Whatever comes in, the answer names field and expectation, and no head moves."""

from __future__ import annotations

from typing import Any

import pytest

from budgeting.office import REASONS, BudgetOffice, in_euro
from budgeting.test_approving import ENTITLED
from support.authority import CASE, PROGRAMME, a_token, person
from support.bad_input import (
    MONEY,
    NO_DATE,
    NO_MONEY,
    assert_form_is_checked,
    assert_invalid,
    changed,
)

PARTIAL = {
    "reference": CASE,
    "tranches": in_euro([("ESF", 2021, 50_000)]),
    "reasons": REASONS,
    "effective_on": "2021-01-11",
}
LINE = ENTITLED["open_budget_line"][1]
DATED = [command for command, (_, payload) in ENTITLED.items() if "effective_on" in payload]


def role_for(command: str) -> str:
    return sorted(ENTITLED[command][0])[0]


@pytest.mark.parametrize("command", ENTITLED)
def test_a_malformed_command_is_invalid(waiting: BudgetOffice, command: str) -> None:
    assert_form_is_checked(waiting, role_for(command), command, ENTITLED[command][1])


@pytest.mark.parametrize("message", [None, [], "approve", 7, {"command": "budgeting.approve"}])
def test_what_is_no_command_at_all_is_invalid(waiting: BudgetOffice, message: Any) -> None:
    head = waiting.head

    answer = waiting.send(message)

    assert answer.kind == "invalid"
    assert answer.errors
    assert waiting.head == head


def test_a_command_of_another_service_is_invalid(waiting: BudgetOffice) -> None:
    answer = waiting.ask("pay_out", person("decider"))

    assert "budgeting.approve_grant" in answer.errors["command"][0]


@pytest.mark.parametrize("value", NO_MONEY)
def test_money_is_text_with_two_decimals(waiting: BudgetOffice, value: Any) -> None:
    for command, payload, path in (
        ("open_budget_line", LINE, "ceiling"),
        ("change_ceiling", {**LINE, "reason": "Sperre"}, "ceiling"),
        ("approve_partially", PARTIAL, "tranches.0.amount"),
    ):
        said = assert_invalid(
            waiting,
            role_for(command),
            command,
            changed(payload, path, value),
            f"payload.{path}",
        )
        assert said == (MONEY if value is not None else said)


@pytest.mark.parametrize("value", NO_DATE)
@pytest.mark.parametrize("command", DATED)
def test_a_day_is_text_as_year_month_day(waiting: BudgetOffice, command: str, value: Any) -> None:
    payload = ENTITLED[command][1] | {"effective_on": value}

    assert_invalid(waiting, role_for(command), command, payload, "payload.effective_on")


@pytest.mark.parametrize(
    ("path", "value"),
    [("fund", "EFRE"), ("fund", ""), ("year", "2021"), ("year", 1999), ("year", 2021.0)],
)
def test_a_line_is_of_a_known_fund_and_a_whole_year(
    waiting: BudgetOffice, path: str, value: Any
) -> None:
    said = assert_invalid(
        waiting, "budget_officer", "open_budget_line", LINE | {path: value}, f"payload.{path}"
    )
    assert said


@pytest.mark.parametrize("reference", ["", "ziq-1", "ZIQ 1", "ZIQ-2020-0001\n", 7, None])
@pytest.mark.parametrize("command", ["approve_grant", "notify_decision", "reject_application"])
def test_a_reference_has_its_form(waiting: BudgetOffice, command: str, reference: Any) -> None:
    payload = ENTITLED[command][1] | {"reference": reference}

    assert_invalid(waiting, role_for(command), command, payload, "payload.reference")


def test_a_line_for_a_programme_nobody_registered_is_not_opened(waiting: BudgetOffice) -> None:
    """The programme may be on its way: the same command may be sent again later."""
    head = waiting.head

    answer = waiting.ask(
        "open_budget_line", person("budget_officer"), **(LINE | {"programme": "no-such"})
    )

    assert answer.kind == "not_yet"
    assert answer.reason == "Programme no-such is not known here yet."
    assert waiting.head == head
    prefix = PROGRAMME[:-1]
    assert (
        waiting.ask(
            "open_budget_line", person("budget_officer"), **(LINE | {"programme": prefix})
        ).kind
        == "not_yet"
    )


def test_a_forged_second_token_is_invalid(office: BudgetOffice) -> None:
    office.hear_of_finding(late=True)
    head = office.head

    answer = office.send(
        {
            "command": "budgeting.approve_grant",
            "key": "k",
            "actor_token": a_token(person("decider")),
            "second_actor_token": "S-1202",
            "payload": {"reference": CASE, "effective_on": "2021-01-11", "override_reason": "x"},
        }
    )

    assert list(answer.errors) == ["second_actor_token"]
    assert office.head == head
