"""Which commands budgeting takes, in which form, and who may give them."""

from __future__ import annotations

from grant_budgeting import application
from grant_bus.desk import Command
from grant_contracts import budgeting_commands as wire

DECIDER = frozenset({"decider"})
BUDGET_OFFICER = frozenset({"budget_officer"})
CASE_OFFICER = frozenset({"formal_checker", "decider"})

COMMANDS = {
    "open_budget_line": Command(wire.OpenBudgetLine, application.open_budget_line, BUDGET_OFFICER),
    "change_ceiling": Command(wire.ChangeCeiling, application.change_ceiling, BUDGET_OFFICER),
    "earmark_from_reserve_list": Command(
        wire.EarmarkFromReserveList, application.earmark_from_reserve_list, BUDGET_OFFICER
    ),
    "approve_grant": Command(
        wire.ApproveGrant, application.approve_grant, DECIDER, takes_second=True
    ),
    "approve_partially": Command(
        wire.ApprovePartially, application.approve_partially, DECIDER, takes_second=True
    ),
    "reject_application": Command(wire.RejectApplication, application.reject_application, DECIDER),
    "notify_decision": Command(wire.NotifyDecision, application.notify_decision, CASE_OFFICER),
    "waive_remedy": Command(wire.WaiveRemedy, application.waive_remedy, CASE_OFFICER),
    "record_finality": Command(wire.RecordFinality, application.record_finality, CASE_OFFICER),
}
