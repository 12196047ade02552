"""What eligibility found, and who may decide upon it. It must not know what was decided."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from grant_values.persons import is_among, same_person
from grant_values.shapes import Actor, Applicant, Payee, Tranche


@dataclass(frozen=True)
class Finding:
    """What two persons of eligibility found. Not a decision: that is a third person's.

    An ineligible case has no period, no payee and no tranches; `failed` names the rules.
    """

    eligible: bool
    programme: str
    programme_version: str
    late: bool
    applicant: Applicant
    title: str
    starts_on: date | None
    ends_on: date | None
    eligible_cents: int
    payee: Payee | None
    tranches: tuple[Tranche, ...]
    failed: tuple[str, ...]
    reasons: str
    proposed_by: str
    signed_by: str
    effective_on: date

    def was_made_by(self, actor: Actor) -> bool:
        """Whether this person checked the case, and so may not decide it (four eyes, R19)."""
        return is_among(actor.id, (self.proposed_by, self.signed_by))


@dataclass(frozen=True)
class Override:
    """Why a late application is approved all the same, and the second person who bears it (D24).

    The call says that late applications cannot be considered (R3), so that one person alone must
    not make an exception.
    """

    reason: str
    seconded_by: Actor

    def is_borne_by_two(self, decider: Actor, finding: Finding, *, demonstration: bool) -> bool:
        """Whether the second person is neither the decider, nor a checker, nor a program."""
        second = self.seconded_by
        if second.scripted and not demonstration:
            return False
        if same_person(second.id, decider.id) or finding.was_made_by(second):
            return False
        return bool(self.reason)


def why_not_decided_by(by: Actor, finding: Finding, *, demonstration: bool) -> str | None:
    """The reason why this person may neither approve nor reject, or None.

    A decision is a person's act (§§ 35a, 40 VwVfG NRW; R20) and never a checker's (R19).
    """
    if by.scripted and not demonstration:
        return "scripted_actor"
    if finding.was_made_by(by):
        return "checker_is_decider"
    return None
