"""The commands of eligibility as RPC methods. They hand to the one writer and decide nothing."""

from __future__ import annotations

from grant_bus.nameko.extensions import command
from grant_bus.nameko.service import ServiceOnTheBus


class EligibilityService(ServiceOnTheBus):
    """Takes findings and their second signatures; the rest follows from intake's facts."""

    name = "eligibility"

    propose_finding = command("eligibility.propose_finding")
    sign_finding = command("eligibility.sign_finding")
    retry_parked = command("eligibility.retry_parked")
    discard_parked = command("eligibility.discard_parked")
    anchor_head = command("eligibility.anchor_head")
    record_incident = command("eligibility.record_incident")
