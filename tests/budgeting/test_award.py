"""The proceedings on one case: given what happened, when somebody decides, then this is on record.

Every event and every reason of the closed list has its test here.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from grant_budgeting.award import Award
from grant_budgeting.finding import Finding, Override
from grant_contracts.reasons import APPROVAL_REFUSED
from grant_values.invalid import Invalid, NotEntitled
from grant_values.shapes import Actor, Applicant, GrantTerms, Reasons, Tranche
from support.personal import payee_of

DECIDER = Actor("S-1201", "decider")
SECOND = Actor("S-1202", "decider")
SCRIPT = Actor("script-1", "decider", scripted=True)
CHECKER = Actor("S-1101", "decider")
DAY = date(2021, 1, 11)
ESF = Tranche("ESF", 2021, 60_000)
LAND = Tranche("Land", 2021, 40_000)
REASONS = Reasons("Sachverhalt", "Recht", "Ermessen")
FOUND = Finding(
    eligible=True,
    programme="ziq",
    programme_version="v1",
    late=False,
    applicant=Applicant("B1", "Quartier e. V.", "parish", True, "DE-NW", "44787", "Bochum"),
    title="Nachbarschaftstreff",
    starts_on=date(2021, 3, 1),
    ends_on=date(2021, 12, 31),
    eligible_cents=120_000,
    payee=payee_of("ZIQ-2020-0001"),
    tranches=(ESF, LAND),
    failed=(),
    reasons="",
    proposed_by="S-1101",
    signed_by="S-1102",
    effective_on=date(2021, 1, 4),
)
LATE = replace(FOUND, late=True)
INELIGIBLE = replace(FOUND, eligible=False, payee=None, tranches=(), failed=("seat_in_land",))
TERMS = GrantTerms(
    grant_cents=100_000,
    eligible_cents=120_000,
    tranches=(ESF, LAND),
    financing_type="Anteilfinanzierung",
    starts_on=date(2021, 3, 1),
    ends_on=date(2021, 12, 31),
    authority="Bezirksregierung",
    side_provisions="ANBest-P",
    remedy_kind="action",
    remedy_months=1,
    remedy_instruction="Klage",
)
DEEMED, REMEDY_ENDS = date(2021, 1, 15), date(2021, 2, 15)


def an_award(finding: Finding | None = FOUND) -> Award:
    award = Award(reference="ZIQ-2020-0001", because="finding")
    if finding:
        award.note_finding(finding)
    award.collect_events()
    return award


def approved(finding: Finding = FOUND) -> Award:
    award = an_award(finding)
    award.approve(DECIDER, TERMS, "", None, "rule", DAY)
    award.collect_events()
    return award


def notified(award: Award | None = None) -> Award:
    award = award or approved()
    award.notify("post", DAY, DEEMED, REMEDY_ENDS, "S-1201", "§ 41")
    award.collect_events()
    return award


def rejected() -> Award:
    award = an_award(INELIGIBLE)
    award.reject(DECIDER, REASONS, "Klage", "rule", DAY, demonstration=False)
    award.collect_events()
    return award


def the_event(award: Award) -> Any:
    [recorded] = award.collect_events()
    return recorded


def why_not(
    award: Award,
    by: Actor = DECIDER,
    override: Override | None = None,
    *,
    earmarked: bool = True,
    demonstration: bool = False,
) -> str | None:
    return award.why_not_approvable(by, override, earmarked=earmarked, demonstration=demonstration)


# What other services say.
def test_proceedings_open_because_of_what_was_heard_first() -> None:
    award = Award(reference="ZIQ-2020-0001", because="withdrawal")

    opened = the_event(award)
    assert isinstance(opened, Award.ProceedingsOpened)
    assert (opened.reference, opened.because) == ("ZIQ-2020-0001", "withdrawal")
    assert award.promised_tranches == ()


def test_a_finding_is_noted_whole_and_once() -> None:
    award = an_award(None)

    assert award.note_finding(FOUND)
    assert not award.note_finding(INELIGIBLE)

    noted = the_event(award)
    assert isinstance(noted, Award.FindingNoted)
    assert {name: getattr(noted, name) for name in vars(FOUND)} == vars(FOUND)
    assert award.known_finding == FOUND
    assert award.promised_tranches == (ESF, LAND)


@pytest.mark.parametrize(
    ("award", "renunciation"),
    [(an_award(None), False), (an_award(), False), (rejected(), False), (approved(), True)],
)
def test_a_withdrawal_is_noted_once_and_after_an_award_it_is_a_renunciation(
    award: Award, renunciation: bool
) -> None:
    assert award.note_withdrawal(DAY)
    assert not award.note_withdrawal(DAY)

    noted = the_event(award)
    assert isinstance(noted, Award.WithdrawalNoted)
    assert (noted.renunciation, noted.effective_on) == (renunciation, DAY)
    assert award.promised_tranches == ()


def test_a_case_is_placed_on_the_reserve_list_once() -> None:
    award = an_award()

    award.place_on_reserve_list((ESF,), "ceiling_exceeded")
    award.place_on_reserve_list((ESF,), "no_budget_line")

    placed = the_event(award)
    assert isinstance(placed, Award.PlacedOnReserveList)
    assert (placed.tranches, placed.reason) == ((ESF,), "ceiling_exceeded")


# Who may approve what.
def withdrawn() -> Award:
    award = an_award()
    award.note_withdrawal(DAY)
    return award


REFUSED = {
    "already_decided": (approved(), DECIDER, None),
    "withdrawn": (withdrawn(), DECIDER, None),
    "not_found_eligible": (an_award(INELIGIBLE), DECIDER, None),
    "scripted_actor": (an_award(), SCRIPT, None),
    "checker_is_decider": (an_award(), CHECKER, None),
    "late_without_override": (an_award(LATE), DECIDER, None),
}


def test_every_reason_of_the_closed_list_is_tested_here() -> None:
    assert {*REFUSED, "no_funds_earmarked"} == set(APPROVAL_REFUSED)


@pytest.mark.parametrize("reason", REFUSED)
def test_an_approval_is_refused_for_the_reason(reason: str) -> None:
    award, by, override = REFUSED[reason]

    assert why_not(award, by, override) == reason


def test_without_an_earmark_nobody_approves() -> None:
    assert why_not(an_award(), earmarked=False) == "no_funds_earmarked"


def test_a_person_who_did_not_check_approves_an_eligible_earmarked_case() -> None:
    assert why_not(an_award()) is None


@pytest.mark.parametrize("checker", ["S-1101", "S-1102"])
def test_neither_who_proposed_nor_who_signed_decides(checker: str) -> None:
    """Four eyes (R19), for a rejection as for an approval."""
    by = Actor(checker, "decider")

    assert why_not(an_award(), by) == "checker_is_decider"
    with pytest.raises(NotEntitled, match="checker_is_decider"):
        an_award().reject(by, REASONS, "Klage", "rule", DAY, demonstration=True)


def test_a_program_decides_in_a_demonstration_only() -> None:
    """§ 35a VwVfG NRW; R20."""
    assert why_not(an_award(), SCRIPT, demonstration=True) is None
    with pytest.raises(NotEntitled, match="scripted_actor"):
        an_award().reject(SCRIPT, REASONS, "Klage", "rule", DAY, demonstration=False)


@pytest.mark.parametrize(
    "override",
    [
        None,
        Override("", SECOND),
        Override("Poststreik", DECIDER),
        Override("Poststreik", Actor("S-1101", "decider")),
        Override("Poststreik", Actor("S-1102", "decider")),
        Override("Poststreik", Actor("script-2", "decider", scripted=True)),
    ],
)
def test_a_late_case_is_not_approved_unless_two_persons_bear_it(override: Override | None) -> None:
    """D24, R3: a reason, and a second person who is neither decider nor checker nor program."""
    assert why_not(an_award(LATE), DECIDER, override) == "late_without_override"


def test_a_late_case_is_approved_when_a_second_person_bears_it() -> None:
    assert why_not(an_award(LATE), DECIDER, Override("Poststreik", SECOND)) is None
    played = Override("Poststreik", Actor("script-2", "decider", scripted=True))
    assert why_not(an_award(LATE), SCRIPT, played, demonstration=True) is None


def test_of_several_reasons_the_weightiest_is_given() -> None:
    award = an_award(replace(LATE, eligible=False))

    assert why_not(award, replace(SCRIPT, id="S-1101"), earmarked=False) == "not_found_eligible"


def test_a_refused_approval_is_on_record() -> None:
    award = an_award()

    award.refuse_approval("no_funds_earmarked", "S-1201", DAY)

    refusal = the_event(award)
    assert isinstance(refusal, Award.ApprovalRefused)
    assert (refusal.reason, refusal.asked_by) == ("no_funds_earmarked", "S-1201")
    assert award.outcome == ""


# The decision.
def test_an_approval_says_what_is_granted_by_whom_and_from_when() -> None:
    award = an_award(LATE)

    award.approve(DECIDER, TERMS, "gut", Override("Poststreik", SECOND), "R", DAY)

    event = the_event(award)
    assert isinstance(event, Award.GrantApproved)
    assert (event.reference, event.programme, event.programme_version) == (
        "ZIQ-2020-0001",
        "ziq",
        "v1",
    )
    assert (event.terms, event.reasons, event.rule) == (TERMS, "gut", "R")
    assert (event.decided_by, event.seconded_by) == ("S-1201", "S-1202")
    assert (event.override_reason, event.effective_on) == ("Poststreik", DAY)
    assert award.outcome == "approved"


def test_a_partial_approval_promises_what_its_terms_say() -> None:
    award = an_award()
    terms = replace(TERMS, grant_cents=60_000, tranches=(ESF,))

    award.approve_partially(DECIDER, terms, REASONS, None, "R", DAY)

    event = the_event(award)
    assert isinstance(event, Award.GrantPartiallyApproved)
    assert (event.reasons, event.seconded_by, event.override_reason) == (REASONS, "", "")
    assert award.outcome == "partially_approved"
    assert award.promised_tranches == (ESF,)


def test_a_rejection_names_what_failed_and_the_remedy() -> None:
    award = an_award(INELIGIBLE)

    award.reject(DECIDER, REASONS, "Klage", "R", DAY, demonstration=False)

    event = the_event(award)
    assert isinstance(event, Award.ApplicationRejected)
    assert (event.reasons, event.failed) == (REASONS, ("seat_in_land",))
    assert (event.remedy_instruction, event.decided_by) == ("Klage", "S-1201")
    assert award.promised_tranches == ()


@pytest.mark.parametrize(
    ("award", "expected"),
    [
        (an_award(None), "a case with a finding"),
        (approved(), "a case without a decision"),
        (rejected(), "a case without a decision"),
        (withdrawn(), "a case that was not withdrawn"),
    ],
)
def test_a_rejection_that_cannot_be_is_invalid(award: Award, expected: str) -> None:
    award.collect_events()

    with pytest.raises(Invalid, match=f"reference: expected {expected}"):
        award.reject(DECIDER, REASONS, "Klage", "rule", DAY, demonstration=False)

    assert award.collect_events() == []


# From the decision to its finality.
def test_a_notification_notes_dispatch_and_legal_days() -> None:
    award = approved()

    award.notify("post", DAY, DEEMED, REMEDY_ENDS, "S-1201", "§ 41")

    event = the_event(award)
    assert isinstance(event, Award.DecisionNotified)
    assert (event.dispatched_on, event.deemed_on, event.remedy_ends_on) == (
        DAY,
        DEEMED,
        REMEDY_ENDS,
    )
    assert (event.channel, event.notified_by, event.rule) == ("post", "S-1201", "§ 41")


@pytest.mark.parametrize(
    ("award", "dispatched_on", "complaint"),
    [
        (an_award(), DAY, "reference: expected a case with a decision"),
        (approved(), date(2021, 1, 10), "effective_on: expected a day not before 2021-01-11"),
        (notified(), DAY, "reference: expected a decision that was not notified before"),
    ],
)
def test_a_notification_that_cannot_be_is_invalid(
    award: Award, dispatched_on: date, complaint: str
) -> None:
    with pytest.raises(Invalid, match=complaint):
        award.notify("post", dispatched_on, DEEMED, REMEDY_ENDS, "S-1201", "§ 41")

    assert award.collect_events() == []


def test_no_decision_is_dated_before_the_finding_that_it_rests_upon() -> None:
    early = FOUND.effective_on - timedelta(days=1)
    expected = "effective_on: expected a day not before 2021-01-04"
    award, ineligible = an_award(), an_award(INELIGIBLE)

    with pytest.raises(Invalid, match=expected):
        award.approve(DECIDER, TERMS, "", None, "rule", early)
    with pytest.raises(Invalid, match=expected):
        award.approve_partially(DECIDER, TERMS, REASONS, None, "rule", early)
    with pytest.raises(Invalid, match=expected):
        ineligible.reject(DECIDER, REASONS, "Klage", "rule", early, demonstration=False)

    assert not award.collect_events()
    assert not ineligible.collect_events()


@pytest.mark.parametrize("day", [DEEMED, REMEDY_ENDS])
def test_a_waiver_makes_the_award_final_on_its_day(day: date) -> None:
    """VV 7.1 zu § 44 LHO NRW."""
    award = notified()

    award.waive_remedy("S-1201", day)

    waived, final = award.collect_events()
    assert isinstance(waived, Award.RemedyWaived)
    assert (waived.recorded_by, waived.effective_on) == ("S-1201", day)
    assert isinstance(final, Award.DecisionBecameFinal)
    assert (final.because, final.final_on, final.outcome) == ("waiver", day, "approved")
    assert (final.tranches, final.payee) == ((ESF, LAND), FOUND.payee)
    assert award.promised_tranches == ()


@pytest.mark.parametrize("day", [DEEMED - timedelta(days=1), REMEDY_ENDS + timedelta(days=1)])
def test_there_is_nothing_to_waive_before_the_announcement_or_after_the_period(day: date) -> None:
    award = notified()

    with pytest.raises(Invalid, match="effective_on: expected a day from 2021-01-15 to 2021-02-15"):
        award.waive_remedy("S-1201", day)

    assert award.collect_events() == []


@pytest.mark.parametrize("recorded_on", [date(2021, 2, 16), date(2022, 1, 1)])
def test_expiry_makes_the_award_final_on_the_day_after_however_late_it_is_recorded(
    recorded_on: date,
) -> None:
    award = notified()

    award.expire_remedy(recorded_on)

    final = the_event(award)
    assert (final.because, final.final_on) == ("remedy_period_expired", date(2021, 2, 16))


def test_a_decision_does_not_become_final_on_the_last_day_for_legal_action() -> None:
    award = notified()

    with pytest.raises(Invalid, match="effective_on: expected a day after 2021-02-15"):
        award.expire_remedy(REMEDY_ENDS)

    assert award.collect_events() == []


def test_a_final_rejection_gives_nobody_money() -> None:
    award = notified(rejected())

    award.expire_remedy(date(2021, 2, 16))

    final = the_event(award)
    assert (final.outcome, final.tranches, final.payee) == ("rejected", (), None)


def final_award() -> Award:
    award = notified()
    award.waive_remedy("S-1201", DEEMED)
    return award


def renounced_award() -> Award:
    award = notified()
    award.note_withdrawal(DAY)
    return award


@pytest.mark.parametrize(
    ("award", "expected"),
    [
        (approved(), "a decision that was notified"),
        (final_award(), "a decision that is not final yet"),
        (renounced_award(), "a case that was neither withdrawn nor renounced"),
    ],
)
def test_finality_that_cannot_be_is_invalid(award: Award, expected: str) -> None:
    award.collect_events()

    with pytest.raises(Invalid, match=f"reference: expected {expected}"):
        award.waive_remedy("S-1201", DEEMED)
    with pytest.raises(Invalid, match=f"reference: expected {expected}"):
        award.expire_remedy(date(2021, 2, 16))

    assert award.collect_events() == []
