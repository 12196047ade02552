"""What cashier and bank do: payment runs year by year, confirmations and returns."""

from __future__ import annotations

from random import Random

from grant_disbursement.domain import PaymentRun
from grant_values.payments import RunPayment
from simulation.clerks import Command, Work
from simulation.world import World
from support.authority import PROGRAMME, VERSION, person

CASHIER = person("cashier")


def pay_what_is_ordered(world: World, run: str, created_on: str, execution_on: str) -> Work:
    """One payment run over all orders of the year that await one; none if there are none."""
    year = run[:4]
    with world.reading("disbursement") as store:
        if not store.documents("awaiting", f"{PROGRAMME}/{VERSION}/{year}/"):
            return
    opening = {
        "run": run,
        "execution_on": execution_on,
        "created_at": f"{created_on}T09:00:00Z",
        "programme": PROGRAMME,
        "programme_version": VERSION,
    }
    yield Command(f"{run} open", CASHIER, "disbursement.open_payment_run", opening)
    step = {"run": run, "effective_on": created_on}
    for again in ("", " again"):  # Under another key it is another command, and nothing happens.
        for command in ("write_payment_run", "transmit_payment_run"):
            yield Command(f"{run} {command}{again}", CASHIER, f"disbursement.{command}", step)


def payments_of(world: World, run: str) -> tuple[RunPayment, ...]:
    opened = world.aggregate("disbursement", PaymentRun.create_id(run))
    return opened.payments if opened else ()


def book(payment: RunPayment, paid_on: str, returned_on: str) -> Work:
    """What the bank says of one payment: paid, not paid, or paid and given back."""
    named = {
        "reference": payment.reference,
        "order_id": payment.order_id,
        "end_to_end_id": payment.end_to_end_id,
    }
    chance = Random(f"bank {payment.end_to_end_id}").random() if returned_on else 0.0
    if chance < 0.7 or chance > 0.85:
        key = f"{payment.end_to_end_id} confirm"
        confirmed = named | {"effective_on": paid_on}
        yield Command(key, CASHIER, "disbursement.confirm_payment", confirmed)
    if chance > 0.7:
        key = f"{payment.end_to_end_id} return"
        returned = named | {"effective_on": returned_on, "reason": "Konto erloschen"}
        yield Command(key, CASHIER, "disbursement.return_payment", returned)
