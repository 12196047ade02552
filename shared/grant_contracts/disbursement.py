"""What disbursement publishes."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar

from grant_contracts.envelope import Fact
from grant_values.payments import RunPayment
from grant_values.shapes import Payee, Tranche


class GrantAccountOpened(Fact, frozen=True, kw_only=True):
    """A final award can be drawn upon, up to its tranches."""

    TOPIC: ClassVar = "disbursement.GrantAccountOpened"
    VERSION: ClassVar = 2
    reference: str
    programme: str
    programme_version: str
    payee: Payee
    tranches: tuple[Tranche, ...]
    final_on: date


class GrantRenounced(Fact, frozen=True, kw_only=True):
    """The recipient gave the award up: nothing more is ordered from this account."""

    TOPIC: ClassVar = "disbursement.GrantRenounced"
    effective_on: date


class ClaimSubmitted(Fact, frozen=True, kw_only=True):
    """The recipient states the wanted cumulative total of each tranche, not a difference."""

    TOPIC: ClassVar = "disbursement.ClaimSubmitted"
    claim: str
    wanted: tuple[Tranche, ...]
    purpose: str
    submitted_by: str
    effective_on: date


class FactualCorrectnessCertified(Fact, frozen=True, kw_only=True):
    """ "Sachlich richtig": first of two certificates by different persons."""

    TOPIC: ClassVar = "disbursement.FactualCorrectnessCertified"
    claim: str
    certified_by: str
    effective_on: date


class ArithmeticCorrectnessCertified(Fact, frozen=True, kw_only=True):
    """ "Rechnerisch richtig": second certificate, by somebody else."""

    TOPIC: ClassVar = "disbursement.ArithmeticCorrectnessCertified"
    claim: str
    certified_by: str
    effective_on: date


class CertificationRefused(Fact, frozen=True, kw_only=True):
    """A certificate that may not be given, and why."""

    TOPIC: ClassVar = "disbursement.CertificationRefused"
    claim: str
    certificate: str
    reason: str
    asked_by: str
    effective_on: date


class PaymentOrdered(Fact, frozen=True, kw_only=True):
    """The order to pay what a claim adds to what was ordered before, by tranche (§ 70 LHO NRW)."""

    TOPIC: ClassVar = "disbursement.PaymentOrdered"
    claim: str
    order_id: str
    tranches: tuple[Tranche, ...]
    amount_cents: int
    ordered_by: str
    effective_on: date


class PaymentOrderRefused(Fact, frozen=True, kw_only=True):
    """An order that may not be given, and why."""

    TOPIC: ClassVar = "disbursement.PaymentOrderRefused"
    claim: str
    reason: str
    asked_by: str
    effective_on: date


class PaymentRunOpened(Fact, frozen=True, kw_only=True):
    """The orders that one payment file carries. Message id and time come from here."""

    TOPIC: ClassVar = "disbursement.PaymentRunOpened"
    VERSION: ClassVar = 2
    run: str
    message_id: str
    created_at: datetime
    execution_on: date
    debtor_name: str
    debtor_iban: str
    payments: tuple[RunPayment, ...]
    total_cents: int
    opened_by: str


class PaymentRunWritten(Fact, frozen=True, kw_only=True):
    """The file of the run, as its hash: a file rebuilt later must be equal byte for byte."""

    TOPIC: ClassVar = "disbursement.PaymentRunWritten"
    run: str
    file_name: str
    sha256: str
    size_bytes: int


class CashbookOpened(Fact, frozen=True, kw_only=True):
    """The book in which payment runs follow one another; each store has one."""

    TOPIC: ClassVar = "disbursement.CashbookOpened"


class PaymentRunEntered(Fact, frozen=True, kw_only=True):
    """A run is under way; the next one waits until it has left."""

    TOPIC: ClassVar = "disbursement.PaymentRunEntered"
    run: str


class PaymentRunRefused(Fact, frozen=True, kw_only=True):
    """The run never leaves: a file of it cannot be made. Its orders go on waiting for another."""

    TOPIC: ClassVar = "disbursement.PaymentRunRefused"
    run: str
    order_id: str
    reason: str
    asked_by: str
    effective_on: date


class PaymentRunTransmitted(Fact, frozen=True, kw_only=True):
    """The file of a run has left, with all its payments: it may never be sent again."""

    TOPIC: ClassVar = "disbursement.PaymentRunTransmitted"
    run: str
    message_id: str
    transmitted_by: str
    effective_on: date


class PaymentTransmitted(Fact, frozen=True, kw_only=True):
    """A payment has left: it may never be sent again, whether the bank took it or not."""

    TOPIC: ClassVar = "disbursement.PaymentTransmitted"
    order_id: str
    run: str
    message_id: str
    end_to_end_id: str
    transmitted_by: str
    effective_on: date


class PaymentExecuted(Fact, frozen=True, kw_only=True):
    """The bank has executed the payment."""

    TOPIC: ClassVar = "disbursement.PaymentExecuted"
    order_id: str
    end_to_end_id: str
    tranches: tuple[Tranche, ...]
    amount_cents: int
    effective_on: date


class PaymentReturned(Fact, frozen=True, kw_only=True):
    """The bank has returned or rejected the payment: the order is open again (R44)."""

    TOPIC: ClassVar = "disbursement.PaymentReturned"
    order_id: str
    end_to_end_id: str
    tranches: tuple[Tranche, ...]
    amount_cents: int
    was_executed: bool
    reason: str
    effective_on: date
