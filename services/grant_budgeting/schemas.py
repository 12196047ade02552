"""Which commands budgeting takes, in which form, and who may give them."""

from __future__ import annotations

from grant_budgeting import application, retention
from grant_bus.desk import Command
from grant_contracts import budgeting_commands as wire
from grant_contracts import retention_commands as kept

DECIDER = frozenset({"decider"})
BUDGET_OFFICER = frozenset({"budget_officer"})
RECORDS_KEEPER = frozenset({"records_keeper"})
FOR_THE_FILE = frozenset({"decider", "records_keeper"})
HOLDS = frozenset({"formal_checker", "decider", "records_keeper"})
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
    "set_retention_term": Command(
        kept.SetRetentionTerm,
        retention.set_retention_term,
        RECORDS_KEEPER,
        takes_second=True,
        dated_ahead=False,
    ),
    "set_legal_hold": Command(
        kept.SetLegalHold, retention.set_legal_hold, HOLDS, dated_ahead=False
    ),
    "lift_legal_hold": Command(
        kept.LiftLegalHold, retention.lift_legal_hold, FOR_THE_FILE, dated_today=True
    ),
    "request_erasure": Command(
        kept.RequestErasure, retention.request_erasure, HOLDS, dated_ahead=False
    ),
    "decide_erasure": Command(
        kept.DecideErasure, retention.decide_erasure, FOR_THE_FILE, dated_ahead=False
    ),
    "propose_disposal": Command(
        kept.ProposeDisposal, retention.propose_disposal, RECORDS_KEEPER, dated_ahead=False
    ),
    "dispose_case": Command(
        kept.DisposeCase, retention.dispose_case, RECORDS_KEEPER, dated_ahead=False
    ),
}
