"""One case as the auditor sees it: the sections of the four services, and what follows from them.

The state of a case is derived here and nowhere else. It knows no store.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

Section = dict[str, Any]

# In the order of a case's life; a renunciation is a withdrawal after an award.
STATES = (
    "received",
    "withdrawn",
    "referred",
    "found_eligible",
    "found_ineligible",
    "on_reserve_list",
    "earmarked",
    "approved",
    "partially_approved",
    "rejected",
    "final",
    "paid_in_part",
    "paid",
    "renounced",
)
AWARDED = frozenset({"approved", "partially_approved"})


@dataclass(frozen=True)
class CaseFile:
    """What each service has recorded on one case. A section is empty until its service has."""

    case_id: UUID
    intake: Section = field(default_factory=dict)
    eligibility: Section = field(default_factory=dict)
    budgeting: Section = field(default_factory=dict)
    disbursement: Section = field(default_factory=dict)

    @property
    def sections(self) -> tuple[Section, Section, Section, Section]:
        return self.intake, self.eligibility, self.budgeting, self.disbursement

    @property
    def reference(self) -> str:
        return str(self._known("reference"))

    @property
    def programme(self) -> str:
        return str(self._known("programme"))

    @property
    def programme_key(self) -> str:
        """Code and version, as the page of the programme is named."""
        return f"{self.programme}/{self._known('programme_version')}"

    @property
    def decision(self) -> Section | None:
        return self.budgeting.get("decision")

    @property
    def outcome(self) -> str:
        """ "approved", "partially_approved" or "rejected"; empty without a decision."""
        return str(self.decision["kind"]) if self.decision else ""

    @property
    def is_awarded(self) -> bool:
        return self.outcome in AWARDED

    @property
    def terms(self) -> Section:
        """The terms of the award; empty if there is none."""
        return dict(self.decision["terms"]) if self.decision and self.is_awarded else {}

    @property
    def tranches(self) -> dict[str, int]:
        """What was awarded, in cents by "<fund>/<year>"."""
        return by_fund_and_year(self.terms.get("tranches", ()))

    @property
    def eligible_cents(self) -> int:
        """The eligible cost as applied for."""
        return int(self.intake.get("plan", {}).get("eligible_cents", 0))

    @property
    def grant_cents(self) -> int:
        return int(self.terms.get("grant_cents", 0))

    @property
    def paid(self) -> dict[str, int]:
        """What the bank has paid and not returned, in cents by "<fund>/<year>"."""
        return {key: int(cents) for key, cents in self.disbursement.get("paid", {}).items()}

    @property
    def paid_cents(self) -> int:
        return sum(self.paid.values())

    @property
    def lines(self) -> dict[str, dict[str, int]]:
        """What budget lines have earmarked, committed and paid for the case."""
        return dict(self.budgeting.get("lines", {}))

    @property
    def orders(self) -> list[Section]:
        return list(self.disbursement.get("orders", {}).values())

    @property
    def withdrawn_on(self) -> date | None:
        withdrawal = self.intake.get("withdrawal") or self.budgeting.get("withdrawal")
        return date.fromisoformat(withdrawal["effective_on"]) if withdrawal else None

    @property
    def is_renounced(self) -> bool:
        return self.withdrawn_on is not None and self.is_awarded

    def explanations(self) -> Iterator[str]:
        """The explanation of each check, met or not."""
        return (str(check["explanation"]) for check in self.eligibility.get("checks", ()))

    @property
    def state(self) -> str:
        """Where the case stands: the furthest that any service has brought it."""
        return self._state_of_decision() if self.outcome else self._state_before_decision()

    def _state_of_decision(self) -> str:
        if self.outcome == "rejected":
            return "rejected"
        if self.is_renounced:
            return "renounced"
        if self.paid_cents:
            return "paid" if self.paid_cents == self.grant_cents else "paid_in_part"
        return "final" if "final" in self.budgeting else self.outcome

    def _state_before_decision(self) -> str:
        if self.withdrawn_on is not None:
            return "withdrawn"
        if any(line["earmarked_cents"] for line in self.lines.values()):
            return "earmarked"
        if "reserve" in self.budgeting:
            return "on_reserve_list"
        finding = self.eligibility.get("finding") or self.budgeting.get("finding")
        if finding:
            return "found_eligible" if finding["eligible"] else "found_ineligible"
        return "referred" if "referral" in self.eligibility else "received"

    def _known(self, name: str) -> object:
        """Whichever service was heard first has named it; all name it alike."""
        return next((section[name] for section in self.sections if name in section), "")


def by_fund_and_year(tranches: Any) -> dict[str, int]:
    """Tranches as stored, summed in cents by "<fund>/<year>"."""
    totals: dict[str, int] = {}
    for tranche in tranches:
        key = f"{tranche['fund']}/{tranche['year']}"
        totals[key] = totals.get(key, 0) + tranche["amount_cents"]
    return totals
