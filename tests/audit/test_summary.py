"""The figures of a store agree with each other, and a cent too much does not go unseen."""

from __future__ import annotations

import json
from typing import Any

import pytest

from audit import stories
from audit.conftest import Tell
from audit.feeds import ESF_2019, OPERATION, PLAN, TERMS, Feeds
from grant_audit.summary import summary
from grant_store.sqlite import SQLiteStore

OUTCOME = "applications received = applications with an outcome"
ELIGIBLE = "eligible received = rejected + approved + withdrawn, none pending"
ESF_SHARE = "ESF earmarked = sum of floor(eligible × rate) over approved"
CEILING = "promised beyond a ceiling, over all budget lines = 0"
OVERPAID = "paid beyond what was approved, per case, fund and year = 0"
FILES = "total of all payment files = orders transmitted"
BANK = "spent by the budget lines = executed by the bank"


def broken(found: dict[str, Any]) -> dict[str, tuple[int, int]]:
    return {
        proof["claim"]: (proof["left"], proof["right"])
        for proof in found["reconciliation"]
        if not proof["holds"]
    }


def a_year() -> Feeds:
    feeds = Feeds()
    stories.a_whole_year(feeds)
    return feeds


def test_a_year_of_four_cases_is_counted_and_reconciles(year: SQLiteStore) -> None:
    found = summary(year)
    counts = {kind: figures["count"] for kind, figures in found["applications"].items()}
    assert counts == {
        "received": 4,
        "late": 1,
        "repeats": 1,
        "started_early": 0,
        "referred": 1,
        "on_reserve_list": 0,
        "approved": 1,
        "partially_approved": 0,
        "rejected": 1,
        "withdrawn": 1,
        "renounced": 1,
        "pending": 0,
    }
    assert found["applications"]["received"]["eligible_cents"] == 400_000
    assert found["applications"]["approved"]["grant_cents"] == 80_000
    assert found["rejected_by_reason"] == {"not_funded_before": 1}
    assert found["paid_by_fund_and_year"] == {"ESF/2019": 50_000, "Land/2019": 30_000}
    assert found["payment_files"]["total_cents"] == 80_000
    assert found["demonstration"] is True
    assert [proof["claim"] for proof in found["reconciliation"]] == [
        OUTCOME,
        ELIGIBLE,
        ESF_SHARE,
        CEILING,
        OVERPAID,
        FILES,
        BANK,
    ]
    assert broken(found) == {}


def test_the_summary_can_be_written_as_json(year: SQLiteStore) -> None:
    found = summary(year)
    assert json.loads(json.dumps(found)) == found


def test_an_empty_store_has_nothing_and_reconciles(tell: Tell) -> None:
    found = summary(tell(Feeds()))
    assert found["applications"]["received"]["count"] == 0
    assert found["demonstration"] is False
    assert broken(found) == {}


def test_figures_can_be_asked_for_before_intake_was_heard(tell: Tell) -> None:
    feeds = a_year()
    feeds.events = [event for event in feeds.events if event.origin != "intake/main"]
    found = summary(tell(feeds))
    assert found["applications"]["received"]["count"] == 0
    assert found["applications"]["renounced"]["count"] == 1  # Budgeting has noted it, too.
    assert ESF_SHARE not in broken(found)


def test_an_early_start_is_counted(tell: Tell) -> None:
    feeds = Feeds()
    stories.received(feeds, "ZIQ-1")
    stories.assessed(feeds, "ZIQ-1", "started_early", "referred")
    assert summary(tell(feeds))["applications"]["started_early"]["count"] == 1


def test_an_application_without_an_outcome_breaks_the_first_two_proofs(tell: Tell) -> None:
    feeds = a_year()
    stories.received(feeds, "ZIQ-5")
    assert broken(summary(tell(feeds))) == {OUTCOME: (5, 4), ELIGIBLE: (500_000, 400_000)}


def test_a_cent_earmarked_beyond_the_share_is_found(tell: Tell) -> None:
    feeds = a_year()
    feeds.record("budgeting.FundsEarmarked", "ZIQ-1", subject="line-esf", amount_cents=1)
    assert broken(summary(tell(feeds))) == {ESF_SHARE: (50_001, 50_000)}


