"""What must be true of payments: never more than was granted, and nothing sent twice."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

from simulation.ledgers import Cents, Evidence, Recorded, need, need_once


def nothing_is_paid_that_was_not_granted(found: Evidence) -> None:
    """At no position is more ordered or paid on a tranche than the account may draw."""
    granted: Cents = Counter()
    ordered: Cents = Counter()
    paid: Cents = Counter()
    for event in found.ledgers["disbursement"]:
        for tranche, cents in event.tranches:
            key = event.originator_id, tranche
            match event.kind:
                case "GrantAccountOpened":
                    granted[key] += cents
                case "PaymentOrdered":
                    ordered[key] += cents
            paid[key] += _paid(event, cents)
            need(ordered[key] <= granted[key], f"disbursement/{event.position} orders too much")
            need(0 <= paid[key] <= ordered[key], f"disbursement/{event.position} pays too much")


def nothing_is_paid_that_was_not_approved(found: Evidence) -> None:
    """What the bank has paid on a case, by fund and year, beside the decision itself."""
    approved: Cents = Counter()
    for event in found.of_kind("budgeting", "GrantApproved", "GrantPartiallyApproved"):
        for tranche, cents in event.tranches:
            approved[event.originator_id, tranche] += cents
    paid: Cents = Counter()
    for event in found.of_kind("disbursement", "PaymentExecuted", "PaymentReturned"):
        for tranche, cents in event.tranches:
            paid[event.originator_id, tranche] += _paid(event, cents)
    above = {key: cents for key, cents in paid.items() if cents > approved[key]}
    need(not above, f"paid beyond what was approved: {above}")


def _paid(event: Recorded, cents: int) -> int:
    match event.kind:
        case "PaymentExecuted":
            return cents
        case "PaymentReturned" if event.data["was_executed"]:
            return -cents
    return 0


def nothing_is_sent_twice(found: Evidence) -> None:
    """An order is sent again only after its payment came back, and stands in one run at a time."""
    disbursement = found.ledgers["disbursement"]
    need_once(found.of_kind("disbursement", "PaymentTransmitted"), "end_to_end_id")
    need_once(found.of_kind("disbursement", "PaymentRunTransmitted"), "run")
    under_way: set[str] = set()
    renounced: set[UUID] = set()
    in_a_run: set[str] = set()
    for event in disbursement:
        match event.kind:
            case "GrantRenounced":
                renounced.add(event.originator_id)
            case "PaymentRunOpened":
                orders = {payment["order_id"] for payment in event.data["payments"]}
                cases = {UUID(payment["case_id"]) for payment in event.data["payments"]}
                need(not orders & (under_way | in_a_run), f"{event.data['run']}: {orders} again")
                need(not cases & renounced, f"{event.data['run']} pays what was renounced")
                in_a_run |= orders
            case "PaymentTransmitted":
                order = event.data["order_id"]
                need(order not in under_way, f"{order} is sent again")
                under_way.add(order)
                in_a_run.discard(order)
            case "PaymentReturned":
                under_way.discard(event.data["order_id"])
            case "PaymentOrdered":
                is_renounced = event.originator_id in renounced
                need(not is_renounced, f"disbursement/{event.position} orders what was renounced")


def nothing_is_booked_twice(found: Evidence) -> None:
    """A payment that was sent is executed once and comes back once, however often the bank says."""
    for kind in ("PaymentExecuted", "PaymentReturned"):
        need_once(found.of_kind("disbursement", kind), "end_to_end_id")
    sent: set[str] = set()
    for event in found.of_kind(
        "disbursement", "PaymentTransmitted", "PaymentExecuted", "PaymentReturned"
    ):
        name = event.data["end_to_end_id"]
        if event.kind == "PaymentTransmitted":
            sent.add(name)
        need(name in sent, f"{event.kind} of {name}, which was never sent")


def what_awaits_a_run_is_what_may_be_paid(found: Evidence) -> None:
    """The working data say the same as the accounts: no order is forgotten, none is too many."""
    may_be_paid = {
        order_id
        for event in found.of_kind("disbursement", "GrantAccountOpened")
        for account in [found.world.aggregate("disbursement", event.originator_id)]
        for order_id, order in account.drawn.orders.items()
        if order.state == "ordered" and not account.renounced
    }
    with found.world.reading("disbursement") as store:
        awaiting = {each.key.rpartition("/")[2] for each in store.documents("awaiting")}
    need(awaiting == may_be_paid, f"{awaiting} await a run, {may_be_paid} may be paid")
