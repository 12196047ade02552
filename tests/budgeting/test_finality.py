"""From the dispatch of a decision to its finality, with the figures of the example programme.

§ 41 Abs. 2 VwVfG NRW: a posted act counts as announced on the third day after its dispatch, from
2025 on the fourth. § 74 Abs. 1 VwGO: one month for the action. § 31 Abs. 3 VwVfG NRW, § 222 Abs. 2
ZPO: a period does not end on a Saturday, a Sunday or a public holiday. VV 7.1 zu § 44 LHO NRW:
money is asked for once the decision is final.
"""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from budgeting.office import DECIDER, BudgetOffice, a_day
from support.authority import CASE, a_token

VECTORS = [
    # dispatched, deemed announced, last day for legal action
    pytest.param("2021-01-12", "2021-01-15", "2021-02-15", id="an ordinary week"),
    pytest.param("2021-05-05", "2021-05-08", "2021-06-08", id="deemed on a Saturday, not moved"),
    pytest.param("2021-01-28", "2021-01-31", "2021-03-01", id="no 31 February, then a Sunday"),
    pytest.param("2021-02-10", "2021-02-13", "2021-03-15", id="ends on a Saturday"),
    pytest.param("2021-11-22", "2021-11-25", "2021-12-27", id="ends on Christmas and a weekend"),
    pytest.param("2023-01-28", "2023-01-31", "2023-02-28", id="no 31 February"),
    pytest.param("2024-12-31", "2025-01-03", "2025-02-03", id="three days to the end of 2024"),
    pytest.param("2025-01-01", "2025-01-05", "2025-02-05", id="four days from 2025 on"),
    pytest.param("2025-03-27", "2025-03-31", "2025-04-30", id="four days, no 31 April"),
    pytest.param("2025-03-28", "2025-04-01", "2025-05-02", id="ends on May Day"),
]


@pytest.mark.parametrize(("dispatched_on", "deemed_on", "remedy_ends_on"), VECTORS)
def test_the_legal_days_follow_from_the_dispatch(
    waiting: BudgetOffice, dispatched_on: str, deemed_on: str, remedy_ends_on: str
) -> None:
    waiting.approve()

    assert waiting.notify(dispatched_on).kind == "recorded"

    [notified] = waiting.events("DecisionNotified")
    assert (notified.deemed_on, notified.remedy_ends_on) == (
        a_day(deemed_on),
        a_day(remedy_ends_on),
    )
    assert ("2025" in notified.rule) == (dispatched_on >= "2025")
    assert "VwGO" in notified.rule
    last_day = waiting.expire(remedy_ends_on)
    assert last_day.errors == {"payload.effective_on": [f"expected a day after {remedy_ends_on}"]}
    assert waiting.expire("2026-01-02").kind == "recorded"
    [final] = waiting.events("DecisionBecameFinal")
    assert final.final_on == a_day(remedy_ends_on) + timedelta(days=1)


def test_with_finality_promises_become_debts(waiting: BudgetOffice) -> None:
    waiting.make_final()

    assert waiting.kinds()[-4:] == [
        "RemedyWaived",
        "DecisionBecameFinal",
        "FundsCommitted",
        "FundsCommitted",
    ]
    assert waiting.promised() == {"ESF": 0, "Land": 0}
    assert waiting.line("ESF").committed_cents == 60_000
    assert waiting.line("Land").committed_cents == 40_000


def test_a_final_rejection_commits_nothing(waiting: BudgetOffice) -> None:
    waiting.reject()
    waiting.notify()
    waiting.waive()

    assert waiting.events("FundsCommitted") == []
    assert waiting.line("ESF").free_cents == 100_000
    [rejection] = waiting.events("ApplicationRejected")
    assert rejection.remedy_instruction.startswith("Gegen diesen Bescheid kann innerhalb eines")


@pytest.mark.parametrize(
    ("day", "why"),
    [
        ("1976-12-31", "the first value holds from 1977-01-01"),
        ("9999-12-30", "date value out of range"),
        ("2101-01-01", "holidays are known"),
    ],
)
def test_a_day_that_the_law_or_the_calendar_does_not_reach_is_invalid(
    waiting: BudgetOffice, day: str, why: str
) -> None:
    ageless = a_token(DECIDER, (date.min, date.max))
    waiting.approve(by=ageless, effective_on="1976-12-01")
    head = waiting.head

    answer = waiting.ask(
        "notify_decision", ageless, reference=CASE, channel="post", effective_on=day
    )

    [(field, [expected])] = answer.errors.items()
    assert field == "payload.effective_on"
    assert expected.startswith("expected a day whose legal days can be computed")
    assert why in expected
    assert waiting.head == head


def test_the_terms_of_a_grant_come_from_the_programme(waiting: BudgetOffice) -> None:
    """VV 4.2 zu § 44 LHO NRW; R22."""
    waiting.approve()

    [approved] = waiting.events("GrantApproved")
    terms = approved.terms
    assert (terms.grant_cents, terms.eligible_cents) == (100_000, 120_000)
    assert terms.financing_type == "Anteilfinanzierung"
    assert terms.authority.startswith("Ministerium für Arbeit")
    assert terms.side_provisions.startswith("ANBest-P")
    assert (terms.remedy_kind, terms.remedy_months) == ("action", 1)
    assert (terms.starts_on, terms.ends_on) == (a_day("2021-03-01"), a_day("2021-12-31"))


def test_a_payment_is_posted_on_its_lines_and_reversed_if_it_comes_back(
    waiting: BudgetOffice,
) -> None:
    waiting.make_final()
    payment = {
        "order_id": f"{CASE}-1",
        "end_to_end_id": f"{CASE}-1-1",
        "tranches": [{"fund": "ESF", "year": 2021, "amount_cents": 20_000}],
        "amount_cents": 20_000,
        "effective_on": "2021-03-11",
    }

    waiting.hear("disbursement.PaymentExecuted", **payment)
    assert waiting.line().spent_cents == 20_000
    waiting.hear("disbursement.PaymentReturned", **payment, was_executed=True, reason="AC04")
    assert waiting.line().spent_cents == 0
    head = waiting.head
    waiting.hear("disbursement.PaymentReturned", **payment, was_executed=False, reason="AC04")
    assert waiting.head == head
