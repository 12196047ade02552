"""One function per command: get, decide, keep. Whoever opened the unit of work commits it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from eventsourcing.domain import Aggregate

from grant_budgeting.award import Award, Finding, Override
from grant_budgeting.domain import BudgetLine, Earmark
from grant_budgeting.terms import announcement, grant_terms, remedy_instruction
from grant_store.standing import DEMONSTRATION_ID
from grant_store.work import NotYet, UnitOfWork
from grant_values.cases import case_id_of
from grant_values.invalid import Invalid
from grant_values.shapes import Actor, Reasons, Tranche

APPROVAL_RULE = "VV 4 zu § 44 LHO NRW; decider is no checker (R19), no script (R20)"
REJECTION_RULE = "§ 39 Abs. 1 VwVfG NRW; VV 4.1 zu § 44 LHO NRW (R21)"


# Budget lines.
def open_budget_line(
    work: UnitOfWork,
    by: Actor,
    programme: str,
    fund: str,
    year: int,
    ceiling: int,
    effective_on: date,
) -> None:
    """Open a line with a ceiling in cents. Each programme, fund and year has one line."""
    if work.find(BudgetLine, BudgetLine.create_id(programme, fund, year)):
        raise Invalid("year", f"expected a year without a line of {fund} for {programme}")
    line = BudgetLine(
        programme=programme,
        fund=fund,
        year=year,
        ceiling_cents=ceiling,
        opened_by=by.id,
        effective_on=effective_on,
    )
    work.keep(line)


def change_ceiling(
    work: UnitOfWork,
    by: Actor,
    programme: str,
    fund: str,
    year: int,
    ceiling: int,
    reason: str,
    effective_on: date,
) -> None:
    """Set the ceiling of a line, in cents, not below what it has promised."""
    line = work.get(BudgetLine, BudgetLine.create_id(programme, fund, year))
    line.change_ceiling(ceiling, reason, by.id, effective_on)
    work.keep(line)


# Promises.
def earmark_funds(
    work: UnitOfWork, award: Award, programme: str, tranches: tuple[Tranche, ...], rule: str
) -> bool:
    """Promise all tranches from their lines, or none and a place on the reserve list.

    True if everything is promised, now or before.
    """
    if is_earmarked(work, award.id, programme, tranches):
        return True  # Asked twice: the recorded promise stands.
    reason = _first_obstacle(work, award.id, programme, tranches, rule)
    if reason:
        award.place_on_reserve_list(tranches, reason)
        work.keep(award)
        return False
    for tranche, line in _lines(work, programme, tranches):
        line.earmark(award.id, tranche.amount_cents, rule)
        earmark = Earmark(line_id=line.id, case_id=award.id, amount_cents=tranche.amount_cents)
        work.keep(line, earmark)
    return True


def earmark_from_reserve_list(work: UnitOfWork, by: Actor, reference: str, rule: str) -> None:
    """Try again for a case that had to wait for money."""
    award = _award(work, reference)
    finding = _finding(award)
    if award.outcome or award.withdrawn or not finding.eligible:
        raise Invalid("reference", "expected an eligible case that waits for a decision")
    earmark_funds(work, award, finding.programme, finding.tranches, rule)


def release_earmarks(work: UnitOfWork, award: Award, reason: str) -> None:
    """Take back whatever is promised to a case and has not become a debt."""
    if award.finding is None or award.final:
        return
    promised = award.terms.tranches if award.terms else award.finding.tranches
    if is_earmarked(work, award.id, award.finding.programme, promised):
        _release(work, award.id, award.finding.programme, promised, reason)


def is_earmarked(
    work: UnitOfWork, case_id: UUID, programme: str, tranches: Iterable[Tranche]
) -> bool:
    """Whether each of these tranches was promised to the case."""
    line_ids = [BudgetLine.create_id(programme, each.fund, each.year) for each in tranches]
    return bool(line_ids) and all(
        work.find(Earmark, Earmark.create_id(line_id, case_id)) for line_id in line_ids
    )


# The decision.
def approve_grant(
    work: UnitOfWork,
    by: Actor,
    seconded_by: Actor | None,
    reference: str,
    reasons: str,
    override_reason: str,
    effective_on: date,
) -> None:
    """Approve what was found eligible, or put on record why this person may not."""
    award = _award(work, reference)
    finding = _finding(award)
    override = _override(override_reason, seconded_by)
    if _refuses_approval(work, award, by, override, effective_on):
        return
    terms = grant_terms(_definition(work, finding), finding, finding.tranches)
    award.approve(by, terms, reasons, override, APPROVAL_RULE, effective_on)
    work.keep(award)


def approve_partially(
    work: UnitOfWork,
    by: Actor,
    seconded_by: Actor | None,
    reference: str,
    tranches: tuple[Tranche, ...],
    reasons: Reasons,
    override_reason: str,
    effective_on: date,
) -> None:
    """Approve less than was earmarked and give the rest back to the lines."""
    award = _award(work, reference)
    finding = _finding(award)
    cut = _cut(finding.tranches, tranches)
    override = _override(override_reason, seconded_by)
    if _refuses_approval(work, award, by, override, effective_on):
        return
    terms = grant_terms(_definition(work, finding), finding, tranches)
    award.approve_partially(by, terms, reasons, override, APPROVAL_RULE, effective_on)
    work.keep(award)
    _release(work, award.id, finding.programme, cut, "partially_approved")


def reject_application(
    work: UnitOfWork, by: Actor, reference: str, reasons: Reasons, effective_on: date
) -> None:
    """Reject an application with reasons, and give back what was earmarked for it."""
    award = _award(work, reference)
    finding = _finding(award)
    instruction = remedy_instruction(_definition(work, finding))
    award.reject(
        by,
        reasons,
        instruction,
        REJECTION_RULE,
        effective_on,
        demonstration=_is_demonstration(work),
    )
    work.keep(award)
    release_earmarks(work, award, "rejected")


# From the decision to its finality.
def notify_decision(
    work: UnitOfWork, by: Actor, reference: str, channel: str, effective_on: date
) -> None:
    """Note that the decision was sent on this day; the legal days follow from the programme."""
    award = _award(work, reference)
    days = announcement(_definition(work, _finding(award)), effective_on)
    award.notify(channel, effective_on, days.deemed_on, days.remedy_ends_on, by.id, days.rule)
    work.keep(award)


def waive_remedy(work: UnitOfWork, by: Actor, reference: str, effective_on: date) -> None:
    """Note that the recipient forgoes legal action; an award becomes a debt at once."""
    award = _award(work, reference)
    award.waive_remedy(by.id, effective_on)
    _finish(work, award)


def record_finality(work: UnitOfWork, by: Actor, reference: str, effective_on: date) -> None:
    """Note that the time for legal action has run out by this day."""
    award = _award(work, reference)
    award.expire_remedy(effective_on)
    _finish(work, award)


def _finish(work: UnitOfWork, award: Award) -> None:
    """Keep a decision that became final and turn its promises into debts."""
    work.keep(award)
    if award.terms is None:
        return
    programme = _finding(award).programme
    for tranche, line in _lines(work, programme, award.terms.tranches):
        line.commit(award.id, tranche.amount_cents)
        work.keep(line)


def _refuses_approval(
    work: UnitOfWork, award: Award, by: Actor, override: Override | None, effective_on: date
) -> bool:
    """Put the first reason against an approval on record. True if there is one."""
    finding = _finding(award)
    reason = award.why_not_approvable(
        by,
        override,
        earmarked=is_earmarked(work, award.id, finding.programme, finding.tranches),
        demonstration=_is_demonstration(work),
    )
    if reason:
        award.refuse_approval(reason, by.id, effective_on)
        work.keep(award)
    return bool(reason)


def _first_obstacle(
    work: UnitOfWork, case_id: UUID, programme: str, tranches: Iterable[Tranche], rule: str
) -> str | None:
    """Why not all lines can carry their tranche; the line that cannot puts it on record."""
    for tranche in tranches:
        line_id = BudgetLine.create_id(programme, tranche.fund, tranche.year)
        line = work.find(BudgetLine, line_id)
        if line is None:
            return "no_budget_line"
        if not line.can_carry(tranche.amount_cents):
            line.earmark(case_id, tranche.amount_cents, rule)
            work.keep(line)
            return "ceiling_exceeded"
    return None


def _release(
    work: UnitOfWork, case_id: UUID, programme: str, tranches: Iterable[Tranche], reason: str
) -> None:
    for tranche, line in _lines(work, programme, tranches):
        line.release(case_id, tranche.amount_cents, reason)
        work.keep(line)


def _lines(
    work: UnitOfWork, programme: str, tranches: Iterable[Tranche]
) -> Iterable[tuple[Tranche, BudgetLine]]:
    for each in tranches:
        yield each, work.get(BudgetLine, BudgetLine.create_id(programme, each.fund, each.year))


def _cut(earmarked: tuple[Tranche, ...], wanted: tuple[Tranche, ...]) -> tuple[Tranche, ...]:
    """What a partial approval leaves out of each earmarked tranche; less than all, more than 0."""
    left = {(each.fund, each.year): each.amount_cents for each in earmarked}
    for each in wanted:
        key = (each.fund, each.year)
        if not 0 < each.amount_cents <= left.get(key, 0):
            expected = f"expected at most {left.get(key, 0)} cents for {each.fund} {each.year}"
            raise Invalid("tranches", expected)
        left[key] -= each.amount_cents
    if not wanted or not any(left.values()):
        raise Invalid("tranches", "expected a part of what was earmarked, not all or nothing")
    return tuple(Tranche(*key, cents) for key, cents in left.items() if cents)


def _override(reason: str, seconded_by: Actor | None) -> Override | None:
    return Override(reason, seconded_by) if seconded_by else None


def _award(work: UnitOfWork, reference: str) -> Award:
    return work.get(Award, case_id_of(reference))


def _finding(award: Award) -> Finding:
    if award.finding is None:
        raise NotYet(f"No finding on {award.reference} is known here yet.")
    return award.finding


def _definition(work: UnitOfWork, finding: Finding) -> Mapping[str, Any]:
    key = f"{finding.programme}/{finding.programme_version}"
    definition: Mapping[str, Any] | None = work.document("programme", key)
    if definition is None:
        raise NotYet(f"Programme {key} is not known here yet.")
    return definition


def _is_demonstration(work: UnitOfWork) -> bool:
    return work.find(Aggregate, DEMONSTRATION_ID) is not None
