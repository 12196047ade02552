"""What follows in budgeting from what other services recorded.

Two upstreams have no common order: a withdrawal may come before the finding. Whichever comes first
opens the proceedings, and the order in which they stand here decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from grant_budgeting import application, retention
from grant_budgeting.award import Award
from grant_budgeting.case_retention import CaseRetention
from grant_budgeting.domain import BudgetLine, Earmark
from grant_budgeting.finding import Finding
from grant_bus.policies import Policy
from grant_contracts.disbursement import PaymentExecuted, PaymentReturned
from grant_contracts.eligibility import FoundEligible, FoundIneligible
from grant_contracts.envelope import Fact
from grant_contracts.intake import ApplicationSubmitted, ApplicationWithdrawn, ProgrammeRegistered
from grant_store.work import Reading, UnitOfWork


def when_programme_registered(work: UnitOfWork, fact: ProgrammeRegistered) -> None:
    """Remember the definition: decisions take their terms and legal days from it."""
    key = f"{fact.programme}/{fact.programme_version}"
    work.write_document("programme", key, fact.definition)


def when_application_submitted(work: UnitOfWork, fact: ApplicationSubmitted) -> None:
    """Remember how people call the case, and its programme: a withdrawal says neither."""
    work.write_document("reference", str(fact.about), fact.reference)
    key = f"{fact.programme}/{fact.programme_version}"
    work.write_document(retention.PROGRAMME_OF, str(fact.about), key)


def when_application_withdrawn(work: UnitOfWork, fact: ApplicationWithdrawn) -> None:
    """Release what was promised. Money that has become a debt stays one."""
    award = work.find(Award, fact.about)
    if award is None:
        award = Award(reference=_reference(work, fact), because="withdrawal")
    application.note_withdrawal(work, award, fact.effective_on)
    retention.term_may_have_changed(work, fact.about, "withdrawal", fact.effective_on)


def when_found_eligible(work: UnitOfWork, fact: FoundEligible) -> None:
    """Note the finding and promise the money, unless the application was taken back before."""
    finding = Finding(
        eligible=True,
        programme=fact.programme,
        programme_version=fact.programme_version,
        late=fact.late,
        applicant=fact.applicant,
        title=fact.title,
        starts_on=fact.starts_on,
        ends_on=fact.ends_on,
        eligible_cents=fact.eligible_cents,
        payee=fact.payee,
        tranches=fact.tranches,
        failed=(),
        reasons=fact.reasons,
        proposed_by=fact.proposed_by,
        signed_by=fact.signed_by,
        effective_on=fact.effective_on,
    )
    application.note_finding(work, _proceedings(work, fact), finding)


def when_found_ineligible(work: UnitOfWork, fact: FoundIneligible) -> None:
    """Note the finding; the rejection is a person's act."""
    finding = Finding(
        eligible=False,
        programme=fact.programme,
        programme_version=fact.programme_version,
        late=fact.late,
        applicant=fact.applicant,
        title=fact.title,
        starts_on=None,
        ends_on=None,
        eligible_cents=fact.eligible_cents,
        payee=None,
        tranches=(),
        failed=fact.failed,
        reasons=fact.reasons,
        proposed_by=fact.proposed_by,
        signed_by=fact.signed_by,
        effective_on=fact.effective_on,
    )
    application.note_finding(work, _proceedings(work, fact), finding)


def when_payment_executed(work: UnitOfWork, fact: PaymentExecuted) -> None:
    """Post what the bank has paid on the lines that it was promised from."""
    programme = _programme(work, fact)
    for tranche in fact.tranches:
        line = work.get(BudgetLine, BudgetLine.create_id(programme, tranche.fund, tranche.year))
        line.spend(fact.about, fact.order_id, tranche.amount_cents, fact.effective_on)
        work.keep(line)
    remember_payment(work, fact)
    retention.term_may_have_changed(work, fact.about, "last_payment", fact.effective_on)


def when_payment_returned(work: UnitOfWork, fact: PaymentReturned) -> None:
    """Reverse the posting, if the payment was ever executed."""
    if not fact.was_executed:
        return
    programme = _programme(work, fact)
    for tranche in fact.tranches:
        line = work.get(BudgetLine, BudgetLine.create_id(programme, tranche.fund, tranche.year))
        line.reverse(fact.about, fact.order_id, tranche.amount_cents, fact.effective_on)
        work.keep(line)
    forget_payment(work, fact)
    retention.term_may_have_changed(work, fact.about, "payment_returned", fact.effective_on)


def remember_payment(work: UnitOfWork, fact: PaymentExecuted) -> None:
    """Remember on which day an order was executed: the last one starts terms of retention."""
    key = f"{fact.about}/{fact.order_id}"
    work.write_document(retention.PAID, key, fact.effective_on.isoformat())


def forget_payment(work: UnitOfWork, fact: PaymentReturned) -> None:
    """What the bank has returned was no payment."""
    work.write_document(retention.PAID, f"{fact.about}/{fact.order_id}", None)


def _proceedings(work: UnitOfWork, fact: FoundEligible | FoundIneligible) -> Award:
    award = work.find(Award, fact.about)
    return award or Award(reference=fact.reference, because="finding")


def _reference(work: UnitOfWork, fact: ApplicationWithdrawn) -> str:
    """What people call the case. Not on record where operators have discarded its application."""
    reference: str | None = work.document("reference", str(fact.about))
    if reference is None:
        raise LookupError(f"Case {fact.about}: its application was never heard of.")
    return reference


def _programme(work: UnitOfWork, fact: PaymentExecuted | PaymentReturned) -> str:
    finding = work.get(Award, fact.about).finding
    if finding is None:
        raise ValueError(f"{fact.received.subject} was paid without a finding.")
    return finding.programme


def _read_for_finding(fact: FoundEligible) -> Reading:
    lines = [BudgetLine.create_id(fact.programme, each.fund, each.year) for each in fact.tranches]
    return Reading([*lines, *(Earmark.create_id(line, fact.about) for line in lines)])


def _read_for_payment(fact: PaymentExecuted | PaymentReturned) -> Reading:
    return Reading([fact.about, CaseRetention.id_of_case(fact.about)])


READS: Mapping[type[Fact], Callable[[Any], Reading]] = {
    FoundEligible: _read_for_finding,
    PaymentExecuted: _read_for_payment,
    PaymentReturned: _read_for_payment,
}

FOLLOWS: Mapping[type[Fact], Policy] = {
    ProgrammeRegistered: when_programme_registered,
    ApplicationSubmitted: when_application_submitted,
    ApplicationWithdrawn: when_application_withdrawn,
    FoundEligible: when_found_eligible,
    FoundIneligible: when_found_ineligible,
    PaymentExecuted: when_payment_executed,
    PaymentReturned: when_payment_returned,
}

# These only remember: what they write follows from the facts alone, and is made again from them.
REMEMBERED: Mapping[type[Fact], Policy] = {
    ProgrammeRegistered: when_programme_registered,
    ApplicationSubmitted: when_application_submitted,
    PaymentExecuted: remember_payment,
    PaymentReturned: forget_payment,
}
