"""From which day each fact counts: the effective axis, one line for each topic.

It says what the day is and what a fact presupposes; who asks, and what is then shown, it must not
know. `docs/time.md` explains the table with reasons, and a test holds both complete and equal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from grant_audit.pages import SECTIONS
from grant_contracts import budgeting, disbursement, eligibility, intake
from grant_contracts.envelope import CloudEvent, Fact
from grant_values.legal_time import legal_date

ALWAYS = "always"  # What a store is, it is from its beginning.
CAUSE = "its cause"  # The day of the fact that was recorded with it, because of which it is.
RECORDING = "its recording"  # The legal date on which it was recorded.
BASIS = "what it presupposes"  # No day of its own: that of what it belongs to.
NOT_FIELDS = frozenset({ALWAYS, CAUSE, RECORDING, BASIS})


@dataclass(frozen=True)
class Counts:
    """From when a fact counts: by a field of its own ("definition.valid_from" is one inside
    another) or by one of `NOT_FIELDS`, and never before what it presupposes.

    `begins` and `presupposes` are names of `THINGS`. Where no fact of a unit tells a day, a fact
    counts from its recording, but `at_latest` from the day of the thing that rests on it.
    """

    by: str
    begins: str = ""
    presupposes: tuple[str, ...] = ()
    at_latest: str = ""


# How a thing that facts begin and presuppose is known: by event and fact.
THINGS: Mapping[str, Callable[[CloudEvent, Any], object]] = {
    "programme": lambda event, fact: (fact.programme, fact.programme_version),
    "call": lambda event, fact: event.subject,
    "application": lambda event, fact: event.caseid,
    "assessment": lambda event, fact: event.caseid,
    "proposal": lambda event, fact: event.caseid,
    "line": lambda event, fact: event.subject,
    "proceedings": lambda event, fact: event.caseid,
    "finding": lambda event, fact: event.caseid,
    "promise": lambda event, fact: (event.subject, event.caseid),
    "spending": lambda event, fact: (event.subject, fact.order_id),
    "decision": lambda event, fact: event.caseid,
    "account": lambda event, fact: event.caseid,
    "claim": lambda event, fact: (event.caseid, fact.claim),
    "order": lambda event, fact: (event.caseid, fact.order_id),
    "execution": lambda event, fact: (event.caseid, fact.order_id),
    "run": lambda event, fact: fact.run,
    "document": lambda event, fact: event.subject,
    "participation": lambda event, fact: event.subject,
    "declaration": lambda event, fact: (event.caseid, fact.item),
    "hold": lambda event, fact: (event.caseid, fact.hold),
    "request": lambda event, fact: (event.caseid, fact.request),
    "proposal of disposal": lambda event, fact: event.caseid,
}

_BY_FACT: Mapping[type[Any], Counts] = {
    intake.ProgrammeRegistered: Counts("definition.valid_from", "programme"),
    intake.CallOpened: Counts("opens_on", "call", ("programme",)),
    intake.CallClosed: Counts("closed_on", "", ("call",)),
    intake.ApplicationSubmitted: Counts("received_at", "application", ("programme",)),
    intake.CompletenessChecked: Counts("effective_on", "", ("application",)),
    intake.ApplicationWithdrawn: Counts("effective_on", "", ("application",)),
    intake.PersonalDataRecorded: Counts("effective_on", "", ("application",)),
    intake.KeyDestroyed: Counts("effective_on", "", ("application",)),
    intake.RestoredKeyDestroyed: Counts("effective_on", "", ("application",)),
    intake.ParticipantEnrolled: Counts("entered_on", "participation", ("application",)),
    intake.ParticipantLeft: Counts("left_on", "", ("participation",)),
    intake.ParticipantsCounted: Counts("effective_on"),
    intake.DocumentFiled: Counts("effective_on", "document", ("application",)),
    intake.DocumentSuperseded: Counts("effective_on", "", ("document",)),
    intake.ItemDeclaredNotApplicable: Counts("effective_on", "declaration", ("application",)),
    intake.ItemDeclaredApplicable: Counts("effective_on", "", ("declaration",)),
    eligibility.FingerprintTaken: Counts(CAUSE),
    eligibility.AssessmentOpened: Counts("received_on", "assessment"),
    eligibility.CheckRecorded: Counts(CAUSE, "", ("assessment",)),
    eligibility.CaseReferred: Counts(CAUSE, "", ("assessment",)),
    eligibility.CompletenessNoted: Counts("effective_on", "", ("assessment",)),
    eligibility.FindingProposed: Counts("effective_on", "proposal", ("assessment",)),
    eligibility.FoundEligible: Counts("effective_on", "", ("proposal",)),
    eligibility.FoundIneligible: Counts("effective_on", "", ("proposal",)),
    budgeting.BudgetLineOpened: Counts("effective_on", "line"),
    budgeting.CeilingChanged: Counts("effective_on", "", ("line",)),
    budgeting.ProceedingsOpened: Counts(CAUSE),
    budgeting.FindingNoted: Counts("effective_on", "finding"),
    budgeting.WithdrawalNoted: Counts("effective_on"),
    budgeting.FundsEarmarked: Counts(CAUSE, "promise", ("line", "finding"), "decision"),
    budgeting.EarmarkMade: Counts(CAUSE, "", ("finding",), "decision"),
    budgeting.EarmarkRefused: Counts(CAUSE, "", ("line", "finding")),
    budgeting.PlacedOnReserveList: Counts(CAUSE, "", ("finding",)),
    budgeting.EarmarkReleased: Counts(CAUSE, "", ("promise",)),
    budgeting.GrantApproved: Counts("effective_on", "decision", ("finding",)),
    budgeting.GrantPartiallyApproved: Counts("effective_on", "decision", ("finding",)),
    budgeting.ApplicationRejected: Counts("effective_on", "decision", ("finding",)),
    budgeting.ApprovalRefused: Counts("effective_on", "", ("finding",)),
    budgeting.DecisionNotified: Counts("dispatched_on", "", ("decision",)),
    budgeting.RemedyWaived: Counts("effective_on", "", ("decision",)),
    budgeting.DecisionBecameFinal: Counts("final_on", "", ("decision",)),
    budgeting.FundsCommitted: Counts(CAUSE, "", ("promise",)),
    budgeting.FundsSpent: Counts("effective_on", "spending", ("line",)),
    budgeting.SpendingReversed: Counts("effective_on", "", ("spending",)),
    budgeting.RetentionOpened: Counts(CAUSE),
    budgeting.RetentionTermSet: Counts("effective_on"),
    budgeting.LegalHoldSet: Counts("effective_on", "hold"),
    budgeting.LegalHoldLifted: Counts("effective_on", "", ("hold",)),
    budgeting.ErasureRequested: Counts("received_on", "request"),
    budgeting.ErasureDecided: Counts("effective_on", "", ("request",)),
    budgeting.ErasureRefused: Counts("effective_on", "", ("request",)),
    budgeting.DisposalProposed: Counts("effective_on", "proposal of disposal"),
    budgeting.DisposalRefused: Counts("effective_on"),
    budgeting.CaseDisposed: Counts("effective_on", "", ("proposal of disposal",)),
    disbursement.GrantAccountOpened: Counts("final_on", "account"),
    disbursement.GrantRenounced: Counts("effective_on", "", ("account",)),
    disbursement.ClaimSubmitted: Counts("effective_on", "claim", ("account",)),
    disbursement.FactualCorrectnessCertified: Counts("effective_on", "", ("claim",)),
    disbursement.ArithmeticCorrectnessCertified: Counts("effective_on", "", ("claim",)),
    disbursement.CertificationRefused: Counts("effective_on", "", ("claim",)),
    disbursement.PaymentOrdered: Counts("effective_on", "order", ("claim",)),
    disbursement.PaymentOrderRefused: Counts("effective_on", "", ("claim",)),
    disbursement.CashbookOpened: Counts(CAUSE),
    disbursement.PaymentRunEntered: Counts(CAUSE),
    disbursement.PaymentRunOpened: Counts("created_at", "run"),
    disbursement.PaymentRunWritten: Counts(BASIS, "", ("run",)),
    disbursement.PaymentRunRefused: Counts("effective_on", "", ("run",)),
    disbursement.PaymentRunTransmitted: Counts("effective_on", "", ("run",)),
    disbursement.PaymentTransmitted: Counts("effective_on", "", ("order",)),
    disbursement.PaymentExecuted: Counts("effective_on", "execution", ("order",)),
    disbursement.PaymentReturned: Counts("effective_on", "", ("order", "execution")),
}

_STANDING: Mapping[str, Counts] = {
    "AccessRefused": Counts(RECORDING),
    "DemonstrationDeclared": Counts(ALWAYS),
    "ParkedEventDiscarded": Counts(RECORDING),
    "HeadAnchored": Counts(RECORDING),
    "IncidentRecorded": Counts(RECORDING),
}

COUNTS: Mapping[str, Counts] = {
    **{fact.TOPIC: counts for fact, counts in _BY_FACT.items()},
    **{f"{service}.{name}": each for service in SECTIONS for name, each in _STANDING.items()},
}


def own_day(event: CloudEvent, fact: Fact) -> date | None:
    """The day that a fact itself tells; None where that of its cause is the day."""
    by = COUNTS[event.topic].by
    if by == CAUSE:
        return None
    if by == RECORDING:
        return legal_date(event.time)
    if by in NOT_FIELDS:
        return date.min
    return _day_in(fact, by)


def _day_in(fact: Fact, path: str) -> date:
    name, _, inner = path.partition(".")
    value = getattr(fact, name)
    if inner:
        value = value[inner]
    if isinstance(value, str):
        return date.fromisoformat(value)
    return legal_date(value) if isinstance(value, datetime) else value
