"""Why a certificate or an order may not be given: guards in order, one reason each.

The reasons are the closed lists of the contracts. Nothing is changed here.
"""

from __future__ import annotations

from datetime import date

from grant_disbursement.claims import Claim
from grant_disbursement.drawings import Drawings
from grant_values.persons import is_among, same_person
from grant_values.shapes import Actor, Tranche


def why_not_certify_factually(claim: Claim, by: Actor, demonstration: bool) -> str | None:
    """The reason why `by` may not certify the facts of a claim, or None."""
    if claim.factual_by:
        return "already_certified"
    if by.scripted and not demonstration:
        return "scripted_actor"
    return None


def why_not_certify_arithmetically(claim: Claim, by: Actor, demonstration: bool) -> str | None:
    """The reason why `by` may not certify the sums of a claim, or None (VV zu § 70 LHO NRW)."""
    if not claim.factual_by:
        return "factual_certificate_missing"
    if claim.arithmetic_by:
        return "already_certified"
    if same_person(by.id, claim.factual_by):
        return "same_person"
    if by.scripted and not demonstration:
        return "scripted_actor"
    return None


def why_not_authorise(claim: Claim, by: Actor, demonstration: bool) -> str | None:
    """The reason why `by` may not order what is due on a claim, or None (R40)."""
    if not claim.is_certified:
        return "not_certified"
    if is_among(by.id, claim.certifiers):
        return "certifier_is_authoriser"
    if by.scripted and not demonstration:
        return "scripted_actor"
    return None


def why_not_order(drawings: Drawings, due: tuple[Tranche, ...], effective_on: date) -> str | None:
    """The reason why these amounts may not be ordered on this day, or None (R35, R36)."""
    if not due:
        return "nothing_due"
    if any(drawings.exceeds_ceiling(tranche) for tranche in due):
        return "above_ceiling"
    # A year's money is for that year; what it leaves unspent does not move (§ 45 Abs. 1 LHO NRW).
    if any(tranche.year != effective_on.year for tranche in due):
        return "outside_budget_year"
    return None
