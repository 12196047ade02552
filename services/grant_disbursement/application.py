"""One function per command: get, decide, keep. Whoever opened the unit of work commits it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from hashlib import sha256

from eventsourcing.domain import Aggregate

from grant_disbursement import awaiting, payees
from grant_disbursement.domain import Cashbook, GrantAccount, PaymentRun
from grant_disbursement.payment_file import Debtor, reason_not_payable
from grant_disbursement.run_file import (
    check_can_be_written,
    file_name_of,
    message_id_of,
    payment_file_of,
    transfer_of,
)
from grant_store.standing import DEMONSTRATION_ID
from grant_store.work import NotYet, UnitOfWork
from grant_values.invalid import Invalid, NotEntitled
from grant_values.legal_time import legal_date
from grant_values.payments import RunPayment
from grant_values.personal import Account
from grant_values.persons import is_among
from grant_values.shapes import Actor, Tranche


def submit_claim(
    work: UnitOfWork,
    by: Actor,
    reference: str,
    claim: str,
    wanted: tuple[Tranche, ...],
    purpose: str,
    effective_on: date,
) -> None:
    """Record a recipient's claim; `wanted` are cumulative totals by tranche."""
    account = _account(work, reference)
    account.submit_claim(claim, wanted, purpose, by.id, effective_on)
    work.keep(account)


def certify_factually(
    work: UnitOfWork, by: Actor, reference: str, claim: str, effective_on: date
) -> None:
    """The first certificate on a claim, or the refusal of it."""
    account = _account(work, reference)
    account.certify_factually(claim, by, _is_demonstration(work), effective_on)
    work.keep(account)


def certify_arithmetically(
    work: UnitOfWork, by: Actor, reference: str, claim: str, effective_on: date
) -> None:
    """The second certificate on a claim, or the refusal of it."""
    account = _account(work, reference)
    account.certify_arithmetically(claim, by, _is_demonstration(work), effective_on)
    work.keep(account)


def order_payment(
    work: UnitOfWork, by: Actor, reference: str, claim: str, effective_on: date
) -> None:
    """Order what is due on a claim, or record why not. The order then awaits a run."""
    account = _account(work, reference)
    not_payable = _why_not_payable(work, account, account.payment_for(claim))
    order_id = account.order_payment(claim, by, _is_demonstration(work), not_payable, effective_on)
    work.keep(account)
    if order_id is not None:
        awaiting.note(work, account, order_id)


def open_payment_run(
    work: UnitOfWork,
    by: Actor,
    run: str,
    execution_on: date,
    created_at: datetime,
    programme: str,
    programme_version: str,
    orders: tuple[tuple[str, str], ...] | None = None,
) -> None:
    """Put orders of one version of a programme into a run: those named, or all that await one."""
    if work.find(PaymentRun, PaymentRun.create_id(run)):
        raise Invalid("run", f"expected a new name: {run} was opened before")
    if execution_on < legal_date(created_at):
        raise Invalid("execution_on", f"expected a day not before {legal_date(created_at)}")
    debtor = _debtor(work, programme, programme_version)
    if orders is None:
        payments = awaiting.all_payments(work, programme, programme_version, execution_on)
    else:
        payments = awaiting.named_payments(work, programme, programme_version, execution_on, orders)
    payments, accounts = _payable(work, payments, named=orders is not None)
    check_can_be_written(message_id_of(run), created_at, execution_on, debtor, payments, accounts)
    _check_took_no_part(work, by, payments)
    cashbook = _cashbook(work)
    cashbook.enter(run)
    opened = PaymentRun(
        run=run,
        message_id=message_id_of(run),
        created_at=created_at,
        execution_on=execution_on,
        debtor_name=debtor.name,
        debtor_iban=debtor.iban,
        payments=payments,
        total_cents=sum(payment.amount_cents for payment in payments),
        opened_by=by.id,
    )
    work.keep(cashbook, opened)


def write_payment_run(work: UnitOfWork, by: Actor, run: str, effective_on: date) -> None:
    """Put the hash of a run's file on record. Written again, it must be the same bytes.

    Where the key of one of its accounts was destroyed since, there can be no such file: the run is
    refused on record, and the next one takes the orders that can be paid.
    """
    opened, cashbook = _run(work, run), _cashbook(work)
    cashbook.check_was_not_refused(run)
    accounts = payees.accounts_for(work, opened.payments)
    lost = payees.first_without_account(opened.payments, accounts)
    if lost is not None and cashbook.run_under_way == run:
        opened.check_day(effective_on)
        cashbook.refuse(run, lost.order_id, by.id, effective_on, reason="account_destroyed")
        work.keep(cashbook)
        return
    file = payment_file_of(opened, _all_there("run", opened.payments, accounts))
    opened.write(file_name_of(run), sha256(file).hexdigest(), len(file), effective_on)
    work.keep(opened)


