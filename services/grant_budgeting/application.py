"""One function per command: get, decide, keep. Whoever opened the unit of work commits it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from eventsourcing.domain import Aggregate

from grant_budgeting.award import Award
from grant_budgeting.domain import BudgetLine
from grant_budgeting.earmarking import (
    commit_earmarks,
    earmark_funds,
    is_earmarked,
    release_earmarks,
)
from grant_budgeting.finding import Finding, Override
from grant_budgeting.terms import announcement, grant_terms, remedy_instruction
from grant_store.standing import DEMONSTRATION_ID
from grant_store.work import NotYet, UnitOfWork
from grant_values.invalid import Invalid
from grant_values.money import format_euro
from grant_values.shapes import Actor, Reasons, Tranche

EARMARK_RULE = "all tranches of a case or none, within each line's ceiling (§§ 38, 45 LHO NRW; R26)"
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
    if not work.documents("programme", f"{programme}/"):
        raise NotYet(f"Programme {programme} is not known here yet.")
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
    line = work.find(BudgetLine, BudgetLine.create_id(programme, fund, year))
    if line is None:
        raise Invalid("year", f"expected a year with a line of {fund} for {programme}")
    line.change_ceiling(ceiling, reason, by.id, effective_on)
    work.keep(line)


# The reserve list.
def earmark_from_reserve_list(work: UnitOfWork, by: Actor, reference: str, rule: str) -> None:
    """Try again for a case that had to wait for money; the line that is short refuses again."""
    award = _award(work, reference)
    finding = _finding(award)
    if award.outcome or award.withdrawn or not finding.eligible:
        raise Invalid("reference", "expected an eligible case that waits for a decision")
    if earmark_funds(work, award, rule) == "no_budget_line":
        raise Invalid("reference", "expected a case with a budget line for each of its tranches")


# What eligibility and intake say.
def note_finding(work: UnitOfWork, award: Award, finding: Finding) -> None:
    """Note a finding and promise the money, unless the application was taken back before."""
    if not award.note_finding(finding):
        return  # Heard twice: what is noted stands.
    work.keep(award)
    if finding.eligible and not award.withdrawn:
        earmark_funds(work, award, EARMARK_RULE)


def note_withdrawal(work: UnitOfWork, award: Award, effective_on: date) -> None:
    """Note a withdrawal and give back what was promised. What has become a debt stays one."""
    promised = award.promised_tranches
    if not award.note_withdrawal(effective_on):
        return  # Heard twice: what is noted stands.
    work.keep(award)
    if promised:
        release_earmarks(work, award, promised, "renounced" if award.terms else "withdrawn")


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
    override = _override(finding, override_reason, seconded_by)
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
    override = _override(finding, override_reason, seconded_by)
    if _refuses_approval(work, award, by, override, effective_on):
        return
    terms = grant_terms(_definition(work, finding), finding, tranches)
    award.approve_partially(by, terms, reasons, override, APPROVAL_RULE, effective_on)
    work.keep(award)
    release_earmarks(work, award, cut, "partially_approved")


def reject_application(
    work: UnitOfWork, by: Actor, reference: str, reasons: Reasons, effective_on: date
) -> None:
    """Reject an application with reasons, and give back what was earmarked for it."""
    award = _award(work, reference)
    finding = _finding(award)
    promised = award.promised_tranches
    award.reject(
        by,
        reasons,
        remedy_instruction(_definition(work, finding)),
        REJECTION_RULE,
        effective_on,
        demonstration=_is_demonstration(work),
    )
    work.keep(award)
    release_earmarks(work, award, promised, "rejected")


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
    if award.terms:
        commit_earmarks(work, award, award.terms.tranches)


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


def _cut(earmarked: tuple[Tranche, ...], wanted: tuple[Tranche, ...]) -> tuple[Tranche, ...]:
    """What a partial approval leaves out of each earmarked tranche; less than all, more than 0."""
    left = {(each.fund, each.year): each.amount_cents for each in earmarked}
    if len({(each.fund, each.year) for each in wanted}) < len(wanted):
        raise Invalid("tranches", "expected each fund and year once")
    for each in wanted:
        key = (each.fund, each.year)
        most = format_euro(left.get(key, 0))
        if not 0 < each.amount_cents <= left.get(key, 0):
            expected = f"expected more than 0.00 and at most {most} for {each.fund} {each.year}"
            raise Invalid("tranches", expected)
        left[key] -= each.amount_cents
    if not wanted or not any(left.values()):
        raise Invalid("tranches", "expected a part of what was earmarked, not all or nothing")
    return tuple(Tranche(*key, cents) for key, cents in left.items() if cents)


def _override(finding: Finding, reason: str, seconded_by: Actor | None) -> Override | None:
    """The exception that two persons make for a late application; None if nobody bears it."""
    if not finding.late and (reason or seconded_by):
        raise Invalid("override_reason", "expected none: the application was received in time")
    return Override(reason, seconded_by) if seconded_by else None


def _award(work: UnitOfWork, reference: str) -> Award:
    return work.get(Award, Award.create_id(reference))


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
