"""A budget office on the embedded store, and the steps of a case in it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from grant_budgeting.award import Award
from grant_budgeting.domain import BudgetLine
from grant_contracts.answers import Answer
from grant_store.store import Store
from grant_values.cases import case_id_of
from grant_values.shapes import Actor
from support.authority import CASE, PROGRAMME, VERSION, Bureau, person, the_programme
from support.personal import payee_on_the_wire

DECIDER = person("decider")
SECOND_DECIDER = person("decider", "S-1202")
BUDGET_OFFICER = person("budget_officer")
CHECKER, SECOND_CHECKER = "S-1101", "S-1102"
REASONS = {"facts": "Sachverhalt", "law": "VV 4 zu § 44 LHO NRW", "discretion": "Ermessen"}
TWO_FUNDS = (("ESF", 2021, 60_000), ("Land", 2021, 40_000))
Parts = Iterable[tuple[str, int, int]]


def on_the_wire(parts: Parts) -> list[dict[str, Any]]:
    return [{"fund": fund, "year": year, "amount_cents": cents} for fund, year, cents in parts]


def in_euro(parts: Parts) -> list[dict[str, Any]]:
    return [
        {"fund": fund, "year": year, "amount": f"{cents // 100}.{cents % 100:02d}"}
        for fund, year, cents in parts
    ]


def a_finding(
    reference: str = CASE, parts: Parts = TWO_FUNDS, *, eligible: bool = True, late: bool = False
) -> tuple[str, dict[str, Any]]:
    """Topic and data of what eligibility publishes when two persons have found."""
    common: dict[str, Any] = {
        "reference": reference,
        "programme": PROGRAMME,
        "programme_version": VERSION,
        "late": late,
        "applicant": {
            "key": "musterquartier",
            "name": "Musterquartier e. V. (erfunden)",
            "kind": "social_association",
            "legal_person": True,
            "land": "DE-NW",
            "postcode": "45127",
            "city": "Essen",
        },
        "title": "Nachbarschaftstreff",
        "eligible_cents": 120_000,
        "reasons": "",
        "rule": "two persons find",
        "proposed_by": CHECKER,
        "signed_by": SECOND_CHECKER,
        "effective_on": "2020-12-17",
    }
    if not eligible:
        return "eligibility.FoundIneligible", common | {"failed": ["seat_in_land"]}
    return "eligibility.FoundEligible", common | {
        "starts_on": "2021-03-01",
        "ends_on": "2021-12-31",
        "payee": payee_on_the_wire(reference),
        "tranches": on_the_wire(parts),
        "referred": [],
    }


class BudgetOffice(Bureau):
    """The budgeting service and what its officers do all day."""

    def __init__(self, store: Store) -> None:
        super().__init__("budgeting", store)

    def hear_of_programme(self) -> None:
        self.hear("intake.ProgrammeRegistered", PROGRAMME, **the_programme())

    def open_line(self, fund: str, year: int, ceiling: str) -> Answer:
        return self.ask(
            "open_budget_line",
            BUDGET_OFFICER,
            programme=PROGRAMME,
            fund=fund,
            year=year,
            ceiling=ceiling,
            effective_on="2020-11-03",
        )

    def change_ceiling(self, fund: str, year: int, ceiling: str) -> Answer:
        return self.ask(
            "change_ceiling",
            BUDGET_OFFICER,
            programme=PROGRAMME,
            fund=fund,
            year=year,
            ceiling=ceiling,
            reason="Umschichtung",
            effective_on="2021-01-05",
        )

    def hear_of_application(self, reference: str = CASE) -> None:
        """Budgeting reads the reference alone of it, but a fact comes whole."""
        self.hear("intake.ApplicationSubmitted", reference, **_an_application(reference))

    def hear_of_finding(
        self,
        reference: str = CASE,
        parts: Parts = TWO_FUNDS,
        *,
        eligible: bool = True,
        late: bool = False,
    ) -> None:
        topic, data = a_finding(reference, parts, eligible=eligible, late=late)
        self.hear(topic, reference, **data)

    def hear_of_withdrawal(self, reference: str = CASE) -> None:
        self.hear(
            "intake.ApplicationWithdrawn",
            reference,
            reason="Die Eigenmittel fehlen.",
            recorded_by="client:portal",
            effective_on="2021-01-18",
        )

    def approve(
        self,
        by: Actor | str = DECIDER,
        second: Actor | None = None,
        reference: str = CASE,
        **changed: Any,
    ) -> Answer:
        payload = {"reference": reference, "effective_on": "2021-01-11"}
        return self.ask("approve_grant", by, second, **(payload | changed))

    def approve_partially(
        self, parts: Parts, by: Actor | str = DECIDER, reference: str = CASE, **changed: Any
    ) -> Answer:
        payload = {
            "reference": reference,
            "tranches": in_euro(parts),
            "reasons": REASONS,
            "effective_on": "2021-01-11",
        }
        return self.ask("approve_partially", by, **(payload | changed))

    def reject(self, by: Actor | str = DECIDER, reference: str = CASE, **changed: Any) -> Answer:
        payload = {"reference": reference, "reasons": REASONS, "effective_on": "2021-01-11"}
        return self.ask("reject_application", by, **(payload | changed))

    def notify(self, effective_on: str = "2021-01-12", reference: str = CASE) -> Answer:
        return self.ask(
            "notify_decision",
            DECIDER,
            reference=reference,
            channel="post",
            effective_on=effective_on,
        )

    def waive(self, effective_on: str = "2021-01-20", reference: str = CASE) -> Answer:
        return self.ask("waive_remedy", DECIDER, reference=reference, effective_on=effective_on)

    def expire(self, effective_on: str, reference: str = CASE) -> Answer:
        return self.ask("record_finality", DECIDER, reference=reference, effective_on=effective_on)

    def make_final(self) -> None:
        """Approve, notify and waive."""
        for answer in (self.approve(), self.notify(), self.waive()):
            assert answer.kind == "recorded", answer

    def try_reserve_list(self, reference: str = CASE) -> Answer:
        return self.ask(
            "earmark_from_reserve_list", BUDGET_OFFICER, reference=reference, rule="Nachrücken"
        )

    def line(self, fund: str = "ESF", year: int = 2021) -> BudgetLine:
        line: BudgetLine = self.rebuilt(BudgetLine.create_id(PROGRAMME, fund, year))
        return line

    def promised(self) -> dict[str, int]:
        """What stands earmarked on the two lines of 2021."""
        return {fund: self.line(fund).earmarked_cents for fund in ("ESF", "Land")}

    def award(self, reference: str = CASE) -> Award:
        award: Award = self.rebuilt(case_id_of(reference))
        return award


def _an_application(reference: str) -> dict[str, Any]:
    flags = ("not_begun", "subsidy_facts_acknowledged", "no_double_funding")
    _, finding = a_finding(reference)
    return {
        "reference": reference,
        "programme": PROGRAMME,
        "programme_version": VERSION,
        "call": "2020-11",
        "received_at": "2020-12-10T09:15:00Z",
        "late": False,
        "channel": "portal",
        "applicant": finding["applicant"],
        "operation": {
            **dict.fromkeys(("summary", "funding_line", "module", "category_code"), ""),
            "title": "Nachbarschaftstreff",
            "starts_on": "2021-03-01",
            "ends_on": "2021-12-31",
            "postcode": "45127",
            "city": "Essen",
            "target_groups": ["children"],
            "posts": [],
            "number": None,
        },
        "plan": {
            "eligible_cents": 120_000,
            "requested_cents": 100_000,
            "own_cents": 20_000,
            "others_cents": 0,
        },
        "payee": finding["payee"],
        "declarations": dict.fromkeys(flags, True),
        "attachments": [],
        "fingerprint": "0" * 64,
    }


def a_day(text: str) -> date:
    return date.fromisoformat(text)
