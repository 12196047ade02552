"""Which orders await a payment run: working data beside the accounts, in the same transactions.

It only finds them. Whether an order may be paid is what its account says.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from grant_disbursement.domain import GrantAccount
from grant_store.work import UnitOfWork
from grant_values.invalid import Invalid
from grant_values.payments import RunPayment

KIND = "awaiting"


def note(work: UnitOfWork, account: GrantAccount, order_id: str) -> None:
    """An order is open: given just now, or its payment came back."""
    work.write_document(KIND, _key(account, order_id), _body(account))


def forget(work: UnitOfWork, account: GrantAccount, order_id: str) -> None:
    """An order's payment has left, or nothing may be paid on its account any more."""
    work.write_document(KIND, _key(account, order_id), None)


def documents_of(account: GrantAccount) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Kind, key and body of each order that awaits a run, as they follow from the account."""
    for order_id, order in account.drawn.orders.items():
        if order.state == "ordered" and not account.renounced:
            yield KIND, _key(account, order_id), _body(account)


def all_payments(
    work: UnitOfWork, programme: str, programme_version: str, execution_on: date
) -> tuple[RunPayment, ...]:
    """The payments of all orders that may be paid on this day, in order of their ids.

    What another budget year or a later day has ordered goes on waiting, and a case of which events
    are parked: one of them may end its payments.
    """
    prefix = f"{programme}/{programme_version}/{execution_on.year}/"
    payments = []
    for key, body in work.documents(KIND, prefix):
        case_id = GrantAccount.create_id(body["reference"])
        if work.has_parked(case_id):
            continue
        account = work.get(GrantAccount, case_id)
        order_id = key.removeprefix(prefix)
        if account.is_payable_on(order_id, execution_on):
            payments.append(account.payment_of(order_id))
    return tuple(payments)


def named_payments(
    work: UnitOfWork,
    programme: str,
    programme_version: str,
    execution_on: date,
    orders: tuple[tuple[str, str], ...],
) -> tuple[RunPayment, ...]:
    """The payments of these orders (reference and order id), each of which must be payable."""
    if len(set(orders)) < len(orders):
        raise Invalid("orders", "expected each order once")
    payments = []
    for index, (reference, order_id) in enumerate(orders):
        account = work.get(GrantAccount, GrantAccount.create_id(reference))
        if (account.programme, account.programme_version) != (programme, programme_version):
            raise Invalid(f"orders.{index}", f"expected one under {programme} {programme_version}")
        if order_id not in account.drawn.orders:
            raise Invalid(f"orders.{index}", f"expected a payment order of {reference}")
        if not account.is_payable_on(order_id, execution_on):
            raise Invalid(f"orders.{index}", f"expected one to be paid, payable on {execution_on}")
        payments.append(account.payment_of(order_id))
    return tuple(payments)


def _body(account: GrantAccount) -> dict[str, str]:
    return {"reference": account.reference}


def _key(account: GrantAccount, order_id: str) -> str:
    year = account.drawn.order(order_id).year
    return f"{account.programme}/{account.programme_version}/{year}/{order_id}"
