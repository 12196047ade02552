"""The ways of cases through the services, as their clerks go them. A way is a generator of steps.

Where the end must not hang on what is heard first, a clerk waits until it was heard, as a person
who reads "at least position" would.
"""

from __future__ import annotations

from typing import Any

from grant_budgeting.award import Award
from grant_disbursement.domain import GrantAccount
from grant_eligibility.domain import Assessment
from grant_values.money import format_euro
from grant_values.shapes import Actor, Tranche
from simulation.clerks import Command, Heard, Until, Work
from simulation.plans import CALL, CasePlan, Plan
from simulation.world import World
from support.authority import DEFINITION, PROGRAMME, VERSION, person

SECOND_CHECKER = Actor("S-1102", "formal_checker")
SECOND_DECIDER = Actor("S-1202", "decider")
SECOND_CLAIM_CHECKER = Actor("S-1402", "claim_checker")
REASONS = {"facts": "Sachverhalt", "law": "VV 1 zu § 44 LHO NRW", "discretion": "ausgeübt"}
RESERVE_RULE = "Nachrücken nach Erhöhung des Ansatzes"


def prepare(plan: Plan) -> Work:
    """Programme, call and budget lines, before anybody can apply."""
    authority, officer = person("managing_authority"), person("budget_officer")
    definition = {"definition": DEFINITION}
    yield Command("programme", authority, "intake.register_programme", definition)
    call = {"programme": PROGRAMME, "programme_version": VERSION, "call": CALL}
    window = {"opens_on": "2020-11-03", "closes_on": "2020-12-11"}
    yield Command("call", authority, "intake.open_call", call | window)
    for (fund, year), cents in plan.ceilings.items():
        line = {"programme": PROGRAMME, "fund": fund, "year": year, "ceiling": format_euro(cents)}
        payload = line | {"effective_on": "2020-11-03"}
        yield Command(f"line {fund} {year}", officer, "budgeting.open_budget_line", payload)


