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
from grant_values.shapes import Tranche
from simulation import attempts
from simulation.attempts import made
from simulation.clerks import Command, Heard, Unparked, Until, Work
from simulation.papers import RECORDED, SECOND_CHECKER, SECOND_CLAIM_CHECKER, Papers, shares
from simulation.plans import CALL, CasePlan, Plan
from simulation.world import World
from support.authority import DEFINITION, PROGRAMME, VERSION, person

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
        self._case = case
        self._papers = Papers(plan, case)

    # Until the decision is final.
    def apply(self) -> Work:
        """From the application to a final decision, or to wherever it ends before."""
        papers, fate = self._papers, self._case.fate
        yield papers.by("applicant", "intake.submit_application", self._case.payload)
        yield papers.on("formal_checker", "intake.check_completeness", "2020-12-14", missing=[],
                        checklist="simulated")  # fmt: skip
        if fate == "withdrawn_before_finding":
            yield papers.withdrawal("2020-12-15")
        yield from self._find()
        if fate == "withdrawn_after_finding":
            yield papers.withdrawal("2020-12-18")
        if fate.startswith("withdrawn_") and fate != "withdrawn_at_any_time":
            yield Heard("budgeting", "intake")
            yield Heard("budgeting", "eligibility")
            yield papers.approval("withdrawn")
            yield papers.rejection("2021-01-11", "invalid")
        elif fate == "ineligible":
            yield papers.approval("not_found_eligible")
            yield from self._reject()
        else:
            yield from self._decide()

    def _find(self) -> Work:
        papers = self._papers
        yield Until("the assessment", lambda world: self._assessment() is not None)
        yield Unparked("eligibility", self._case.case_id)
        eligible = self._case.fate != "ineligible" and not self._repeats()
        yield papers.on("formal_checker", "eligibility.propose_finding", "2020-12-16",
                        eligible=eligible, reasons="geprüft")  # fmt: skip
        yield from made(papers, attempts.before_a_finding)
        yield papers.on(SECOND_CHECKER, "eligibility.sign_finding", "2020-12-17")

    def _decide(self) -> Work:
        papers = self._papers
        yield Heard("budgeting", "eligibility")
        yield Unparked("budgeting", self._case.case_id)
        if self._repeats():
            yield papers.approval("not_found_eligible" + papers.or_withdrawn("withdrawn"))
            yield from self._reject()
            return
        if self._case.fate != "withdrawn_at_any_time":
            yield from made(papers, attempts.before_a_decision)
        yield papers.grant(self._found_tranches())
        if self._award().terms:
            yield from self._finalise()

    def decide_from_reserve(self) -> Work:
        """A case that waits for money is tried once more, and rejected if there is none."""
        papers = self._papers
        payload = {"reference": self._case.reference, "rule": RESERVE_RULE}
        expected = "recorded|ceiling_exceeded" + papers.or_withdrawn("invalid")
        yield papers.by("budget_officer", "budgeting.earmark_from_reserve_list", payload,
                        expected=expected)  # fmt: skip
        yield papers.grant(self._found_tranches(), "reserve")
        if self._award().terms:
            yield from self._finalise("2021-01-26", "2021-02-05")
        else:
            yield from self._reject("2021-02-01")

    def _finalise(self, sent_on: str = "2021-01-12", waived_on: str = "2021-01-20") -> Work:
        papers = self._papers
        is_determined = self._case.fate != "withdrawn_at_any_time"
        if is_determined:
            yield from made(papers, attempts.after_an_approval, self._found_tranches())
        yield papers.on("decider", "budgeting.notify_decision", sent_on, channel="electronic")
        if is_determined:
            yield from made(papers, attempts.before_finality, sent_on)
        expected = RECORDED + papers.or_withdrawn("invalid")
        if self._case.fate == "renounced_after_approval":
            yield papers.withdrawal(sent_on)
            yield Heard("budgeting", "intake")
            expected = "invalid"
        if self._case.random("finality").random() < 0.5:
            yield papers.waiver(waived_on, expected)
        else:
            yield papers.finality("2021-03-09", expected)
        if self._case.fate == "renounced_after_finality":
            yield papers.withdrawal("2021-03-10")

    def _reject(self, on: str = "2021-01-11") -> Work:
        papers = self._papers
        expected = RECORDED + papers.or_withdrawn("invalid")
        yield papers.rejection(on, expected)
        if self._case.fate != "withdrawn_at_any_time":
            yield from made(papers, attempts.after_a_rejection)
        yield papers.on("decider", "budgeting.notify_decision", "2021-02-02", channel="post",
                        expected=expected)  # fmt: skip
        yield papers.finality("2021-03-10", expected)

    def withdraw(self, on: str = "2021-01-11") -> Work:
        """The applicant takes back what others are just working upon."""
        yield self._papers.withdrawal(on)

    # Payments.
    def claim(self, year: int) -> Work:
        """Claims on one budget year's tranches, certified and ordered, or refused."""
        yield from self._hear_of_everything()
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
            yield from self._order(f"{year}-above", shares(tranches, 1, 1, 1), "above_ceiling")
        if random.random() < 0.4:  # A part first: the next claim's totals are higher.
            yield from self._order(f"{year}-part", shares(tranches, 1, 3))
        yield from self._order(f"{year}-whole", shares(tranches, 1, 1))
        if random.random() < 0.2:
            yield from self._order(f"{year}-again", shares(tranches, 1, 1), "nothing_due")
        if self._case.fate == "renounced_after_order" and year == 2021:
            yield self._papers.withdrawal("2021-03-20")
            yield from self._hear_of_everything()

    def _hear_of_everything(self) -> Work:
        """The account stands as intake and budgeting have it by now."""
        yield Heard("budgeting", "intake")
        yield Unparked("budgeting", self._case.case_id)
        yield Heard("disbursement", "budgeting")
        yield Unparked("disbursement", self._case.case_id)

    def _order(self, claim: str, wanted: list[dict[str, Any]], expected: str = RECORDED) -> Work:
        papers, on = self._papers, f"{claim[:4]}-03-18"
        purpose = f"{self._case.reference} Mittelabruf"
        if self._account().renounced:
            expected = "renounced"
        yield papers.on_claim("applicant", "submit_claim", claim, f"{claim[:4]}-03-15",
                              wanted=wanted, purpose=purpose)  # fmt: skip
        yield from made(papers, attempts.on_a_claim, claim, on)
        yield papers.on_claim("claim_checker", "certify_factually", claim, on)
        yield from made(papers, attempts.on_half_a_certificate, claim, on)
        yield papers.on_claim(SECOND_CLAIM_CHECKER, "certify_arithmetically", claim, on)
        yield from made(papers, attempts.on_a_certified_claim, claim, on)
        yield papers.on_claim("payment_authoriser", "order_payment", claim, on, expected)

    # What persons look up.
    def _assessment(self) -> Any:
        return self._world.aggregate("eligibility", Assessment.create_id(self._case.reference))

    def _repeats(self) -> bool:
        """Whether another application was first. Asked only after the assessment was there."""
        return self._papers.is_twin and "not_funded_before" in self._assessment().referred

    def _award(self) -> Any:
        return self._world.aggregate("budgeting", Award.create_id(self._case.reference))

    def _found_tranches(self) -> Any:
        return self._award().known_finding.tranches

    def _account(self) -> Any:
        return self._world.aggregate("disbursement", GrantAccount.create_id(self._case.reference))