def transmit_payment_run(work: UnitOfWork, by: Actor, run: str, effective_on: date) -> None:
    """Mark a run and all its payments as sent, before the bank gets the file (R43).

    Whoever is interrupted afterwards does not know whether it was sent, and must not send again.
    """
    written, cashbook = _run(work, run), _cashbook(work)
    cashbook.check_was_not_refused(run)
    if not written.is_written:
        raise Invalid("run", "expected a run whose file was written")
    _check_took_no_part(work, by, written.payments)
    if not cashbook.transmit(run, written.message_id, by.id, effective_on):
        return  # Asked twice: it left before.
    work.keep(cashbook)
    for payment in written.payments:
        account = work.get(GrantAccount, payment.case_id)
        account.transmit(payment, run, written.message_id, by, effective_on)
        work.keep(account)
        awaiting.forget(work, account, payment.order_id)


def confirm_payment(
    work: UnitOfWork,
    by: Actor,
    reference: str,
    order_id: str,
    end_to_end_id: str,
    effective_on: date,
) -> None:
    """Book the bank's confirmation that it has executed a payment."""
    account = _account(work, reference)
    _check_is_no_authoriser(account, order_id, by)
    account.confirm(order_id, end_to_end_id, effective_on)
    work.keep(account)


def return_payment(
    work: UnitOfWork,
    by: Actor,
    reference: str,
    order_id: str,
    end_to_end_id: str,
    reason: str,
    effective_on: date,
) -> None:
    """Book the bank's return or rejection of a payment. The order awaits a run again."""
    account = _account(work, reference)
    _check_is_no_authoriser(account, order_id, by)
    returned = account.take_back(order_id, end_to_end_id, reason, effective_on)
    work.keep(account)
    if returned and not account.renounced:
        awaiting.note(work, account, order_id)


def _why_not_payable(work: UnitOfWork, account: GrantAccount, payment: RunPayment) -> str | None:
    """Why no bank would carry this payment: a code of the closed list, or None."""
    found = payees.account_for(work, account.id, account.payee)
    return reason_not_payable(transfer_of(payment, found)) if found else "account_destroyed"


def _payable(
    work: UnitOfWork, payments: tuple[RunPayment, ...], *, named: bool
) -> tuple[tuple[RunPayment, ...], list[Account]]:
    """The payments with their accounts. One whose account was destroyed goes on waiting, unless it
    was asked for by name."""
    if named:
        return payments, _all_there("orders", payments, payees.accounts_for(work, payments))
    found = zip(payments, payees.accounts_for(work, payments), strict=True)
    there = [(payment, account) for payment, account in found if account is not None]
    return tuple(payment for payment, _ in there), [account for _, account in there]


def _all_there(
    field: str, payments: tuple[RunPayment, ...], accounts: Sequence[Account | None]
) -> list[Account]:
    try:
        return payees.all_there(payments, accounts)
    except payees.AccountDestroyed as destroyed:
        expected = f"expected payments whose accounts can be opened: {destroyed}"
        raise Invalid(field, expected) from destroyed


def _account(work: UnitOfWork, reference: str) -> GrantAccount:
    return work.get(GrantAccount, GrantAccount.create_id(reference))


def _run(work: UnitOfWork, run: str) -> PaymentRun:
    opened = work.find(PaymentRun, PaymentRun.create_id(run))
    if opened is None:
        raise Invalid("run", "expected a payment run that was opened")
    return opened


def _cashbook(work: UnitOfWork) -> Cashbook:
    return work.find(Cashbook, Cashbook.create_id()) or Cashbook()


def _is_demonstration(work: UnitOfWork) -> bool:
    return work.find(Aggregate, DEMONSTRATION_ID) is not None


def _debtor(work: UnitOfWork, programme: str, programme_version: str) -> Debtor:
    definition = work.document("programme", f"{programme}/{programme_version}")
    if definition is None:
        raise NotYet(f"The programme {programme} {programme_version} is not known here yet.")
    return Debtor(definition["debtor"]["name"], definition["debtor"]["iban"], bic=None)


def _check_took_no_part(work: UnitOfWork, by: Actor, payments: tuple[RunPayment, ...]) -> None:
    for payment in payments:
        account = work.get(GrantAccount, payment.case_id)
        _check_is_no_authoriser(account, payment.order_id, by)


def _check_is_no_authoriser(account: GrantAccount, order_id: str, by: Actor) -> None:
    """Who ordered or certified a payment may not take part in paying or booking it (§ 77 LHO)."""
    if is_among(by.id, account.took_part_in(order_id)):
        raise NotEntitled("authoriser_is_cashier")
