"""Disbursement's commands as its events record them."""

from __future__ import annotations

from typing import Any

from grant_disbursement import application
from grant_store.work import UnitOfWork
from grant_values.shapes import Actor
from pruefpfad.decided_again.accounts import always, is_refused_for_its_account
from pruefpfad.decided_again.calls import Calls, Led, RecordedCall, fields, on_case


def _opened_run(led: Led) -> dict[str, Any]:
    """Whether the cashier named the orders or took all is not recorded: they are named here."""
    payments = led.event.payments
    account = led.find(payments[0].case_id)
    return {
        "run": led.event.run,
        "execution_on": led.event.execution_on,
        "created_at": led.event.created_at,
        "programme": account.programme,
        "programme_version": account.programme_version,
        "orders": tuple((each.reference, each.order_id) for each in payments),
    }


def _refuse_certificate(work: UnitOfWork, by: Actor, certificate: str, **asked: Any) -> None:
    """Ask for the certificate that was refused."""
    if certificate == "factual":
        application.certify_factually(work, by, **asked)
    else:
        application.certify_arithmetically(work, by, **asked)


def _written_run(led: Led) -> dict[str, Any]:
    """The day on which it was written is not recorded and no part of the file: the run's own."""
    return {"run": led.event.run, "effective_on": led.aggregate.execution_on}


_ORDERED = RecordedCall(
    application.order_payment, on_case("claim", "effective_on"), is_refused_for_its_account
)

CALLS: Calls = {
    "disbursement.ClaimSubmitted": RecordedCall(
        application.submit_claim, on_case("claim", "wanted", "purpose", "effective_on")
    ),
    "disbursement.FactualCorrectnessCertified": RecordedCall(
        application.certify_factually, on_case("claim", "effective_on")
    ),
    "disbursement.ArithmeticCorrectnessCertified": RecordedCall(
        application.certify_arithmetically, on_case("claim", "effective_on")
    ),
    "disbursement.CertificationRefused": RecordedCall(
        _refuse_certificate, on_case("certificate", "claim", "effective_on")
    ),
    "disbursement.PaymentOrdered": _ORDERED,
    "disbursement.PaymentOrderRefused": _ORDERED,
    "disbursement.PaymentRunOpened": RecordedCall(application.open_payment_run, _opened_run),
    "disbursement.PaymentRunWritten": RecordedCall(
        application.write_payment_run, _written_run, always
    ),
    "disbursement.PaymentRunRefused": RecordedCall(
        application.write_payment_run, fields("run", "effective_on"), always
    ),
    "disbursement.PaymentRunTransmitted": RecordedCall(
        application.transmit_payment_run, fields("run", "effective_on")
    ),
    "disbursement.PaymentExecuted": RecordedCall(
        application.confirm_payment, on_case("order_id", "end_to_end_id", "effective_on")
    ),
    "disbursement.PaymentReturned": RecordedCall(
        application.return_payment, on_case("order_id", "end_to_end_id", "reason", "effective_on")
    ),
}
