"""The commands that persons give on one case, each with the answer that belongs to it."""

from __future__ import annotations

from datetime import date
from typing import Any

from grant_values.money import format_euro
from grant_values.shapes import Actor, Tranche
from simulation.clerks import Command
from simulation.plans import CasePlan, Plan
from simulation.tokens import MANDATE
from support.authority import person

SECOND_CHECKER = Actor("S-1102", "formal_checker")
SECOND_DECIDER = Actor("S-1202", "decider")
SECOND_CLAIM_CHECKER = Actor("S-1402", "claim_checker")
REASONS = {"facts": "Sachverhalt", "law": "VV 1 zu § 44 LHO NRW", "discretion": "ausgeübt"}
RECORDED = "recorded"


class Papers:
    """One case's commands. A key is case, command and whatever tells two of a kind apart."""

    def __init__(self, plan: Plan, case: CasePlan) -> None:
        self.case = case
        self.is_twin = any(case.reference in twins for twins in plan.twins)
        self._is_contended = plan.is_contended

    def on(
        self, by: Actor | str, name: str, on: str, *, key: str = "", expected: str = RECORDED,
        second: Actor | None = None, mandate: tuple[date, date] = MANDATE, **payload: Any,
    ) -> Command:  # fmt: skip
        """A command that takes effect on a day."""
        body = {"reference": self.case.reference, "effective_on": on, **payload}
        return self.by(by, name, body, key=key, expected=expected, second=second, mandate=mandate)

    def by(
        self, by: Actor | str, name: str, payload: dict[str, Any], *, key: str = "",
        expected: str = RECORDED, second: Actor | None = None,
        mandate: tuple[date, date] = MANDATE,
    ) -> Command:  # fmt: skip
        actor = person(by) if isinstance(by, str) else by
        whole_key = f"{self.case.reference} {name} {key}".strip()
        return Command(whole_key, actor, name, payload, expected, second, mandate)

    # Budgeting.
    def approval(
        self, expected: str, *, by: Actor | str = "decider", key: str = "",
        second: Actor | None = None, mandate: tuple[date, date] = MANDATE,
    ) -> Command:  # fmt: skip
        override = {"override_reason": "Verspätung entschuldigt"} if second else {}
        return self.on(by, "budgeting.approve_grant", "2021-01-11", key=key, expected=expected,
                       second=second, mandate=mandate, **override)  # fmt: skip

    def partial_approval(self, expected: str, granted: Any, key: str = "") -> Command:
        return self.on("decider", "budgeting.approve_partially", "2021-01-11", key=key,
                       expected=expected, tranches=shares(granted, 2, 3),
                       reasons=REASONS)  # fmt: skip

    def grant(self, granted: Any, key: str = "") -> Command:
        """The decision for an applicant. In a contended world there may be no money for it."""
        expected = RECORDED
        if self._is_contended:
            expected += "|no_funds_earmarked" + self.or_withdrawn("withdrawn")
        if self.case.fate == "partial":
            return self.partial_approval(expected, granted, key)
        second = SECOND_DECIDER if self.case.fate == "late" else None
        return self.approval(expected, key=key, second=second)

    def rejection(self, on: str, expected: str, *, by: Actor | str = "decider",
                  key: str = "") -> Command:  # fmt: skip
        return self.on(by, "budgeting.reject_application", on, key=key, expected=expected,
                       reasons=REASONS)  # fmt: skip

    def finality(self, on: str, expected: str = RECORDED, key: str = "") -> Command:
        return self.on("decider", "budgeting.record_finality", on, key=key, expected=expected)

    def waiver(self, on: str, expected: str = RECORDED, key: str = "") -> Command:
        return self.on("decider", "budgeting.waive_remedy", on, key=key, expected=expected)

    # Intake.
    def withdrawal(self, on: str) -> Command:
        return self.on("applicant", "intake.withdraw_application", on, reason="zurückgenommen")

    def or_withdrawn(self, answer: str) -> str:
        """A further answer for a case that may be taken back while others decide upon it."""
        return f"|{answer}" if self.case.fate == "withdrawn_at_any_time" else ""

    # Disbursement.
    def on_claim(self, by: Actor | str, name: str, claim: str, on: str, expected: str = RECORDED,
                 key: str = "", **payload: Any) -> Command:  # fmt: skip
        return self.on(by, f"disbursement.{name}", on, key=f"{claim} {key}".strip(),
                       expected=expected, claim=claim, **payload)  # fmt: skip


def shares(tranches: Any, part: int, of: int, more_cents: int = 0) -> list[dict[str, Any]]:
    """Parts of tranches as they stand in a command; every part has at least one cent."""
    return [_share(each, part, of, more_cents) for each in tranches]


def _share(tranche: Tranche, part: int, of: int, more_cents: int) -> dict[str, Any]:
    cents = max(1, tranche.amount_cents * part // of) + more_cents
    return {"fund": tranche.fund, "year": tranche.year, "amount": format_euro(cents)}
