"""One line: given what happened, when money is asked of it, then this is on record."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from grant_budgeting.domain import BudgetLine, Earmark
from grant_values.cases import case_id_of
from grant_values.invalid import Invalid

CASE = case_id_of("ZIQ-2020-0001")
DAY = date(2021, 1, 5)
RULE = "all tranches or none"


def a_line(
    ceiling_cents: int = 100_000,
    earmarked: int = 0,
    committed: int = 0,
    spent: int = 0,
) -> BudgetLine:
    """A line of which so much is earmarked, committed and spent."""
    line = BudgetLine(
        programme="ziq",
        fund="ESF",
        year=2021,
        ceiling_cents=ceiling_cents,
        opened_by="S-1301",
        effective_on=DAY,
    )
    if earmarked + committed:
        line.earmark(CASE, earmarked + committed, RULE)
    if committed:
        line.commit(CASE, committed)
    if spent:
        line.spend(CASE, "O-1", spent, DAY)
    line.collect_events()
    return line


def the_event(line: BudgetLine) -> Any:
    [recorded] = line.collect_events()
    return recorded


def test_a_line_opens_with_its_ceiling_and_nothing_promised() -> None:
    line = BudgetLine(
        programme="ziq",
        fund="ESF",
        year=2021,
        ceiling_cents=7,
        opened_by="S-1301",
        effective_on=DAY,
    )

    opened = the_event(line)
    assert isinstance(opened, BudgetLine.BudgetLineOpened)
    assert (opened.ceiling_cents, opened.opened_by, opened.effective_on) == (7, "S-1301", DAY)
    assert (line.free_cents, line.spent_cents) == (7, 0)


def test_each_programme_fund_and_year_has_one_line() -> None:
    ids = {
        BudgetLine.create_id(programme, fund, year)
        for programme in ("a", "b")
        for fund in ("ESF", "Land")
        for year in (2021, 2022)
    }
    assert len(ids) == 8


def test_a_promise_within_the_ceiling_is_made_to_the_last_cent() -> None:
    line = a_line(earmarked=40_000)

    assert line.earmark(CASE, 60_000, RULE)

    promised = the_event(line)
    assert isinstance(promised, BudgetLine.FundsEarmarked)
    assert (promised.case_id, promised.amount_cents, promised.rule) == (CASE, 60_000, RULE)
    assert line.free_cents == 0


def test_a_promise_beyond_the_ceiling_is_refused_and_the_refusal_is_on_record() -> None:
    """§§ 38, 45 LHO NRW; R26. What is committed binds as much as what is earmarked."""
    line = a_line(earmarked=40_000, committed=20_000)

    assert not line.earmark(CASE, 40_001, RULE)

    refusal = the_event(line)
    assert isinstance(refusal, BudgetLine.EarmarkRefused)
    assert (refusal.reason, refusal.free_cents) == ("ceiling_exceeded", 40_000)
    assert refusal.amount_cents == 40_001
    assert line.earmarked_cents == 40_000


def test_what_is_spent_does_not_become_free_again() -> None:
    assert a_line(committed=60_000, spent=60_000).free_cents == 40_000


def test_a_release_makes_money_free_again() -> None:
    line = a_line(earmarked=60_000)

    line.release(CASE, 20_000, "partially_approved")

    released = the_event(line)
    assert isinstance(released, BudgetLine.EarmarkReleased)
    assert (released.amount_cents, released.reason) == (20_000, "partially_approved")
    assert line.free_cents == 60_000


def test_a_promise_that_becomes_a_debt_stays_within_the_ceiling() -> None:
    line = a_line(earmarked=60_000)

    line.commit(CASE, 60_000)

    assert isinstance(the_event(line), BudgetLine.FundsCommitted)
    assert (line.earmarked_cents, line.committed_cents, line.free_cents) == (0, 60_000, 40_000)


def test_a_payment_and_its_return_cancel_to_the_cent() -> None:
    line = a_line(committed=60_000)

    line.spend(CASE, "O-1", 33_333, DAY)
    line.reverse(CASE, "O-1", 33_333, DAY)

    spent, reversed_ = line.collect_events()
    assert isinstance(spent, BudgetLine.FundsSpent)
    assert isinstance(reversed_, BudgetLine.SpendingReversed)
    assert spent.amount_cents == reversed_.amount_cents == 33_333
    assert spent.order_id == "O-1"
    assert (line.spent_cents, line.committed_cents) == (0, 60_000)


def test_a_ceiling_rises_and_falls_to_what_is_promised() -> None:
    line = a_line(earmarked=40_000, committed=20_000)

    line.change_ceiling(60_000, "Sperre", "S-1301", DAY)

    changed = the_event(line)
    assert isinstance(changed, BudgetLine.CeilingChanged)
    assert (changed.ceiling_cents, changed.reason, changed.changed_by) == (
        60_000,
        "Sperre",
        "S-1301",
    )
    assert line.free_cents == 0


def test_a_ceiling_never_falls_below_what_is_promised() -> None:
    line = a_line(earmarked=40_000, committed=20_000)

    with pytest.raises(Invalid, match=r"ceiling: expected at least 600\.00, which is promised"):
        line.change_ceiling(59_999, "Sperre", "S-1301", DAY)

    assert line.collect_events() == []


Asked = Callable[[BudgetLine], object]


@pytest.mark.parametrize(
    "ask",
    [
        lambda line: line.earmark(CASE, 0, RULE),
        lambda line: line.earmark(CASE, -1, RULE),
        lambda line: line.release(CASE, 10_001, "withdrawn"),
        lambda line: line.release(CASE, 0, "withdrawn"),
        lambda line: line.commit(CASE, 10_001),
        lambda line: line.commit(CASE, -1),
        lambda line: line.spend(CASE, "O-2", 20_001, DAY),
        lambda line: line.spend(CASE, "O-2", -1, DAY),
        lambda line: line.reverse(CASE, "O-1", 10_001, DAY),
        lambda line: line.reverse(CASE, "O-1", 0, DAY),
    ],
)
def test_no_total_can_be_driven_below_zero_or_past_what_is_there(ask: Asked) -> None:
    """Such a call is a fault of the program: it stops, and nothing is on record."""
    line = a_line(earmarked=10_000, committed=30_000, spent=10_000)

    with pytest.raises(ValueError, match="cents"):
        ask(line)

    assert line.collect_events() == []


def test_an_earmark_is_known_by_its_line_and_case() -> None:
    line = a_line()
    earmark = Earmark(line_id=line.id, case_id=CASE, amount_cents=5)

    [made] = earmark.collect_events()
    assert isinstance(made, Earmark.EarmarkMade)
    assert made.originator_id == Earmark.create_id(line.id, CASE)
    assert (made.line_id, made.case_id, made.amount_cents) == (line.id, CASE, 5)
