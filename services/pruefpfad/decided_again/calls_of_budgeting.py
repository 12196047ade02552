"""Budgeting's commands as its events record them."""

from __future__ import annotations

from datetime import date
from typing import Any

from grant_budgeting import application, retention
from grant_store.work import UnitOfWork
from grant_values.shapes import Actor
from pruefpfad.decided_again.calls import Calls, Led, RecordedCall, fields, on_case

NOT_RECORDED = "(not recorded)"
_TERM = fields("reference", "because", "happened_on", "effective_on")


def _refused_approval(led: Led) -> dict[str, Any]:
    """A refusal does not hold the reason for an exception. Where there was a second person, there
    was one, unless its lack is why the approval was refused."""
    second = led.second_actor()
    gave_reason = second and led.event.reason != "late_without_override"
    return {
        "reference": led.aggregate.reference,
        "seconded_by": second,
        "reasons": NOT_RECORDED,
        "override_reason": NOT_RECORDED if gave_reason else "",
        "effective_on": led.event.effective_on,
    }


def _granted(led: Led) -> dict[str, Any]:
    return {
        "reference": led.aggregate.reference,
        "seconded_by": led.second_actor(),
        "reasons": led.event.reasons,
        "override_reason": led.event.override_reason,
        "effective_on": led.event.effective_on,
    }


def _changed_ceiling(led: Led) -> dict[str, Any]:
    line, event = led.aggregate, led.event
    named = {"programme": line.programme, "fund": line.fund, "year": line.year}
    asked = {"ceiling": event.ceiling_cents, "reason": event.reason}
    return {**named, **asked, "effective_on": event.effective_on}


def _refused_erasure(led: Led) -> dict[str, Any]:
    """Only an erasure is refused: to restrict or to refuse is always a lawful answer."""
    asked = fields("reference", "request", "ground", "effective_on")(led)
    return {**asked, "decision": "erase", "reasons": NOT_RECORDED}


def _propose_or_dispose(
    work: UnitOfWork, by: Actor, reference: str, effective_on: date, *, proposal: bool
) -> None:
    """Both may be refused, by events of one kind."""
    if proposal:
        retention.propose_disposal(work, by, reference, NOT_RECORDED, effective_on)
    else:
        retention.dispose_case(work, by, reference, effective_on)


_FROM_RESERVE_LIST = RecordedCall(
    application.earmark_from_reserve_list,
    lambda led: {"reference": led.find(led.event.case_id).reference, "rule": led.event.rule},
)

CALLS: Calls = {
    "budgeting.BudgetLineOpened": RecordedCall(
        application.open_budget_line,
        fields("programme", "fund", "year", "effective_on", ceiling="ceiling_cents"),
    ),
    "budgeting.CeilingChanged": RecordedCall(application.change_ceiling, _changed_ceiling),
    "budgeting.FundsEarmarked": _FROM_RESERVE_LIST,
    "budgeting.EarmarkRefused": _FROM_RESERVE_LIST,
    "budgeting.GrantApproved": RecordedCall(application.approve_grant, _granted),
    "budgeting.GrantPartiallyApproved": RecordedCall(
        application.approve_partially,
        lambda led: {**_granted(led), "tranches": led.event.terms.tranches},
    ),
    "budgeting.ApprovalRefused": RecordedCall(application.approve_grant, _refused_approval),
    "budgeting.ApplicationRejected": RecordedCall(
        application.reject_application, on_case("reasons", "effective_on")
    ),
    "budgeting.DecisionNotified": RecordedCall(
        application.notify_decision, on_case("channel", effective_on="dispatched_on")
    ),
    "budgeting.RemedyWaived": RecordedCall(application.waive_remedy, on_case("effective_on")),
    "budgeting.DecisionBecameFinal": RecordedCall(
        application.record_finality, on_case(effective_on="final_on")
    ),
    "budgeting.RetentionTermSet": RecordedCall(
        retention.set_retention_term,
        lambda led: {**_TERM(led), "seconded_by": led.second_actor()},
    ),
    "budgeting.LegalHoldSet": RecordedCall(
        retention.set_legal_hold, fields("reference", "hold", "ground", "reason", "effective_on")
    ),
    "budgeting.LegalHoldLifted": RecordedCall(
        retention.lift_legal_hold, fields("reference", "hold", "reason", "effective_on")
    ),
    "budgeting.ErasureRequested": RecordedCall(
        retention.request_erasure,
        fields(
            *("reference", "request", "subject", "purposes", "received_on"),
            effective_on="received_on",
        ),
    ),
    "budgeting.ErasureDecided": RecordedCall(
        retention.decide_erasure,
        fields("reference", "request", "decision", "ground", "reasons", "effective_on"),
    ),
    "budgeting.ErasureRefused": RecordedCall(retention.decide_erasure, _refused_erasure),
    "budgeting.DisposalProposed": RecordedCall(
        retention.propose_disposal, fields("reference", "reasons", "effective_on")
    ),
    "budgeting.DisposalRefused": RecordedCall(
        _propose_or_dispose, fields("reference", "effective_on", "proposal")
    ),
    "budgeting.CaseDisposed": RecordedCall(
        retention.dispose_case, fields("reference", "effective_on")
    ),
}
