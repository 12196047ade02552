"""A withdrawal and a finding come by two feeds without a common order: both orders must do."""

from __future__ import annotations

from collections.abc import Callable

from budgeting.office import TWO_FUNDS, BudgetOffice, a_finding
from grant_bus.parked import parked_events

NOTHING = {"ESF": 0, "Land": 0}
ALL = {"ESF": 60_000, "Land": 40_000}


def test_a_withdrawal_after_the_finding_gives_the_money_back(waiting: BudgetOffice) -> None:
    assert waiting.promised() == ALL

    waiting.hear_of_withdrawal()

    assert waiting.promised() == NOTHING
    assert [event.reason for event in waiting.events("EarmarkReleased")] == ["withdrawn"] * 2
    [noted] = waiting.events("WithdrawalNoted")
    assert not noted.renunciation


def test_a_withdrawal_before_the_finding_lets_no_money_be_promised(office: BudgetOffice) -> None:
    office.hear_of_withdrawal()
    office.hear_of_finding()

    assert office.promised() == NOTHING
    assert office.kinds()[-3:] == ["ProceedingsOpened", "WithdrawalNoted", "FindingNoted"]
    assert office.events("ProceedingsOpened")[0].because == "withdrawal"


def test_a_withdrawal_of_a_case_that_was_never_heard_of_is_parked(office: BudgetOffice) -> None:
    """Its application was discarded: proceedings without a reference could not be told anybody."""
    withdrawal = office.an_event(
        "intake.ApplicationWithdrawn",
        "ZIQ-2020-0099",
        reason="Irrläufer",
        recorded_by="client:portal",
        effective_on="2021-01-18",
    )
    before = office.head

    office.hear_events(withdrawal)

    assert office.head == before
    [parked] = parked_events(office.store)
    assert "its application was never heard of" in parked.error


def test_both_orders_of_arrival_end_alike(
    office: BudgetOffice, an_office: Callable[[], BudgetOffice]
) -> None:
    office.hear_of_finding()
    office.hear_of_withdrawal()
    other = an_office()
    other.hear_of_application()
    other.hear_of_withdrawal()
    other.hear_of_finding()

    assert office.promised() == other.promised() == NOTHING
    for each in (office, other):
        assert each.award().withdrawn
        assert each.approve().reason == "withdrawn"
        assert each.line().free_cents == 100_000


def test_feeds_that_come_interleaved_in_one_breath_end_alike(office: BudgetOffice) -> None:
    withdrawal = office.an_event(
        "intake.ApplicationWithdrawn",
        reason="Die Eigenmittel fehlen.",
        recorded_by="client:portal",
        effective_on="2021-01-18",
    )
    topic, data = a_finding()
    again = office.an_event(topic, **data), office.an_event(topic, **data)

    office.hear_events(*again)
    office.hear_events(withdrawal)

    assert office.promised() == NOTHING
    assert len(office.events("FindingNoted")) == 1
    assert len(office.events("EarmarkReleased")) == 2


def test_a_withdrawal_after_an_ineligible_finding_has_nothing_to_give_back(
    office: BudgetOffice,
) -> None:
    office.hear_of_finding(eligible=False)
    office.hear_of_withdrawal()

    assert office.award().withdrawn
    assert office.events("EarmarkReleased") == []


def test_a_withdrawal_of_a_case_on_the_reserve_list_has_nothing_to_give_back(
    office: BudgetOffice,
) -> None:
    office.hear_of_finding("ZIQ-2020-0002", parts=(("ESF", 2021, 90_000),))
    office.hear_of_finding()

    office.hear_of_withdrawal()

    assert office.promised() == {"ESF": 90_000, "Land": 0}
    assert office.try_reserve_list().errors == {
        "payload.reference": ["expected an eligible case that waits for a decision"]
    }


def test_after_the_approval_a_withdrawal_is_a_renunciation_and_releases_the_money(
    waiting: BudgetOffice,
) -> None:
    waiting.approve()
    waiting.notify()

    waiting.hear_of_withdrawal()

    [noted] = waiting.events("WithdrawalNoted")
    assert noted.renunciation
    assert [event.reason for event in waiting.events("EarmarkReleased")] == ["renounced"] * 2
    assert waiting.promised() == NOTHING
    assert waiting.waive().errors == {
        "payload.reference": ["expected a case that was neither withdrawn nor renounced"]
    }


def test_a_renunciation_of_a_partial_grant_releases_what_was_left_of_it(
    waiting: BudgetOffice,
) -> None:
    waiting.approve_partially([("ESF", 2021, 50_000)])
    assert waiting.promised() == {"ESF": 50_000, "Land": 0}

    waiting.hear_of_withdrawal()

    assert waiting.promised() == NOTHING
    assert waiting.line("Land").free_cents == waiting.line("ESF").free_cents == 100_000


def test_after_finality_the_debt_stays(waiting: BudgetOffice) -> None:
    waiting.make_final()

    waiting.hear_of_withdrawal()

    [noted] = waiting.events("WithdrawalNoted")
    assert noted.renunciation
    assert waiting.line("ESF").committed_cents == 60_000
    assert waiting.events("EarmarkReleased") == []


def test_a_withdrawal_after_the_rejection_does_not_give_the_money_back_again(
    waiting: BudgetOffice,
) -> None:
    """What others were promised meanwhile must not be touched."""
    waiting.reject()
    waiting.hear_of_finding("ZIQ-2020-0002", TWO_FUNDS)

    waiting.hear_of_withdrawal()

    assert waiting.promised() == ALL
    assert [event.reason for event in waiting.events("EarmarkReleased")] == ["rejected"] * 2
    [noted] = waiting.events("WithdrawalNoted")
    assert not noted.renunciation


def test_a_withdrawal_and_a_finding_that_come_twice_change_nothing(waiting: BudgetOffice) -> None:
    waiting.hear_of_withdrawal()
    head = waiting.head

    waiting.hear_of_withdrawal()
    waiting.hear_of_finding()

    assert waiting.head == head


def test_a_finding_that_comes_twice_promises_once(waiting: BudgetOffice) -> None:
    head = waiting.head

    waiting.hear_of_finding()
    waiting.hear_of_finding(parts=(("ESF", 2021, 1),))

    assert waiting.head == head
    assert waiting.promised() == ALL
