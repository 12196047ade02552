"""When money runs out: a refusal and a place on the reserve list, and the way back from there."""

from __future__ import annotations

from typing import Any

import pytest

from budgeting.office import DECIDER, BudgetOffice, a_finding, in_euro

SECOND = "ZIQ-2020-0002"
TOO_MUCH_LAND = (("ESF", 2021, 60_000), ("Land", 2021, 60_001))


def test_the_ceiling_binds_and_the_refusal_is_on_record(waiting: BudgetOffice) -> None:
    waiting.hear_of_finding(SECOND, TOO_MUCH_LAND)

    [refusal] = waiting.events("EarmarkRefused")
    assert (refusal.reason, refusal.free_cents) == ("ceiling_exceeded", 40_000)
    [placed] = waiting.events("PlacedOnReserveList")
    assert placed.reason == "ceiling_exceeded"
    assert [each.amount_cents for each in placed.tranches] == [60_000, 60_001]


def test_all_tranches_of_a_case_are_promised_or_none(office: BudgetOffice) -> None:
    """The ESF could carry its tranche, the Land cannot: neither promises anything."""
    office.hear_of_finding(parts=(("ESF", 2021, 60_000), ("Land", 2021, 100_001)))

    assert office.promised() == {"ESF": 0, "Land": 0}
    assert office.events("FundsEarmarked") == office.events("EarmarkMade") == []
    assert office.approve().reason == "no_funds_earmarked"


def test_a_year_without_a_line_puts_the_case_on_the_reserve_list(office: BudgetOffice) -> None:
    office.hear_of_finding(parts=(("ESF", 2021, 100), ("ESF", 2022, 100)))

    [placed] = office.events("PlacedOnReserveList")
    assert placed.reason == "no_budget_line"
    assert office.promised() == {"ESF": 0, "Land": 0}
    head = office.head
    assert office.try_reserve_list().errors == {
        "payload.reference": ["expected a case with a budget line for each of its tranches"]
    }
    assert office.head == head


def test_a_raised_ceiling_lets_a_waiting_case_move_up(office: BudgetOffice) -> None:
    office.hear_of_finding(parts=(("ESF", 2021, 120_000),))
    assert office.try_reserve_list().reason == "ceiling_exceeded"

    assert office.change_ceiling("ESF", 2021, "1200.00").kind == "recorded"
    moved_up = office.try_reserve_list()

    assert moved_up.kind == "recorded"
    assert office.promised()["ESF"] == 120_000
    assert len(office.events("PlacedOnReserveList")) == 1
    assert office.approve().kind == "recorded"


def test_money_that_a_withdrawal_frees_can_be_promised_to_the_next(waiting: BudgetOffice) -> None:
    waiting.hear_of_finding(SECOND)
    waiting.hear_of_withdrawal()

    assert waiting.try_reserve_list(SECOND).kind == "recorded"
    assert waiting.promised() == {"ESF": 60_000, "Land": 40_000}


def test_asking_for_what_is_promised_promises_nothing_more(waiting: BudgetOffice) -> None:
    head = waiting.head

    assert waiting.try_reserve_list().kind == "recorded"

    assert waiting.head == head


@pytest.mark.parametrize("eligible", [True, False])
def test_only_a_case_that_waits_for_a_decision_moves_up(
    office: BudgetOffice, eligible: bool
) -> None:
    office.hear_of_finding(eligible=eligible)
    if eligible:
        office.approve()
    head = office.head

    assert office.try_reserve_list().errors == {
        "payload.reference": ["expected an eligible case that waits for a decision"]
    }
    assert office.head == head


def test_a_ceiling_is_not_lowered_below_what_is_promised(waiting: BudgetOffice) -> None:
    head = waiting.head

    assert waiting.change_ceiling("ESF", 2021, "599.99").errors == {
        "payload.ceiling": ["expected at least 600.00, which is promised"]
    }
    assert waiting.change_ceiling("ESF", 2030, "1.00").errors == {
        "payload.year": ["expected a year with a line of ESF for zusammen-im-quartier"]
    }
    assert waiting.open_line("ESF", 2021, "1.00").kind == "invalid"
    assert waiting.head == head


def test_a_cut_goes_back_to_the_lines_it_came_from(waiting: BudgetOffice) -> None:
    answer = waiting.approve_partially((("ESF", 2021, 50_000), ("Land", 2021, 40_000)))

    assert answer.kind == "recorded"
    [released] = waiting.events("EarmarkReleased")
    assert (released.amount_cents, released.reason) == (10_000, "partially_approved")
    assert waiting.promised() == {"ESF": 50_000, "Land": 40_000}
    [approved] = waiting.events("GrantPartiallyApproved")
    assert approved.terms.grant_cents == 90_000


def test_a_year_that_is_cut_wholly_is_released_and_never_becomes_a_debt(
    waiting: BudgetOffice,
) -> None:
    waiting.approve_partially((("ESF", 2021, 60_000),))
    waiting.notify()
    waiting.waive()

    assert waiting.promised() == {"ESF": 0, "Land": 0}
    assert waiting.line("ESF").committed_cents == 60_000
    assert waiting.line("Land").committed_cents == 0


PARTS = {
    "expected more than 0.00 and at most 600.00 for ESF 2021": [("ESF", 2021, 60_001)],
    "expected more than 0.00 and at most 400.00 for Land 2021": [("Land", 2021, 0)],
    "expected more than 0.00 and at most 0.00 for ESF 2022": [("ESF", 2022, 1)],
    "expected each fund and year once": [("ESF", 2021, 100), ("ESF", 2021, 100)],
    "expected a part of what was earmarked, not all or nothing": [
        ("ESF", 2021, 60_000),
        ("Land", 2021, 40_000),
    ],
}


@pytest.mark.parametrize("expected", PARTS)
def test_a_partial_approval_is_a_part_of_what_was_earmarked(
    waiting: BudgetOffice, expected: str
) -> None:
    head = waiting.head

    assert waiting.approve_partially(PARTS[expected]).errors == {"payload.tranches": [expected]}
    assert waiting.head == head


def test_nothing_at_all_is_no_partial_approval(waiting: BudgetOffice) -> None:
    assert "payload.tranches" in waiting.approve_partially([]).errors


@pytest.mark.parametrize("missing", ["facts", "law", "discretion"])
@pytest.mark.parametrize("command", ["approve_partially", "reject_application"])
def test_reasons_are_due_in_facts_law_and_discretion(
    waiting: BudgetOffice, command: str, missing: str
) -> None:
    """§ 39 Abs. 1 VwVfG NRW; VV 4.1 zu § 44 LHO NRW (R21)."""
    head = waiting.head
    reasons = {"facts": "F", "law": "R", "discretion": "E"} | {missing: ""}
    parts: dict[str, Any] = (
        {"tranches": in_euro([("ESF", 2021, 1)])} if command == "approve_partially" else {}
    )

    answer = waiting.ask(
        command,
        DECIDER,
        reference="ZIQ-2020-0001",
        reasons=reasons,
        effective_on="2021-01-11",
        **parts,
    )

    assert answer.errors == {f"payload.reasons.{missing}": ["expected 1 to 4000 characters"]}
    assert waiting.head == head


def test_a_finding_of_two_lines_writes_line_and_earmark_for_each(office: BudgetOffice) -> None:
    head = office.head
    topic, data = a_finding()
    office.hear(topic, **data)

    assert office.kinds(after=head) == [
        "ProceedingsOpened",
        "FindingNoted",
        *("FundsEarmarked", "EarmarkMade") * 2,
    ]