def test_the_share_is_rounded_down(tell: Tell) -> None:
    feeds = Feeds()
    stories.a_programme(feeds)
    stories.received(feeds, "ZIQ-1", plan={**PLAN, "eligible_cents": 100_001})
    stories.found_eligible(feeds, "ZIQ-1")
    stories.earmarked(feeds, "ZIQ-1")
    stories.approved(feeds, "ZIQ-1", terms={**TERMS, "eligible_cents": 100_001})
    assert ESF_SHARE not in broken(summary(tell(feeds)))


@pytest.mark.parametrize(("too_much", "found"), [(0, {}), (1, {ESF_SHARE: (25_001, 25_000)})])
def test_a_partial_approval_counts_with_what_its_decision_names(
    tell: Tell, too_much: int, found: dict[str, tuple[int, int]]
) -> None:
    feeds = Feeds()
    stories.a_programme(feeds)
    stories.received(feeds, "ZIQ-1")
    stories.found_eligible(feeds, "ZIQ-1")
    stories.earmarked(feeds, "ZIQ-1")
    half = [{**ESF_2019, "amount_cents": 25_000}]
    terms = {**TERMS, "tranches": half, "grant_cents": 25_000}
    feeds.record("budgeting.GrantPartiallyApproved", "ZIQ-1", terms=terms)
    for line, cents in (("line-esf", 25_000 - too_much), ("line-land", 30_000)):
        feeds.record("budgeting.EarmarkReleased", "ZIQ-1", subject=line, amount_cents=cents)
    assert broken(summary(tell(feeds))) == found


def test_more_paid_than_approved_is_found_even_if_another_year_has_room(tell: Tell) -> None:
    feeds = a_year()
    moved = [{"fund": "ESF", "year": 2020, "amount_cents": 7}]
    feeds.record(
        "disbursement.PaymentExecuted", "ZIQ-1", order_id="ZIQ-1-o1", tranches=moved, amount_cents=7
    )
    found = broken(summary(tell(feeds)))
    assert found == {OVERPAID: (7, 0), BANK: (80_000, 80_007)}


def test_a_promise_beyond_the_ceiling_is_found(tell: Tell) -> None:
    feeds = Feeds()
    stories.a_programme(feeds, ceiling_cents=49_999)
    stories.paid_in_full(feeds, "ZIQ-1")
    assert broken(summary(tell(feeds))) == {CEILING: (1, 0)}


def test_a_file_that_carries_more_than_was_transmitted_is_found(tell: Tell) -> None:
    feeds = a_year()
    feeds.record("disbursement.PaymentRunOpened", run="run-2", total_cents=3)
    feeds.record("disbursement.PaymentRunWritten", run="run-2")
    assert broken(summary(tell(feeds))) == {FILES: (80_003, 80_000)}


def test_a_run_without_a_file_has_paid_nothing(tell: Tell) -> None:
    feeds = a_year()
    feeds.record("disbursement.PaymentRunOpened", run="run-2", total_cents=3)
    assert broken(summary(tell(feeds))) == {}


def test_a_payment_sent_again_after_its_return_stands_in_two_files(tell: Tell) -> None:
    feeds = a_year()
    stories.returned(feeds, "ZIQ-1")
    stories.transmitted(feeds, "ZIQ-1", run="run-2")
    stories.executed(feeds, "ZIQ-1")
    found = summary(tell(feeds))
    assert found["payment_files"]["total_cents"] == 160_000
    assert found["paid_by_fund_and_year"] == {"ESF/2019": 50_000, "Land/2019": 30_000}
    assert broken(found) == {}


@pytest.mark.parametrize("module", ["1", "3"])
def test_the_esf_bears_nothing_of_a_module_that_the_land_pays_alone(
    module: str, tell: Tell
) -> None:
    feeds = Feeds()
    stories.a_programme(feeds)
    stories.received(feeds, "ZIQ-1", operation={**OPERATION, "module": module})
    stories.found_eligible(feeds, "ZIQ-1")
    stories.approved(feeds, "ZIQ-1")
    expected = {} if module == "3" else {ESF_SHARE: (0, 50_000)}
    assert broken(summary(tell(feeds))) == expected
