"""From a recorded run to the bank's file: its first event, with the accounts from the vault."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from hashlib import sha256

from grant_disbursement.payees import AccountDestroyed, recorded_accounts
from grant_disbursement.payment_file import (
    REASONS_NOT_PAYABLE,
    Debtor,
    PaymentFile,
    Transfer,
    reason_not_payable,
    render,
)
from grant_disbursement.runs import PaymentRun
from grant_store.catalogue import Catalogue
from grant_store.identity_map import IdentityMap
from grant_store.personal.access import Opener
from grant_store.store import Store
from grant_values.invalid import Invalid
from grant_values.payments import RunPayment
from grant_values.personal import Account


def message_id_of(run: str) -> str:
    """The id of the message to the bank; run names are unique, hence so is this."""
    return f"RUN-{run}"


def file_name_of(run: str) -> str:
    return f"payment-run-{run}.pain.001.001.09.xml"


def transfer_of(payment: RunPayment, account: Account) -> Transfer:
    """A payment as the file carries it. Without a BIC the bank is found by the IBAN."""
    return Transfer(
        end_to_end_id=payment.end_to_end_id,
        payee_name=account.name,
        iban=account.iban,
        bic=account.bic or None,
        amount_cents=payment.amount_cents,
        purpose=payment.purpose,
    )


def check_can_be_written(
    message_id: str,
    created_at: datetime,
    execution_on: date,
    debtor: Debtor,
    payments: Sequence[RunPayment],
    accounts: Sequence[Account],
) -> None:
    """Refuse a run whose file could not be written: it would hold up all later ones.

    What all transfers share is tried with the first alone, because a whole file takes long.
    """
    if not payments:
        raise Invalid("orders", f"expected at least one that may be paid on {execution_on}")
    transfers = _transfers(payments, accounts)
    for payment, transfer in zip(payments, transfers, strict=True):
        reason = reason_not_payable(transfer)
        if reason:
            expected = f"{REASONS_NOT_PAYABLE[reason]}, in {payment.order_id}"
            raise Invalid("orders", expected)
    first = transfers[:1]
    try:
        render(PaymentFile(message_id, created_at, execution_on, debtor, first))
    except ValueError as refusal:
        raise Invalid("programme", f"expected a debtor that SEPA can carry: {refusal}") from refusal


def payment_file_of(run: PaymentRun, accounts: Sequence[Account]) -> bytes:
    """The file of a recorded run, the same bytes whenever it is built.

    Raises ValueError if its hash is not the one on record: a program that writes other files
    than it did must not be taken for one that rebuilds them.
    """
    debtor = Debtor(run.debtor_name, run.debtor_iban, bic=None)
    transfers = _transfers(run.payments, accounts)
    file = render(PaymentFile(run.message_id, run.created_at, run.execution_on, debtor, transfers))
    if run.is_written and sha256(file).hexdigest() != run.file_sha256:
        raise ValueError(f"The file of run {run.run} is not the one whose hash is on record.")
    return file


def recorded_file(store: Store, vault: Opener, run: str) -> bytes:
    """The file of a run in disbursement's store. `Invalid` where no such run is on record, or where
    the key of an account was destroyed since."""
    found = IdentityMap(store, Catalogue([PaymentRun])).find(PaymentRun.create_id(run))
    if not isinstance(found, PaymentRun):
        raise Invalid("run", f"expected the name of a payment run on record, not {run!r}")
    try:
        accounts = recorded_accounts(store, vault, found)
    except AccountDestroyed as destroyed:
        expected = f"expected a run whose accounts can be opened: {destroyed}"
        raise Invalid("run", expected) from destroyed
    return payment_file_of(found, accounts)


def _transfers(payments: Sequence[RunPayment], accounts: Sequence[Account]) -> tuple[Transfer, ...]:
    return tuple(transfer_of(*each) for each in zip(payments, accounts, strict=True))
