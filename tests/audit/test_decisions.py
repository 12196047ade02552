"""What the decider knew follows from the ledger of the service that decided."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date

import msgspec
import pytest

from audit.ledgers import Entry, Offices
from grant_audit.as_of import events_of_case
from grant_audit.decisions import (
    DECIDES,
    DECIDES_FOR_A_PERSON,
    KnownThen,
    Place,
    decisions,
    heard_by,
    is_decision,
    known_then,
)
from grant_audit.pages import SECTIONS
from grant_audit.projections import PROJECTIONS
from grant_audit.rebuilding import RebuiltPages
from grant_bus.feed import event_of
from grant_contracts.envelope import CloudEvent
from grant_values.cases import case_id_of
from support.authority import an_event

CASE = "ZIQ-1"
FOLLOWED = {
    "budgeting": {
        "eligibility.FoundEligible",
        "intake.ApplicationSubmitted",
        "intake.ApplicationWithdrawn",
    }
}


def wants(service: str, event: CloudEvent) -> bool:
    return event.topic in FOLLOWED[service]


@pytest.fixture
def offices() -> Offices:
    """Received, found eligible on 10 January, and heard of by budgeting."""
    offices = Offices()
    received = {"received_at": "2019-01-05T09:00:00Z"}
    offices.record("intake", CASE, [Entry("intake.ApplicationSubmitted", received)])
    offices.wait(1)
    day = {"effective_on": "2019-01-10"}
    offices.record("eligibility", CASE, [Entry("eligibility.FindingProposed", day)])
    offices.record("eligibility", CASE, [Entry("eligibility.FoundEligible", day)])
    offices.wait(1)
    noted = [Entry("budgeting.ProceedingsOpened"), Entry("budgeting.FindingNoted", day)]
    offices.record("budgeting", CASE, noted, cause="eligibility/2")
    offices.wait(1)
    return offices


def withdraw(offices: Offices, effective_on: str = "2019-01-12") -> None:
    entry = Entry("intake.ApplicationWithdrawn", {"effective_on": effective_on})
    offices.record("intake", CASE, [entry])
    offices.wait(1)


def note_withdrawal(offices: Offices, cause: str) -> None:
    entry = Entry("budgeting.WithdrawalNoted", {"effective_on": "2019-01-12"})
    offices.record("budgeting", CASE, [entry], cause=cause)
    offices.wait(1)


def approve(offices: Offices) -> None:
    entry = Entry("budgeting.GrantApproved", {"effective_on": "2019-01-15"})
    offices.record("budgeting", CASE, [entry])
    offices.wait(1)


def known(offices: Offices, passed: Collection[Place] = ()) -> KnownThen:
    """What was known at the approval."""
    index = RebuiltPages("main")
    events = events_of_case(offices.ledgers, index, case_id_of(CASE))
    [approval] = [event for event in decisions(events) if event.topic.endswith("GrantApproved")]
    heard = heard_by(entries(offices), approval.at, passed)
    return known_then(approval, events, case_id_of(CASE), heard, wants)


def entries(offices: Offices) -> Iterator[CloudEvent]:
    for row in offices.ledgers["budgeting"].rows:
        yield event_of("budgeting/main", row)


def test_what_the_service_recorded_and_what_it_made_entries_of_was_known(offices: Offices) -> None:
    approve(offices)
    then = known(offices)
    assert then.decision == ("budgeting", 3)
    assert then.effective == date(2019, 1, 15)
    assert then.known == [("eligibility", 2), ("budgeting", 1), ("budgeting", 2)]
    assert then.reached["eligibility", 2] == 1


def test_facts_that_the_service_does_not_follow_are_set_apart(offices: Offices) -> None:
    approve(offices)
    assert known(offices).not_followed == [("eligibility", 1)]


def test_a_withdrawal_that_arrived_after_the_decision_was_not_known(offices: Offices) -> None:
    withdraw(offices)
    approve(offices)
    note_withdrawal(offices, cause="intake/2")
    then = known(offices)
    assert then.not_yet == [("intake", 2)]
    assert then.reached["intake", 2] == 4


def test_a_withdrawal_that_arrived_before_the_decision_was_known(offices: Offices) -> None:
    withdraw(offices)
    note_withdrawal(offices, cause="intake/2")
    approve(offices)
    then = known(offices)
    assert ("intake", 2) in then.known
    # The feed is followed in order: what stands before the withdrawal had been heard too.
    assert ("intake", 1) in then.known
    assert not then.not_yet


def test_where_no_entry_tells_whether_it_had_arrived_that_is_what_is_said(
    offices: Offices,
) -> None:
    approve(offices)
    assert known(offices).untold == [("intake", 1)]


def test_what_stands_behind_something_that_arrived_later_had_not_arrived(offices: Offices) -> None:
    """The next entry of that feed may be on another case: the feed is one."""
    withdraw(offices)
    approve(offices)
    other = Entry("budgeting.WithdrawalNoted")
    offices.record("budgeting", "ZIQ-2", [other], cause="intake/1")
    then = known(offices)
    assert then.not_yet == [("intake", 1), ("intake", 2)]


def test_a_parked_or_discarded_event_had_not_been_applied_though_the_feed_went_on(
    offices: Offices,
) -> None:
    withdraw(offices)
    other = Entry("budgeting.WithdrawalNoted")
    offices.record("budgeting", "ZIQ-2", [other], cause="intake/9")
    approve(offices)
    assert ("intake", 2) in known(offices).known
    assert known(offices, passed=[("intake", 2)]).not_yet == [("intake", 2)]


def test_a_parked_event_that_was_retried_later_tells_nothing_of_the_feed(offices: Offices) -> None:
    withdraw(offices)
    other = Entry("budgeting.WithdrawalNoted")
    offices.record("budgeting", "ZIQ-2", [other], cause="intake/9")
    approve(offices)
    note_withdrawal(offices, cause="intake/2")
    then = known(offices)
    assert then.not_yet == [("intake", 2)]
    assert ("intake", 1) in then.known


def test_what_counted_already_and_was_recorded_later_is_named_as_late(offices: Offices) -> None:
    approve(offices)
    withdraw(offices, effective_on="2019-01-14")
    then = known(offices)
    assert then.late == [("intake", 2)]
    assert not then.not_yet


def test_what_counts_from_the_day_of_the_decision_or_later_is_not_late(offices: Offices) -> None:
    approve(offices)
    withdraw(offices, effective_on="2019-01-15")
    assert not known(offices).late


def test_what_was_recorded_with_the_decision_is_no_news_to_it(offices: Offices) -> None:
    approved = Entry("budgeting.GrantApproved", {"effective_on": "2019-01-15"})
    released = Entry("budgeting.EarmarkReleased", {}, "line-esf")
    offices.record("budgeting", CASE, [approved, released])
    then = known(offices)
    listed = [*then.known, *then.not_yet, *then.untold, *then.not_followed, *then.late]
    assert ("budgeting", 3) not in listed
    assert ("budgeting", 4) not in listed


def test_every_kind_of_event_on_a_case_is_a_decision_or_one_that_is_none_for_a_reason() -> None:
    """A new kind has to be told apart here, or nobody will ask what was known at it."""
    kinds = [DECIDES, DECIDES_FOR_A_PERSON, BY_RULE, NOTED, HANDED_IN, BOOKED, ABOVE_CASES]
    assert sum(map(len, kinds)) == len(frozenset.union(*kinds))
    assert frozenset.union(*kinds) == set(PROJECTIONS)


def test_an_earmark_is_a_decision_where_a_person_made_it_and_else_follows_by_rule() -> None:
    for role, expected in (("budget_officer", True), ("system", False)):
        event = an_event("budgeting.FundsEarmarked", CASE, 1)
        assert is_decision(msgspec.structs.replace(event, actorrole=role)) is expected


BY_RULE = frozenset(
    {
        *("eligibility.FingerprintTaken", "eligibility.AssessmentOpened"),
        *("eligibility.CheckRecorded", "eligibility.CaseReferred"),
        *("budgeting.PlacedOnReserveList", "budgeting.EarmarkMade"),
        *("budgeting.EarmarkReleased", "budgeting.FundsCommitted"),
        *("budgeting.ProceedingsOpened", "budgeting.RetentionOpened"),
        *("disbursement.GrantAccountOpened", "disbursement.GrantRenounced"),
    }
)
"""Follows from a fact, or stands beside a decision. `case known --place` tells of it as well."""
NOTED = frozenset(
    {"eligibility.CompletenessNoted", "budgeting.FindingNoted", "budgeting.WithdrawalNoted"}
)
HANDED_IN = frozenset(
    {
        *("intake.ApplicationSubmitted", "intake.PersonalDataRecorded"),
        *("intake.ParticipantEnrolled", "intake.ParticipantLeft"),
        *("intake.DocumentFiled", "intake.DocumentSuperseded"),
        *("budgeting.ErasureRequested", "disbursement.ClaimSubmitted"),
    }
)
BOOKED = frozenset(
    {
        *("budgeting.FundsSpent", "budgeting.SpendingReversed"),
        *("disbursement.PaymentExecuted", "disbursement.PaymentReturned"),
    }
)
ABOVE_CASES = frozenset(
    {
        *("intake.ProgrammeRegistered", "intake.CallOpened", "intake.CallClosed"),
        "intake.ParticipantsCounted",
        *("budgeting.BudgetLineOpened", "budgeting.CeilingChanged"),
        *("disbursement.CashbookOpened", "disbursement.PaymentRunEntered"),
        *("disbursement.PaymentRunOpened", "disbursement.PaymentRunWritten"),
        *("disbursement.PaymentRunTransmitted", "disbursement.PaymentRunRefused"),
        *(
            f"{service}.{name}"
            for service in SECTIONS
            for name in (
                *("AccessRefused", "DemonstrationDeclared"),
                *("HeadAnchored", "IncidentRecorded"),
            )
        ),
    }
)