class Journey:
    """One case on its way."""

    def __init__(self, world: World, plan: Plan, case: CasePlan) -> None:
        self._world = world
        self._plan = plan
        self._case = case
        self._is_twin = any(case.reference in twins for twins in plan.twins)

    # Until the decision is final.
    def apply(self) -> Work:
        """From the application to a final decision, or to wherever it ends before."""
        case, fate = self._case, self._case.fate
        yield self._by("applicant", "intake.submit_application", case.payload)
        yield self._on("formal_checker", "intake.check_completeness", "2020-12-14", missing=[],
                       checklist="simulated")  # fmt: skip
        if fate == "withdrawn_before_finding":
            yield self._withdrawal("2020-12-15")
        yield from self._find()
        if fate == "withdrawn_after_finding":
            yield self._withdrawal("2020-12-18")
        if fate.startswith("withdrawn_") and fate != "withdrawn_at_any_time":
            yield Heard("budgeting", "intake")
            yield Heard("budgeting", "eligibility")
            yield self._approval("withdrawn")
        elif fate == "ineligible":
            yield self._approval("not_found_eligible")
            yield from self._reject()
        else:
            yield from self._decide()

    def _find(self) -> Work:
        yield Until("the assessment", lambda world: self._assessment() is not None)
        eligible = self._case.fate != "ineligible" and not self._repeats()
        finding: dict[str, Any] = {"eligible": eligible, "reasons": "geprüft"}
        yield self._on("formal_checker", "eligibility.propose_finding", "2020-12-16", **finding)
        if self._case.fate == "refused":
            yield self._on("formal_checker", "eligibility.sign_finding", "2020-12-16",
                           expected="proposer_is_signer")  # fmt: skip
            yield self._on("cashier", "eligibility.sign_finding", "2020-12-16",
                           expected="role_not_entitled")  # fmt: skip
        yield self._on(SECOND_CHECKER, "eligibility.sign_finding", "2020-12-17")

    def _decide(self) -> Work:
        yield Heard("budgeting", "eligibility")
        if self._repeats():
            yield self._approval("not_found_eligible" + self._or_withdrawn("withdrawn"))
            yield from self._reject()
            return
        if self._case.fate == "refused":
            checker = Actor("S-1101", "decider")
            yield self._approval("checker_is_decider", by=checker)
        if self._case.fate == "late":
            yield self._approval("late_without_override", alone=True, key="alone")
        yield self._grant()
        if self._award().terms:
            if self._case.fate == "refused":
                yield self._approval("already_decided", key="again")
            yield from self._finalise()

    def decide_from_reserve(self) -> Work:
        """A case that waits for money is tried once more, and rejected if there is none."""
        payload = {"reference": self._case.reference, "rule": RESERVE_RULE}
        expected = "recorded|ceiling_exceeded" + self._or_withdrawn("invalid")
        yield self._by(
            "budget_officer", "budgeting.earmark_from_reserve_list", payload, expected=expected
        )
        yield self._grant("reserve")
        if self._award().terms:
            yield from self._finalise("2021-01-26", "2021-02-05")
        else:
            yield from self._reject("2021-02-01")

    def _finalise(self, sent_on: str = "2021-01-12", waived_on: str = "2021-01-20") -> Work:
        yield self._on("decider", "budgeting.notify_decision", sent_on, channel="electronic")
        withdrawn = self._or_withdrawn("invalid")
        if self._case.fate == "renounced_after_approval":
            yield self._withdrawal(sent_on)
            yield Heard("budgeting", "intake")
            withdrawn = "invalid"
        expected = withdrawn if withdrawn == "invalid" else "recorded" + withdrawn
        if self._case.random("finality").random() < 0.5:
            yield self._on("decider", "budgeting.waive_remedy", waived_on, expected=expected)
        else:
            yield self._on("decider", "budgeting.record_finality", "2021-03-09", expected=expected)
        if self._case.fate == "renounced_after_finality":
            yield self._withdrawal("2021-03-10")

    def _reject(self, on: str = "2021-01-11") -> Work:
        withdrawn = self._or_withdrawn("invalid")
        payload: dict[str, Any] = {"reasons": REASONS}
        expected = "recorded" + withdrawn
        yield self._on("decider", "budgeting.reject_application", on, expected=expected, **payload)
        yield self._on("decider", "budgeting.notify_decision", "2021-02-02", channel="post",
                       expected=expected)  # fmt: skip
        yield self._on("decider", "budgeting.record_finality", "2021-03-10", expected=expected)

    def withdraw_at_any_time(self) -> Work:
        """The applicant takes back what others are just deciding upon."""
        yield self._withdrawal("2021-01-11")

    # Payments.
    def claim(self, year: int) -> Work:
        """Claims on one budget year's tranches, certified and ordered, or refused."""
        yield Heard("budgeting", "intake")
        yield Heard("disbursement", "budgeting")
        account = self._account()
        tranches = [
            Tranche(fund, of, cents)
            for (fund, of), cents in (account.drawn.ceiling_cents.items() if account else ())
            if of == year
        ]
        if not tranches:
            return
        random = self._case.random(f"claims {year}")
        if random.random() < 0.2:
            yield from self._order(f"{year}-above", _shares(tranches, 1, 1, 1), "above_ceiling")
        if random.random() < 0.4:  # A part first: the next claim's totals are higher.
            yield from self._order(f"{year}-part", _shares(tranches, 1, 3))
        yield from self._order(f"{year}-whole", _shares(tranches, 1, 1))
        if random.random() < 0.2:
            yield from self._order(f"{year}-again", _shares(tranches, 1, 1), "nothing_due")
        if self._case.fate == "renounced_after_order" and year == 2021:
            yield self._withdrawal("2021-03-20")
            yield Heard("budgeting", "intake")
            yield Heard("disbursement", "budgeting")

    def _order(self, claim: str, wanted: list[dict[str, Any]], expected: str = "recorded") -> Work:
        year, on = claim[:4], dict[str, Any](claim=claim)
        purpose = f"{self._case.reference} Mittelabruf"
        expected = "renounced" if self._account().renounced else expected
        yield self._on("applicant", "disbursement.submit_claim", f"{year}-03-15", key=claim,
                       wanted=wanted, purpose=purpose, **on)  # fmt: skip
        for role, command, answer in (
            ("claim_checker", "certify_factually", "recorded"),
            ("claim_checker", "certify_arithmetically", "same_person"),
            (SECOND_CLAIM_CHECKER, "certify_arithmetically", "recorded"),
            ("payment_authoriser", "order_payment", expected),
        ):
            yield self._on(role, f"disbursement.{command}", f"{year}-03-18", key=claim,
                           expected=answer, **on)  # fmt: skip

    # What persons look up.
    def _assessment(self) -> Any:
        return self._world.aggregate("eligibility", Assessment.create_id(self._case.reference))

    def _repeats(self) -> bool:
        """Whether another application was first. Asked only after the assessment was there."""
        return self._is_twin and "not_funded_before" in self._assessment().referred

    def _award(self) -> Any:
        return self._world.aggregate("budgeting", Award.create_id(self._case.reference))

    def _account(self) -> Any:
        return self._world.aggregate("disbursement", GrantAccount.create_id(self._case.reference))

    # Commands.
    def _grant(self, key: str = "") -> Command:
        expected = "recorded"
        if self._plan.is_contended:
            expected += "|no_funds_earmarked" + self._or_withdrawn("withdrawn")
        if self._case.fate != "partial":
            return self._approval(expected, key=key)
        tranches = _shares(self._award().known_finding.tranches, 2, 3)
        return self._on("decider", "budgeting.approve_partially", "2021-01-11", key=key,
                        expected=expected, tranches=tranches, reasons=REASONS)  # fmt: skip

    def _approval(
        self, expected: str, *, by: Actor | str = "decider", key: str = "", alone: bool = False
    ) -> Command:
        is_late = self._case.fate == "late" and not alone
        override = {"override_reason": "Verspätung entschuldigt"} if is_late else {}
        return self._on(by, "budgeting.approve_grant", "2021-01-11", key=key, expected=expected,
                        second=SECOND_DECIDER if is_late else None, **override)  # fmt: skip

    def _withdrawal(self, on: str) -> Command:
        return self._on("applicant", "intake.withdraw_application", on, reason="zurückgenommen")

    def _or_withdrawn(self, answer: str) -> str:
        return f"|{answer}" if self._case.fate == "withdrawn_at_any_time" else ""

    def _on(
        self, by: Actor | str, name: str, on: str, *, key: str = "", expected: str = "recorded",
        second: Actor | None = None, **payload: Any,
    ) -> Command:  # fmt: skip
        body = {"reference": self._case.reference, "effective_on": on, **payload}
        return self._by(by, name, body, key=key, expected=expected, second=second)

    def _by(
        self, by: Actor | str, name: str, payload: dict[str, Any], *, key: str = "",
        expected: str = "recorded", second: Actor | None = None,
    ) -> Command:  # fmt: skip
        actor = person(by) if isinstance(by, str) else by
        whole_key = f"{self._case.reference} {name} {key}".strip()
        return Command(whole_key, actor, name, payload, expected, second)


def _shares(tranches: Any, part: int, of: int, more_cents: int = 0) -> list[dict[str, Any]]:
    """Parts of tranches as they stand in a claim; every part has at least one cent."""
    return [
        {
            "fund": each.fund,
            "year": each.year,
            "amount": format_euro(max(1, each.amount_cents * part // of) + more_cents),
        }
        for each in tranches
    ]
