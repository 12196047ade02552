"""Promises of money to a case, over all its lines at once: made, given back, turned into debts.

What happens when money runs out stands here: all tranches of a case are promised or none, and a
case that has to wait gets a place on the reserve list. It must not know who decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from uuid import UUID

from grant_budgeting.award import Award
from grant_budgeting.domain import BudgetLine, Earmark
from grant_store.work import UnitOfWork
from grant_values.shapes import Tranche


def earmark_funds(work: UnitOfWork, award: Award, rule: str) -> str | None:
    """Promise all that was found for a case, or nothing and a place on the reserve list.

    The reason why nothing is promised; None if everything is, now or before.
    """
    finding = award.known_finding
    programme, tranches = finding.programme, finding.tranches
    if is_earmarked(work, award.id, programme, tranches):
        return None  # Asked twice: the recorded promise stands.
    reason = _first_obstacle(work, award.id, programme, tranches, rule)
    if reason:
        award.place_on_reserve_list(tranches, reason)
        work.keep(award)
        return reason
    for tranche, line in _lines(work, programme, tranches):
        line.earmark(award.id, tranche.amount_cents, rule)
        earmark = Earmark(line_id=line.id, case_id=award.id, amount_cents=tranche.amount_cents)
        work.keep(line, earmark)
    return None


def is_earmarked(
    work: UnitOfWork, case_id: UUID, programme: str, tranches: Iterable[Tranche]
) -> bool:
    """Whether each of these tranches was promised to the case."""
    line_ids = [BudgetLine.create_id(programme, each.fund, each.year) for each in tranches]
    return bool(line_ids) and all(
        work.find(Earmark, Earmark.create_id(line_id, case_id)) for line_id in line_ids
    )


def release_earmarks(
    work: UnitOfWork, award: Award, tranches: Iterable[Tranche], reason: str
) -> None:
    """Give these parts of a promise back to their lines; a case that waited has none."""
    finding = award.known_finding
    if is_earmarked(work, award.id, finding.programme, finding.tranches):
        for tranche, line in _lines(work, finding.programme, tranches):
            line.release(award.id, tranche.amount_cents, reason)
            work.keep(line)


def commit_earmarks(work: UnitOfWork, award: Award, tranches: Iterable[Tranche]) -> None:
    """Turn a promise into a debt: the award is final."""
    for tranche, line in _lines(work, award.known_finding.programme, tranches):
        line.commit(award.id, tranche.amount_cents)
        work.keep(line)


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


def _lines(
    work: UnitOfWork, programme: str, tranches: Iterable[Tranche]
) -> Iterator[tuple[Tranche, BudgetLine]]:
    for each in tranches:
        yield each, work.get(BudgetLine, BudgetLine.create_id(programme, each.fund, each.year))
