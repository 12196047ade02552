"""What the case file answers to a case officer and to an auditor."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from audit import stories
from audit.conftest import Tell
from audit.feeds import Feeds
from grant_audit import queries
from grant_audit.case_file import STATES
from grant_store.sqlite import SQLiteStore
from grant_values.invalid import Invalid

REFERENCE = "ZIQ-1"


def placed_on_the_reserve_list(feeds: Feeds, reference: str) -> None:
    feeds.record("budgeting.PlacedOnReserveList", reference)


def referred(feeds: Feeds, reference: str) -> None:
    stories.assessed(feeds, reference, "repeats_earlier_operation", "referred")


def partially_approved(feeds: Feeds, reference: str) -> None:
    feeds.record("budgeting.GrantPartiallyApproved", reference)


def renounced(feeds: Feeds, reference: str) -> None:
    stories.withdrawn(feeds, reference, renunciation=True)


def paid_in_part(feeds: Feeds, reference: str) -> None:
    part = [{"fund": "ESF", "year": 2019, "amount_cents": 10_000}]
    feeds.record(
        "disbursement.PaymentExecuted",
        reference,
        order_id=f"{reference}-o1",
        tranches=part,
        amount_cents=10_000,
    )


Step = Callable[..., Any]
UNTIL_FOUND: list[Step] = [stories.received, stories.assessed, stories.found_eligible]
UNTIL_FINAL = [*UNTIL_FOUND, stories.earmarked, stories.approved, stories.became_final]
UNTIL_ORDERED = [*UNTIL_FINAL, stories.claimed, stories.transmitted]
LIVES: list[tuple[str, list[Step]]] = [
    ("received", [stories.received]),
    ("received", [stories.received, stories.assessed]),
    ("withdrawn", [stories.received, stories.withdrawn]),
    ("withdrawn", [*UNTIL_FOUND, stories.withdrawn]),
    ("referred", [stories.received, referred]),
    ("found_eligible", UNTIL_FOUND),
    ("found_ineligible", [stories.received, referred, stories.rejected]),
    ("rejected", [stories.received, referred, stories.rejected]),
    ("on_reserve_list", [*UNTIL_FOUND, placed_on_the_reserve_list]),
    ("earmarked", [*UNTIL_FOUND, placed_on_the_reserve_list, stories.earmarked]),
    ("approved", [*UNTIL_FOUND, stories.earmarked, stories.approved]),
    ("partially_approved", [*UNTIL_FOUND, stories.earmarked, partially_approved]),
    ("final", UNTIL_FINAL),
    ("final", UNTIL_ORDERED),
    ("paid_in_part", [*UNTIL_ORDERED, paid_in_part]),
    ("paid", [*UNTIL_ORDERED, stories.executed]),
    ("final", [*UNTIL_ORDERED, stories.executed, stories.returned]),
    ("renounced", [*UNTIL_FINAL, renounced]),
]


@pytest.mark.parametrize(("state", "steps"), LIVES)
def test_the_state_of_a_case_is_the_furthest_that_any_service_has_brought_it(
    state: str, steps: list[Step], tell: Tell
) -> None:
    feeds = Feeds()
    stories.a_programme(feeds)
    for step in steps:
        step(feeds, REFERENCE)
    if state == "found_ineligible":  # The act of rejection has not been heard of yet.
        feeds.events.pop()
    assert queries.case(tell(feeds), REFERENCE).state == state


def test_each_state_that_a_list_can_ask_for_is_reached_by_some_case() -> None:
    assert {state for state, _ in LIVES} == set(STATES)


def test_the_list_is_in_order_of_reference_and_can_be_narrowed(year: SQLiteStore) -> None:
    listed = {line.reference: line.state for line in queries.cases(year)}
    assert listed == {
        "ZIQ-1": "paid",
        "ZIQ-2": "rejected",
        "ZIQ-3": "renounced",
        "ZIQ-4": "withdrawn",
    }
    assert list(listed) == sorted(listed)
    assert [line.reference for line in queries.cases(year, state="paid")] == ["ZIQ-1"]
    assert queries.cases(year, programme="another") == []


def test_a_line_of_the_list_tells_what_was_asked_granted_and_paid(year: SQLiteStore) -> None:
    [line] = queries.cases(year, state="paid", programme="ziq")
    assert line == queries.CaseLine(
        reference="ZIQ-1",
        state="paid",
        programme="ziq",
        applicant="Quartier e. V.",
        title="Nachbarschaftstreff",
        received_on=date(2019, 2, 1),
        eligible_cents=100_000,
        grant_cents=80_000,
        paid_cents=80_000,
    )


def test_an_unknown_state_is_refused_and_the_known_ones_are_named(year: SQLiteStore) -> None:
    with pytest.raises(Invalid, match=r"state: expected one of received, withdrawn, .*'lost'"):
        queries.cases(year, state="lost")


def test_an_unknown_reference_is_refused_and_named(year: SQLiteStore) -> None:
    for ask in (queries.case, queries.history):
        with pytest.raises(Invalid, match=r"reference: expected that of a case on rec.*'ZIQ-99'"):
            ask(year, "ZIQ-99")


def test_a_case_shows_its_checks_its_referral_and_why_it_was_rejected(year: SQLiteStore) -> None:
    file = queries.case(year, "ZIQ-2")
    assert file.intake["late"] is True
    assert file.eligibility["checks"] == [
        {
            "rule": "not_funded_before",
            "rule_version": "some-rule_version",
            "result": "referred",
            "explanation": "repeats_earlier_operation",
        }
    ]
    assert file.eligibility["referral"]["rules"] == ["not_funded_before"]
    assert file.decision is not None
    assert file.decision["failed"] == ["not_funded_before"]
    assert file.terms == {}


def test_a_paid_case_shows_both_certificates_and_the_value_date(year: SQLiteStore) -> None:
    file = queries.case(year, "ZIQ-1")
    assert set(file.disbursement["claims"]["c1"]["certificates"]) == {"factual", "arithmetic"}
    [order] = file.orders
    assert [transmission["run"] for transmission in order["transmissions"]] == ["run-1"]
    assert [execution["effective_on"] for execution in order["executions"]] == ["2019-03-01"]
    assert file.paid == {"ESF/2019": 50_000, "Land/2019": 30_000}


def test_a_returned_payment_is_not_paid_any_more_but_stays_on_record(tell: Tell) -> None:
    feeds = Feeds()
    stories.a_programme(feeds)
    stories.paid_in_full(feeds, REFERENCE)
    stories.returned(feeds, REFERENCE)
    file = queries.case(tell(feeds), REFERENCE)
    assert file.paid_cents == 0
    [order] = file.orders
    assert order["returns"][0]["reason"] == "Konto geschlossen"
    assert len(order["executions"]) == 1


def test_a_payment_that_came_back_before_it_was_executed_takes_nothing_off(tell: Tell) -> None:
    feeds = Feeds()
    stories.a_programme(feeds)
    for step in UNTIL_ORDERED:
        step(feeds, REFERENCE)
    feeds.record(
        "disbursement.PaymentReturned",
        REFERENCE,
        order_id=f"{REFERENCE}-o1",
        was_executed=False,
    )
    assert queries.case(tell(feeds), REFERENCE).paid_cents == 0


def test_the_history_of_a_case_is_in_the_order_of_recording(year: SQLiteStore) -> None:
    history = queries.history(year, "ZIQ-4")
    assert [entry["type"] for entry in history] == [
        "intake.ApplicationSubmitted",
        "intake.ApplicationWithdrawn",
        "budgeting.WithdrawalNoted",
    ]
    assert history[0]["source"] == "intake/main"
    assert history[0]["actor_id"] == "s-1"
    assert history[0]["data"]["reference"] == "ZIQ-4"


def test_what_is_about_no_case_has_a_history_of_its_own(year: SQLiteStore) -> None:
    types = {entry["type"] for entry in queries.history_without_case(year)}
    assert types == {
        "intake.ProgrammeRegistered",
        "intake.CallOpened",
        "intake.DemonstrationDeclared",
        "budgeting.BudgetLineOpened",
        "budgeting.AccessRefused",
        "disbursement.PaymentRunOpened",
        "disbursement.PaymentRunWritten",
    }


def test_a_budget_line_tells_ceiling_earmarked_committed_paid_and_free(tell: Tell) -> None:
    feeds = Feeds()
    stories.a_programme(feeds, ceiling_cents=120_000)
    stories.paid_in_full(feeds, "ZIQ-1")
    stories.earmarked(feeds, "ZIQ-2")
    esf, land = queries.budget(tell(feeds), "ziq")
    assert (esf.fund, esf.year, esf.ceiling_cents) == ("ESF", 2019, 120_000)
    assert (esf.earmarked_cents, esf.committed_cents, esf.paid_cents) == (50_000, 50_000, 50_000)
    assert (esf.promised_cents, esf.free_cents) == (100_000, 20_000)
    assert (land.fund, land.free_cents) == ("Land", 60_000)


def test_a_released_earmark_is_free_again(year: SQLiteStore) -> None:
    assert [line.free_cents for line in queries.budget(year)] == [950_000, 970_000]


def test_a_changed_ceiling_counts_from_then_on(tell: Tell) -> None:
    feeds = Feeds()
    stories.a_programme(feeds, ceiling_cents=120_000)
    feeds.record("budgeting.CeilingChanged", subject="line-esf", ceiling_cents=200_000)
    assert [line.ceiling_cents for line in queries.budget(tell(feeds))] == [200_000, 120_000]


def test_a_programme_whose_code_begins_like_another_keeps_its_own_lines(tell: Tell) -> None:
    feeds = Feeds()
    for programme in ("ziq", "ziq-2"):
        feeds.record("budgeting.BudgetLineOpened", subject=programme, programme=programme)
    assert [line.programme for line in queries.budget(tell(feeds), "ziq")] == ["ziq"]


def test_events_are_counted_by_service(year: SQLiteStore) -> None:
    feeds = Feeds()
    stories.a_whole_year(feeds)
    counted = {service: len(events) for service, events in feeds.by_service().items()}
    assert queries.events_followed(year) == counted
