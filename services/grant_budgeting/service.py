"""The commands of budgeting as RPC methods. They hand to the one writer and decide nothing."""

from __future__ import annotations

from grant_bus.nameko.extensions import command
from grant_bus.nameko.service import ServiceOnTheBus


class BudgetingService(ServiceOnTheBus):
    """Takes budget lines, decisions and their notification, and what is kept for how long."""

    name = "budgeting"

    open_budget_line = command("budgeting.open_budget_line")
    change_ceiling = command("budgeting.change_ceiling")
    earmark_from_reserve_list = command("budgeting.earmark_from_reserve_list")
    approve_grant = command("budgeting.approve_grant")
    approve_partially = command("budgeting.approve_partially")
    reject_application = command("budgeting.reject_application")
    notify_decision = command("budgeting.notify_decision")
    waive_remedy = command("budgeting.waive_remedy")
    record_finality = command("budgeting.record_finality")
    set_retention_term = command("budgeting.set_retention_term")
    set_legal_hold = command("budgeting.set_legal_hold")
    lift_legal_hold = command("budgeting.lift_legal_hold")
    request_erasure = command("budgeting.request_erasure")
    decide_erasure = command("budgeting.decide_erasure")
    propose_disposal = command("budgeting.propose_disposal")
    dispose_case = command("budgeting.dispose_case")
    retry_parked = command("budgeting.retry_parked")
    discard_parked = command("budgeting.discard_parked")
    anchor_head = command("budgeting.anchor_head")
    record_incident = command("budgeting.record_incident")
