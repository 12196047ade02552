"""Grant accounts: claims, certificates, orders and what the bank made of them.

It decides who may certify and order what. It must not know how a payment file looks.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import UUID

from eventsourcing.domain import Aggregate, event

from grant_disbursement.claims import Claim, Order, total_cents
from grant_disbursement.drawings import Drawings, add_to, check_not_before, key_of
from grant_disbursement.order_ids import end_to_end_id_of, order_id_of
from grant_disbursement.refusals import (
    why_not_authorise,
    why_not_certify_arithmetically,
    why_not_certify_factually,
    why_not_order,
)
from grant_values.cases import case_id_of
from grant_values.invalid import Invalid
from grant_values.payments import RunPayment
from grant_values.shapes import Actor, Payee, Tranche


class GrantAccount(Aggregate):
    """What may be drawn on one final award, what was ordered from it, and what was paid."""

    class GrantAccountOpened(Aggregate.Created):
        TOPIC = "disbursement.GrantAccountOpened"
        class_version = 2
        reference: str
        programme: str
        programme_version: str
        payee: Payee
        tranches: tuple[Tranche, ...]
        final_on: date

    class GrantRenounced(Aggregate.Event):
        TOPIC = "disbursement.GrantRenounced"
        effective_on: date

    class ClaimSubmitted(Aggregate.Event):
        TOPIC = "disbursement.ClaimSubmitted"
        claim: str
        wanted: tuple[Tranche, ...]
        purpose: str
        submitted_by: str
        effective_on: date

    class FactualCorrectnessCertified(Aggregate.Event):
        TOPIC = "disbursement.FactualCorrectnessCertified"
        claim: str
        certified_by: str
        effective_on: date

    class ArithmeticCorrectnessCertified(Aggregate.Event):
        TOPIC = "disbursement.ArithmeticCorrectnessCertified"
        claim: str
        certified_by: str
        effective_on: date

    class CertificationRefused(Aggregate.Event):
        TOPIC = "disbursement.CertificationRefused"
        claim: str
        certificate: str
        reason: str
        asked_by: str
        effective_on: date

    class PaymentOrdered(Aggregate.Event):
        TOPIC = "disbursement.PaymentOrdered"
        claim: str
        order_id: str
        tranches: tuple[Tranche, ...]
        amount_cents: int
        ordered_by: str
        effective_on: date

    class PaymentOrderRefused(Aggregate.Event):
        TOPIC = "disbursement.PaymentOrderRefused"
        claim: str
        reason: str
        asked_by: str
        effective_on: date

    class PaymentTransmitted(Aggregate.Event):
        TOPIC = "disbursement.PaymentTransmitted"
        order_id: str
        run: str
        message_id: str
        end_to_end_id: str
        transmitted_by: str
        effective_on: date

    class PaymentExecuted(Aggregate.Event):
        TOPIC = "disbursement.PaymentExecuted"
        order_id: str
        end_to_end_id: str
        tranches: tuple[Tranche, ...]
        amount_cents: int
        effective_on: date

    class PaymentReturned(Aggregate.Event):
        TOPIC = "disbursement.PaymentReturned"
        order_id: str
        end_to_end_id: str
        tranches: tuple[Tranche, ...]
        amount_cents: int
        was_executed: bool
        reason: str
        effective_on: date

    @staticmethod
    def create_id(reference: str) -> UUID:
        return case_id_of(reference)

    @event(GrantAccountOpened)
    def __init__(
        self,
        reference: str,
        programme: str,
        programme_version: str,
        payee: Payee,
        tranches: tuple[Tranche, ...],
        final_on: date,
    ) -> None:
        self.reference = reference
        self.programme = programme
        self.programme_version = programme_version
        self.payee = payee
        self.final_on = final_on
        self.drawn = Drawings({key_of(tranche): tranche.amount_cents for tranche in tranches})
        self.renounced = False

    @property
    def case_id(self) -> UUID:
        return self.id

    # Ask.
    def payment_for(self, claim: str) -> RunPayment:
        """The payment that an order for this claim would lead to now."""
        order_id = order_id_of(self.reference, len(self.drawn.orders) + 1)
        return self._payment(order_id, 1, total_cents(self.drawn.due(claim)), claim)

    def payment_of(self, order_id: str) -> RunPayment:
        """The payment with which an order stands in the next run."""
        order = self.drawn.order(order_id)
        return self._payment(order_id, order.attempt, order.amount_cents, order.claim)

    def is_payable_on(self, order_id: str, day: date) -> bool:
        """Whether an order may stand in a run that the bank is to execute on this day.

        Not in another budget year, nor when a payment comes back in the next one (§ 45 LHO NRW).
        """
        order = self.drawn.order(order_id)
        in_time = order.since <= day and order.year == day.year
        return order.state == "ordered" and in_time and not self.renounced

    def took_part_in(self, order_id: str) -> frozenset[str]:
        """Who certified or gave an order. None of them may pay or book it (§ 77 LHO NRW)."""
        order = self.drawn.order(order_id)
        return self.drawn.claim(order.claim).certifiers | {order.ordered_by}

    # Decide.
    def renounce(self, effective_on: date) -> None:
        """The recipient gives the award up: nothing more is ordered. Twice changes nothing."""
        if not self.renounced:
            self._renounce(effective_on)

    def submit_claim(
        self,
        claim: str,
        wanted: tuple[Tranche, ...],
        purpose: str,
        submitted_by: str,
        effective_on: date,
    ) -> None:
        """Record a claim, one above the ceiling too: that is a reason not to order it.

        `wanted` is the cumulative total of each tranche named: two claims for the same total ask
        for it once.
        """
        if claim in self.drawn.claims:
            raise Invalid("claim", f"expected a new name: {claim} was submitted before")
        check_not_before(self.final_on, effective_on, "the day on which the award became final")
        self.drawn.check_wanted(wanted)
        self._submit(claim, wanted, purpose, submitted_by, effective_on)

    def certify_factually(
        self, claim: str, by: Actor, demonstration: bool, effective_on: date
    ) -> None:
        """ "Sachlich richtig" (VV zu § 70 LHO NRW), or why this certificate may not be given."""
        asked = self._claim_on(claim, effective_on)
        reason = why_not_certify_factually(asked, by, demonstration)
        if reason:
            self._refuse_certificate(claim, "factual", reason, by.id, effective_on)
        else:
            self._certify_factually(claim, by.id, effective_on)

    def certify_arithmetically(
        self, claim: str, by: Actor, demonstration: bool, effective_on: date
    ) -> None:
        """ "Rechnerisch richtig", by somebody else than who certified the facts."""
        asked = self._claim_on(claim, effective_on)
        reason = why_not_certify_arithmetically(asked, by, demonstration)
        if reason:
            self._refuse_certificate(claim, "arithmetic", reason, by.id, effective_on)
        else:
            self._certify_arithmetically(claim, by.id, effective_on)

    def order_payment(
        self,
        claim: str,
        by: Actor,
        demonstration: bool,
        not_payable: str | None,
        effective_on: date,
    ) -> str | None:
        """Order what is due on a claim (§ 70 LHO NRW). The order's id, or None if refused.

        `not_payable` is the reason for which no bank would carry the payment, None if one would.
        """
        asked = self._claim_on(claim, effective_on)
        due = self.drawn.due(claim)
        reason = (
            why_not_authorise(asked, by, demonstration)
            or ("renounced" if self.renounced else None)
            or why_not_order(self.drawn, due, effective_on)
            or not_payable
        )
        if reason:
            self._refuse_order(claim, reason, by.id, effective_on)
            return None
        order_id = order_id_of(self.reference, len(self.drawn.orders) + 1)
        self._order(claim, order_id, due, total_cents(due), by.id, effective_on)
        return order_id

    def transmit(
        self, payment: RunPayment, run: str, message_id: str, by: Actor, effective_on: date
    ) -> None:
        """Mark a payment of this account as sent; from here on it is never sent again (R43)."""
        order = self.drawn.order(payment.order_id)
        check_not_before(order.since, effective_on, "the last entry of the order")
        if order.state != "ordered" or payment != self.payment_of(payment.order_id):
            raise Invalid("run", f"expected payments not sent yet, {payment.end_to_end_id} was")
        self._transmit(
            payment.order_id, run, message_id, payment.end_to_end_id, by.id, effective_on
        )

    def confirm(self, order_id: str, end_to_end_id: str, effective_on: date) -> None:
        """The bank has executed the payment. Confirmed twice changes nothing."""
        order = self.drawn.order(order_id)
        if self.drawn.attempt(order_id, end_to_end_id) < order.attempt:
            raise Invalid("end_to_end_id", "expected a payment that was not returned before")
        if order.state == "executed":
            return
        _check_sent(order, effective_on)
        self._execute(order_id, end_to_end_id, order.tranches, order.amount_cents, effective_on)

    def take_back(self, order_id: str, end_to_end_id: str, reason: str, effective_on: date) -> bool:
        """The bank has returned or rejected the payment; the order is open again (R44).

        False if it was returned before: that changes nothing.
        """
        order = self.drawn.order(order_id)
        if self.drawn.attempt(order_id, end_to_end_id) < order.attempt:
            return False
        _check_sent(order, effective_on)
        self._return(
            order_id,
            end_to_end_id,
            order.tranches,
            order.amount_cents,
            order.state == "executed",
            reason,
            effective_on,
        )
        return True

    def _claim_on(self, claim: str, effective_on: date) -> Claim:
        asked = self.drawn.claim(claim)
        check_not_before(asked.since, effective_on, "the last entry of the claim")
        return asked

    def _payment(self, order_id: str, attempt: int, cents: int, claim: str) -> RunPayment:
        return RunPayment(
            case_id=self.case_id,
            reference=self.reference,
            order_id=order_id,
            end_to_end_id=end_to_end_id_of(order_id, attempt),
            payee=self.payee,
            amount_cents=cents,
            purpose=self.drawn.claim(claim).purpose,
        )

    # Apply: no rules below this line, because these bodies run again on every replay.
    @event(GrantRenounced)
    def _renounce(self, effective_on: date) -> None:
        self.renounced = True

    @event(ClaimSubmitted)
    def _submit(
        self,
        claim: str,
        wanted: tuple[Tranche, ...],
        purpose: str,
        submitted_by: str,
        effective_on: date,
    ) -> None:
        self.drawn.claims[claim] = Claim(wanted, purpose, since=effective_on)

    @event(FactualCorrectnessCertified)
    def _certify_factually(self, claim: str, certified_by: str, effective_on: date) -> None:
        certified = replace(self.drawn.claims[claim], factual_by=certified_by, since=effective_on)
        self.drawn.claims[claim] = certified

    @event(ArithmeticCorrectnessCertified)
    def _certify_arithmetically(self, claim: str, certified_by: str, effective_on: date) -> None:
        certified = replace(
            self.drawn.claims[claim], arithmetic_by=certified_by, since=effective_on
        )
        self.drawn.claims[claim] = certified

    @event(CertificationRefused)
    def _refuse_certificate(
        self, claim: str, certificate: str, reason: str, asked_by: str, effective_on: date
    ) -> None:
        pass

    @event(PaymentOrdered)
    def _order(
        self,
        claim: str,
        order_id: str,
        tranches: tuple[Tranche, ...],
        amount_cents: int,
        ordered_by: str,
        effective_on: date,
    ) -> None:
        self.drawn.orders[order_id] = Order(claim, tranches, amount_cents, ordered_by, effective_on)
        add_to(self.drawn.ordered_cents, tranches)

    @event(PaymentOrderRefused)
    def _refuse_order(self, claim: str, reason: str, asked_by: str, effective_on: date) -> None:
        pass

    @event(PaymentTransmitted)
    def _transmit(
        self,
        order_id: str,
        run: str,
        message_id: str,
        end_to_end_id: str,
        transmitted_by: str,
        effective_on: date,
    ) -> None:
        order = replace(self.drawn.orders[order_id], state="transmitted", since=effective_on)
        self.drawn.orders[order_id] = order

    @event(PaymentExecuted)
    def _execute(
        self,
        order_id: str,
        end_to_end_id: str,
        tranches: tuple[Tranche, ...],
        amount_cents: int,
        effective_on: date,
    ) -> None:
        order = replace(self.drawn.orders[order_id], state="executed", since=effective_on)
        self.drawn.orders[order_id] = order
        add_to(self.drawn.paid_cents, tranches)

    @event(PaymentReturned)
    def _return(
        self,
        order_id: str,
        end_to_end_id: str,
        tranches: tuple[Tranche, ...],
        amount_cents: int,
        was_executed: bool,
        reason: str,
        effective_on: date,
    ) -> None:
        order = self.drawn.orders[order_id]
        self.drawn.orders[order_id] = order.opened_again(effective_on)
        if was_executed:
            add_to(self.drawn.paid_cents, tranches, sign=-1)


def _check_sent(order: Order, effective_on: date) -> None:
    if order.state == "ordered":
        raise Invalid("order_id", "expected an order whose payment was transmitted")
    check_not_before(order.since, effective_on, "the last entry of the order")
