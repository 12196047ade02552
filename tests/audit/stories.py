"""What befalls a case, told as the facts that the services record about it."""

from __future__ import annotations

from typing import Any

from audit.feeds import ESF_2019, LAND_2019, PAYEE, Feeds
from grant_values.cases import case_id_of

LINES = {"ESF": "line-esf", "Land": "line-land"}


def a_programme(feeds: Feeds, ceiling_cents: int = 1_000_000) -> None:
    """A registered programme, an open call and the two budget lines of 2019."""
    feeds.record("intake.ProgrammeRegistered")
    feeds.record("intake.CallOpened", subject="call")
    for fund, line in LINES.items():
        feeds.record(
            "budgeting.BudgetLineOpened",
            subject=line,
            fund=fund,
            year=2019,
            ceiling_cents=ceiling_cents,
        )


def received(feeds: Feeds, reference: str, **given: Any) -> None:
    feeds.record("intake.ApplicationSubmitted", reference, **given)


def assessed(
    feeds: Feeds, reference: str, explanation: str = "first_of_its_kind", result: str = "met"
) -> None:
    feeds.record("eligibility.AssessmentOpened", reference)
    feeds.record(
        "eligibility.CheckRecorded",
        reference,
        rule="not_funded_before",
        explanation=explanation,
        result=result,
    )
    if result == "referred":
        feeds.record(
            "eligibility.CaseReferred",
            reference,
            rules=["not_funded_before"],
            explanations=[explanation],
        )


def found_eligible(feeds: Feeds, reference: str) -> None:
    feeds.record("eligibility.FindingProposed", reference)
    feeds.record("eligibility.FoundEligible", reference)
    feeds.record("budgeting.ProceedingsOpened", reference, because="finding")
    feeds.record("budgeting.FindingNoted", reference)


def earmarked(feeds: Feeds, reference: str) -> None:
    for tranche in (ESF_2019, LAND_2019):
        cents = tranche["amount_cents"]
        line = LINES[str(tranche["fund"])]
        feeds.record("budgeting.FundsEarmarked", reference, subject=line, amount_cents=cents)
        feeds.record("budgeting.EarmarkMade", reference, subject="earmark", amount_cents=cents)


def approved(feeds: Feeds, reference: str, **given: Any) -> None:
    feeds.record("budgeting.GrantApproved", reference, **given)


def became_final(feeds: Feeds, reference: str) -> None:
    feeds.record("budgeting.DecisionNotified", reference)
    feeds.record("budgeting.DecisionBecameFinal", reference, outcome="approved", because="waiver")
    for tranche in (ESF_2019, LAND_2019):
        line, cents = LINES[str(tranche["fund"])], tranche["amount_cents"]
        feeds.record("budgeting.FundsCommitted", reference, subject=line, amount_cents=cents)
    feeds.record("disbursement.GrantAccountOpened", reference)


def claimed(feeds: Feeds, reference: str) -> None:
    feeds.record("disbursement.ClaimSubmitted", reference, claim="c1")
    feeds.record("disbursement.FactualCorrectnessCertified", reference, claim="c1")
    feeds.record("disbursement.ArithmeticCorrectnessCertified", reference, claim="c1")
    feeds.record(
        "disbursement.PaymentOrdered",
        reference,
        claim="c1",
        order_id=f"{reference}-o1",
        amount_cents=80_000,
    )


def transmitted(feeds: Feeds, reference: str, run: str = "run-1") -> None:
    payment = {
        "case_id": str(case_id_of(reference)),
        "reference": reference,
        **payment_of(reference),
        "payee": PAYEE,
        "amount_cents": 80_000,
        "purpose": reference,
    }
    feeds.record("disbursement.PaymentRunOpened", run=run, total_cents=80_000, payments=[payment])
    feeds.record("disbursement.PaymentRunWritten", run=run)
    feeds.record("disbursement.PaymentTransmitted", reference, **payment_of(reference), run=run)


def payment_of(reference: str) -> dict[str, str]:
    """The order of a case and its payment, as the bank knows it."""
    return {"order_id": f"{reference}-o1", "end_to_end_id": f"{reference}-o1-1"}


def executed(feeds: Feeds, reference: str) -> None:
    order = f"{reference}-o1"
    payment = payment_of(reference)
    feeds.record("disbursement.PaymentExecuted", reference, **payment, amount_cents=80_000)
    for tranche in (ESF_2019, LAND_2019):
        line, cents = LINES[str(tranche["fund"])], tranche["amount_cents"]
        feeds.record(
            "budgeting.FundsSpent", reference, subject=line, order_id=order, amount_cents=cents
        )


def returned(feeds: Feeds, reference: str) -> None:
    order = f"{reference}-o1"
    feeds.record(
        "disbursement.PaymentReturned",
        reference,
        **payment_of(reference),
        amount_cents=80_000,
        was_executed=True,
        reason="Konto geschlossen",
    )
    for tranche in (ESF_2019, LAND_2019):
        line, cents = LINES[str(tranche["fund"])], tranche["amount_cents"]
        feeds.record(
            "budgeting.SpendingReversed",
            reference,
            subject=line,
            order_id=order,
            amount_cents=cents,
        )


def rejected(feeds: Feeds, reference: str) -> None:
    """Found ineligible as a repeat, and rejected."""
    feeds.record("eligibility.FindingProposed", reference, eligible=False)
    feeds.record("eligibility.FoundIneligible", reference, failed=["not_funded_before"])
    feeds.record("budgeting.ProceedingsOpened", reference, because="finding")
    feeds.record("budgeting.FindingNoted", reference, eligible=False)
    feeds.record("budgeting.ApplicationRejected", reference, failed=["not_funded_before"])


def withdrawn(feeds: Feeds, reference: str, *, renunciation: bool = False) -> None:
    feeds.record("intake.ApplicationWithdrawn", reference, effective_on="2019-05-01")
    feeds.record(
        "budgeting.WithdrawalNoted",
        reference,
        renunciation=renunciation,
        effective_on="2019-05-01",
    )


def paid_in_full(feeds: Feeds, reference: str, run: str = "run-1") -> None:
    """From the application to the bank's confirmation."""
    received(feeds, reference)
    assessed(feeds, reference)
    found_eligible(feeds, reference)
    earmarked(feeds, reference)
    approved(feeds, reference)
    became_final(feeds, reference)
    claimed(feeds, reference)
    transmitted(feeds, reference, run)
    executed(feeds, reference)


def a_whole_year(feeds: Feeds) -> None:
    """One case of each kind: paid, a rejected repeat, renounced, withdrawn."""
    a_programme(feeds)
    paid_in_full(feeds, "ZIQ-1")
    received(feeds, "ZIQ-2", late=True)
    assessed(feeds, "ZIQ-2", "repeats_earlier_operation", "referred")
    rejected(feeds, "ZIQ-2")
    received(feeds, "ZIQ-3")
    assessed(feeds, "ZIQ-3")
    found_eligible(feeds, "ZIQ-3")
    earmarked(feeds, "ZIQ-3")
    approved(feeds, "ZIQ-3")
    withdrawn(feeds, "ZIQ-3", renunciation=True)
    for tranche in (ESF_2019, LAND_2019):
        feeds.record(
            "budgeting.EarmarkReleased",
            "ZIQ-3",
            subject=LINES[str(tranche["fund"])],
            amount_cents=tranche["amount_cents"],
            reason="renounced",
        )
    received(feeds, "ZIQ-4")
    withdrawn(feeds, "ZIQ-4")
    feeds.record("budgeting.AccessRefused", command="budgeting.approve_grant")
    feeds.record("intake.DemonstrationDeclared")
