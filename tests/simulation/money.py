"""What must be true of budget lines: what they promise, to whom, and what became of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any
from uuid import UUID

from grant_budgeting.award import Award
from grant_budgeting.domain import BudgetLine, Earmark
from simulation.ledgers import Evidence, LineKey, need
from simulation.world import World
from support.authority import PROGRAMME


def nothing_is_promised_beyond_a_ceiling(found: Evidence) -> None:
    """At no position is more promised than the ceiling of that moment, or less than nothing."""
    ceilings: dict[UUID, int] = {}
    earmarked: Counter[UUID] = Counter()
    committed: Counter[UUID] = Counter()
    for event in found.ledgers["budgeting"]:
        line, cents = event.originator_id, int(event.data.get("amount_cents", 0))
        match event.kind:
            case "BudgetLineOpened" | "CeilingChanged":
                ceilings[line] = event.data["ceiling_cents"]
            case "FundsEarmarked":
                earmarked[line] += cents
            case "EarmarkReleased":
                earmarked[line] -= cents
            case "FundsCommitted":
                earmarked[line] -= cents
                committed[line] += cents
            case _:
                continue
        need(earmarked[line] >= 0, f"budgeting/{event.position} promises less than nothing")
        promised = earmarked[line] + committed[line]
        need(promised <= ceilings[line], f"budgeting/{event.position} exceeds the ceiling")


def all_tranches_are_promised_or_none(found: Evidence) -> None:
    """A case is promised each tranche of its finding once, or it waits with nothing."""
    lines = {
        event.originator_id: (event.data["fund"], event.data["year"])
        for event in found.of_kind("budgeting", "BudgetLineOpened")
    }
    promised: dict[str, list[tuple[LineKey, int]]] = defaultdict(list)
    for event in found.of_kind("budgeting", "FundsEarmarked"):
        share = lines[event.originator_id], event.data["amount_cents"]
        promised[event.case_id].append(share)
    wanted = {
        event.case_id: sorted(event.tranches)
        for event in found.of_kind("budgeting", "FindingNoted")
    }
    for case, tranches in promised.items():
        need(sorted(tranches) == wanted[case], f"{case} wants {wanted[case]}, has {tranches}")


def lines_hold_what_their_cases_hold(found: Evidence) -> None:
    """The totals of each line are the sums over the cases, and agree with what the bank did."""
    earmarked, committed = _promises(found)
    spent = _executed_less_returned(found)
    for event in found.of_kind("budgeting", "BudgetLineOpened"):
        line: Any = found.world.aggregate("budgeting", event.originator_id)
        key = line.fund, line.year
        totals = line.earmarked_cents, line.committed_cents, line.spent_cents
        cases = earmarked[key], committed[key], spent[key]
        need(totals == cases, f"{key}: the line has {totals}, its cases have {cases}")
        need(line.spent_cents <= line.committed_cents, f"{key}: more spent than committed")


def _promises(found: Evidence) -> tuple[Counter[LineKey], Counter[LineKey]]:
    earmarked: Counter[LineKey] = Counter()
    committed: Counter[LineKey] = Counter()
    for event in found.of_kind("budgeting", "ProceedingsOpened"):
        award: Award = found.world.aggregate("budgeting", event.originator_id)
        if _has_earmarks(found.world, award):
            for tranche in award.promised_tranches:
                earmarked[tranche.fund, tranche.year] += tranche.amount_cents
        if award.final and award.terms:
            for tranche in award.terms.tranches:
                committed[tranche.fund, tranche.year] += tranche.amount_cents
    return earmarked, committed


def _has_earmarks(world: World, award: Award) -> bool:
    found = award.finding.tranches if award.finding else ()
    lines = [BudgetLine.create_id(PROGRAMME, each.fund, each.year) for each in found]
    return bool(lines) and all(
        world.aggregate("budgeting", Earmark.create_id(line, award.id)) for line in lines
    )


def _executed_less_returned(found: Evidence) -> Counter[LineKey]:
    spent: Counter[LineKey] = Counter()
    for event in found.of_kind("disbursement", "PaymentExecuted", "PaymentReturned"):
        sign = -1 if event.kind == "PaymentReturned" else 1
        if event.data.get("was_executed", True):
            for key, cents in event.tranches:
                spent[key] += sign * cents
    return spent
