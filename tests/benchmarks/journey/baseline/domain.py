"""The aggregates of the baseline, as the library's documentation writes them.

Names and fields of the events are those of the product, so that both sides store the same things.
Totals are kept on a budget line, each promise is an aggregate of its own, as in the product.
"""

from __future__ import annotations

from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.domain import Aggregate, event

Fields = dict[str, Any]


class GrantApplication(Aggregate):
    """An application with its whole form."""

    @staticmethod
    def create_id(reference: str) -> UUID:
        return _id("applications", reference)

    @event("ApplicationSubmitted")
    def __init__(self, reference: str, form: Fields) -> None:
        self.reference = reference
        self.form = form

    @event("CompletenessChecked")
    def check_completeness(
        self, missing: list[str], checklist: str, checked_by: str, effective_on: str
    ) -> None:
        self.is_complete = not missing


class OperationFingerprint(Aggregate):
    """Who was first with an operation."""

    @staticmethod
    def create_id(fingerprint: str) -> UUID:
        return _id("fingerprints", fingerprint)

    @event("FingerprintTaken")
    def __init__(self, fingerprint: str, caseid: str, programme: str, reference: str) -> None:
        self.caseid = caseid


class Assessment(Aggregate):
    """The checks on an application and the finding of two persons."""

    @staticmethod
    def create_id(reference: str) -> UUID:
        return _id("assessments", reference)

    @event("AssessmentOpened")
    def __init__(self, reference: str, form: Fields) -> None:
        self.reference = reference
        self.form = form
        self.checks: list[str] = []

    @event("CheckRecorded")
    def record_check(
        self, rule: str, version: str, inputs: Fields, result: str, source: str
    ) -> None:
        self.checks.append(result)

    @event("CompletenessNoted")
    def note_completeness(self, complete: bool, effective_on: str) -> None:
        self.is_complete = complete

    @event("FindingProposed")
    def propose(self, eligible: bool, reasons: str, proposed_by: str, effective_on: str) -> None:
        self.proposed_by = proposed_by

    @event("FoundEligible")
    def sign(self, finding: Fields, signed_by: str, effective_on: str) -> None:
        self.finding = finding


class BudgetLine(Aggregate):
    """One fund's money for one year: totals only."""

    @staticmethod
    def create_id(programme: str, fund: str, year: int) -> UUID:
        return _id("lines", f"{programme}/{fund}/{year}")

    @event("BudgetLineOpened")
    def __init__(
        self, programme: str, fund: str, year: int, ceiling: str, effective_on: str
    ) -> None:
        self.ceiling = ceiling
        self.earmarked_cents = 0
        self.committed_cents = 0
        self.spent_cents = 0

    @event("FundsEarmarked")
    def earmark(self, case_id: str, amount_cents: int, rule: str) -> None:
        self.earmarked_cents += amount_cents

    @event("FundsCommitted")
    def commit(self, case_id: str, amount_cents: int) -> None:
        self.earmarked_cents -= amount_cents
        self.committed_cents += amount_cents

    @event("FundsSpent")
    def spend(self, case_id: str, order_id: str, amount_cents: int, effective_on: str) -> None:
        self.spent_cents += amount_cents


class Earmark(Aggregate):
    """What one case was promised from one line."""

    @staticmethod
    def create_id(line_id: UUID, reference: str) -> UUID:
        return uuid5(line_id, reference)

    @event("EarmarkMade")
    def __init__(self, line_id: UUID, reference: str, amount_cents: int) -> None:
        self.amount_cents = amount_cents


class Award(Aggregate):
    """The proceedings on a case, from the finding to the final decision."""

    @staticmethod
    def create_id(reference: str) -> UUID:
        return _id("awards", reference)

    @event("ProceedingsOpened")
    def __init__(self, reference: str) -> None:
        self.reference = reference
        self.finding: Fields = {}

    @event("FindingNoted")
    def note_finding(self, finding: Fields, proposed_by: str, signed_by: str) -> None:
        self.finding = finding

    @event("GrantApproved")
    def approve(
        self, terms: Fields, reasons: str, rule: str, decided_by: str, effective_on: str
    ) -> None:
        self.terms = terms

    @event("DecisionNotified")
    def notify(
        self, channel: str, instruction: str, deemed_on: str, notified_by: str, effective_on: str
    ) -> None:
        self.deemed_on = deemed_on

    @event("RemedyWaived")
    def waive(self, recorded_by: str, effective_on: str) -> None:
        self.waived_on = effective_on

    @event("DecisionBecameFinal")
    def finish(self, outcome: str, terms: Fields, final_on: str) -> None:
        self.final_on = final_on


class GrantAccount(Aggregate):
    """What a recipient may draw, and what was drawn."""

    @staticmethod
    def create_id(reference: str) -> UUID:
        return _id("accounts", reference)

    @event("GrantAccountOpened")
    def __init__(self, reference: str, terms: Fields, final_on: str) -> None:
        self.reference = reference
        self.terms = terms

    @event("ClaimSubmitted")
    def submit_claim(
        self, claim: str, wanted: list[Fields], purpose: str, submitted_by: str, effective_on: str
    ) -> None:
        self.wanted = wanted
        self.purpose = purpose

    @event("FactualCorrectnessCertified")
    def certify_factually(self, claim: str, certified_by: str, effective_on: str) -> None:
        self.factually_by = certified_by

    @event("ArithmeticCorrectnessCertified")
    def certify_arithmetically(self, claim: str, certified_by: str, effective_on: str) -> None:
        self.arithmetically_by = certified_by

    @event("PaymentOrdered")
    def order(
        self, claim: str, order_id: str, amounts: list[Fields], ordered_by: str, effective_on: str
    ) -> None:
        self.order_id = order_id
        self.amounts = amounts

    @event("PaymentTransmitted")
    def transmit(
        self, order_id: str, run: str, message_id: str, end_to_end_id: str, effective_on: str
    ) -> None:
        self.end_to_end_id = end_to_end_id

    @event("PaymentExecuted")
    def confirm(self, order_id: str, amounts: list[Fields], effective_on: str) -> None:
        self.executed_on = effective_on


class PaymentRun(Aggregate):
    """A file for the bank."""

    @staticmethod
    def create_id(run: str) -> UUID:
        return _id("runs", run)

    @event("PaymentRunOpened")
    def __init__(self, run: str, payments: list[Fields], execution_on: str) -> None:
        self.run = run
        self.payments = payments

    @event("PaymentRunWritten")
    def write(self, file_name: str, sha256: str, size: int, effective_on: str) -> None:
        self.sha256 = sha256


class Cashbook(Aggregate):
    """Which runs have left."""

    @staticmethod
    def create_id() -> UUID:
        return _id("cashbook", "")

    @event("CashbookOpened")
    def __init__(self) -> None:
        self.sent: int = 0

    @event("PaymentRunEntered")
    def enter(self, run: str) -> None:
        pass

    @event("PaymentRunTransmitted")
    def transmit(self, run: str, message_id: str, effective_on: str) -> None:
        self.sent += 1


class Programme(Aggregate):
    """A programme's definition."""

    @event("ProgrammeRegistered")
    def __init__(self, definition: Fields) -> None:
        pass


class Call(Aggregate):
    """A window for applications."""

    @event("CallOpened")
    def __init__(self, call: str, opens_on: str, closes_on: str) -> None:
        pass


def _id(kind: str, name: str) -> UUID:
    return uuid5(NAMESPACE_URL, f"/{kind}/{name}")
