"""The commands of disbursement as RPC methods. They hand to the one writer and decide nothing."""

from __future__ import annotations

from grant_bus.nameko.extensions import command
from grant_bus.nameko.service import ServiceOnTheBus


class DisbursementService(ServiceOnTheBus):
    """Takes claims, certificates, payment orders and payment runs."""

    name = "disbursement"

    submit_claim = command("disbursement.submit_claim")
    certify_factually = command("disbursement.certify_factually")
    certify_arithmetically = command("disbursement.certify_arithmetically")
    order_payment = command("disbursement.order_payment")
    open_payment_run = command("disbursement.open_payment_run")
    write_payment_run = command("disbursement.write_payment_run")
    transmit_payment_run = command("disbursement.transmit_payment_run")
    confirm_payment = command("disbursement.confirm_payment")
    return_payment = command("disbursement.return_payment")
    retry_parked = command("disbursement.retry_parked")
    discard_parked = command("disbursement.discard_parked")
    anchor_head = command("disbursement.anchor_head")
    record_incident = command("disbursement.record_incident")
