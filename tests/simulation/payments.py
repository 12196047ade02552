"""What cashier and bank do: payment runs year by year, confirmations and returns."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from grant_disbursement.domain import PaymentRun
from grant_values.payments import RunPayment
from grant_values.shapes import Actor
from simulation.clerks import Command, Work
from simulation.world import World
from support.authority import PROGRAMME, VERSION, person

CASHIER = person("cashier")
SECOND_CASHIER = Actor("S-1602", "cashier")
TWICE = 0.3
# Who ordered or certified what a run pays, in the role of somebody who may pay.
PARTIES = {
    person(role).id: Actor(person(role).id, "cashier")
    for role in ("payment_authoriser", "claim_checker")
}


def pay_what_is_ordered(
    world: World, run: str, created_on: str, execution_on: str, expected: str
) -> Work:
    """One payment run over all orders of the year that await one; none if there are none."""
    with world.reading("disbursement") as store:
        if not store.documents("awaiting", f"{PROGRAMME}/{VERSION}/{run[:4]}/"):
            return
    opening = {
        "run": run,
        "execution_on": execution_on,
        "created_at": f"{created_on}T09:00:00Z",
        "programme": PROGRAMME,
        "programme_version": VERSION,
    }
    opens = Command(f"{run} open", CASHIER, "disbursement.open_payment_run", opening, expected)
    refused = expected.replace("recorded", "authoriser_is_cashier")
    for party in PARTIES.values():
        yield replace(opens, actor=party, expected=refused)
    answer = yield opens
    if answer.kind == "invalid":
        return
    other = opening | {"run": f"{run[:5]}9{run[6:]}"}
    yield replace(opens, key=f"{run} open another", actor=SECOND_CASHIER, payload=other,
                  expected=expected.replace("recorded", "invalid:run"))  # fmt: skip
    step = {"run": run, "effective_on": created_on}
    transmit = "disbursement.transmit_payment_run"
    yield Command(f"{run} too soon", CASHIER, transmit, step, "invalid")
    for again in ("", " again"):  # Under another key it is another command, and nothing happens.
        yield Command(f"{run} write{again}", CASHIER, "disbursement.write_payment_run", step)
        for party in PARTIES.values():
            key = f"{run} {party.id}{again}"
            yield Command(key, party, transmit, step, "authoriser_is_cashier")
        yield Command(f"{run} transmit{again}", CASHIER, transmit, step)


def payments_of(world: World, run: str) -> tuple[RunPayment, ...]:
    opened = world.aggregate("disbursement", PaymentRun.create_id(run))
    return opened.payments if opened else ()


def book(payment: RunPayment, paid_on: str, returned_on: str) -> Work:
    """What the bank says of one payment: paid, not paid, or paid and given back.

    Some statements come twice, and some too late.
    """
    random = Random(f"bank {payment.end_to_end_id}")
    chance = random.random() if returned_on else 0.0
    is_paid, is_returned = not 0.7 <= chance <= 0.85, chance >= 0.7
    named = {
        "reference": payment.reference,
        "order_id": payment.order_id,
        "end_to_end_id": payment.end_to_end_id,
    }
    confirmed = named | {"effective_on": paid_on}
    confirm = Command(f"{payment.end_to_end_id} confirm", CASHIER, "disbursement.confirm_payment",
                      confirmed)  # fmt: skip
    returned = named | {"effective_on": returned_on or paid_on, "reason": "Konto erloschen"}
    take_back = Command(f"{payment.end_to_end_id} return", CASHIER, "disbursement.return_payment",
                        returned)  # fmt: skip
    if random.random() < TWICE:
        for party in PARTIES.values():
            yield replace(confirm, actor=party, expected="authoriser_is_cashier")
            yield replace(take_back, actor=party, expected="authoriser_is_cashier")
    statements = [confirm] * is_paid + [take_back] * is_returned
    for statement in statements:
        yield statement
        if random.random() < TWICE:
            yield replace(statement, key=f"{statement.key} twice")
    if is_returned and random.random() < TWICE:
        yield replace(confirm, key=f"{confirm.key} late", expected="invalid")
