"""The same answers by brute force: each amount is a sum over a list of events, each state a search.

It shares nothing with the projections: it reads the rows, knows by heart from which day a topic
counts, and looks everything up anew for every event.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from grant_store.rows import LedgerEvent

BERLIN = ZoneInfo("Europe/Berlin")
OWN = {
    "ProgrammeRegistered": lambda data: data["definition"]["valid_from"],
    "CallOpened": lambda data: data["opens_on"],
    "CallClosed": lambda data: data["closed_on"],
    "ApplicationSubmitted": lambda data: _berlin(data["received_at"]),
    "AssessmentOpened": lambda data: data["received_on"],
    "DecisionNotified": lambda data: data["dispatched_on"],
    "DecisionBecameFinal": lambda data: data["final_on"],
    "ErasureRequested": lambda data: data["received_on"],
    "GrantAccountOpened": lambda data: data["final_on"],
    "PaymentRunOpened": lambda data: _berlin(data["created_at"]),
    "PaymentRunWritten": lambda data: "0001-01-01",
    "DemonstrationDeclared": lambda data: "0001-01-01",
}
# What an event of a kind presupposes: kinds, and the fields in which both agree.
ON_CASE, ON_LINE = ("case",), ("subject",)
BASES: dict[str, list[tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "CallOpened": [(("ProgrammeRegistered",), ())],
    "CallClosed": [(("CallOpened",), ())],
    "ApplicationSubmitted": [(("ProgrammeRegistered",), ())],
    "CompletenessChecked": [(("ApplicationSubmitted",), ON_CASE)],
    "ApplicationWithdrawn": [(("ApplicationSubmitted",), ON_CASE)],
    "CheckRecorded": [(("AssessmentOpened",), ON_CASE)],
    "FindingProposed": [(("AssessmentOpened",), ON_CASE)],
    "FoundEligible": [(("FindingProposed",), ON_CASE)],
    "CeilingChanged": [(("BudgetLineOpened",), ON_LINE)],
    "FundsEarmarked": [(("BudgetLineOpened",), ON_LINE), (("FindingNoted",), ON_CASE)],
    "EarmarkMade": [(("FindingNoted",), ON_CASE)],
    "EarmarkRefused": [(("BudgetLineOpened",), ON_LINE), (("FindingNoted",), ON_CASE)],
    "PlacedOnReserveList": [(("FindingNoted",), ON_CASE)],
    "EarmarkReleased": [(("FundsEarmarked",), ("subject", "case"))],
    "FundsCommitted": [(("FundsEarmarked",), ("subject", "case"))],
    "FundsSpent": [(("BudgetLineOpened",), ON_LINE)],
    "SpendingReversed": [(("FundsSpent",), ("subject", "case"))],
    "ClaimSubmitted": [(("GrantAccountOpened",), ON_CASE)],
    "FactualCorrectnessCertified": [(("ClaimSubmitted",), ON_CASE)],
    "PaymentOrdered": [(("ClaimSubmitted",), ON_CASE)],
    "PaymentTransmitted": [(("PaymentOrdered",), ON_CASE)],
    "PaymentExecuted": [(("PaymentOrdered",), ON_CASE)],
    "PaymentReturned": [(("PaymentOrdered",), ON_CASE), (("PaymentExecuted",), ON_CASE)],
    "PaymentRunWritten": [(("PaymentRunOpened",), ON_LINE)],
    "PaymentRunRefused": [(("PaymentRunOpened",), ("run",))],
    "PaymentRunTransmitted": [(("PaymentRunOpened",), ("run",))],
    "DocumentFiled": [(("ApplicationSubmitted",), ON_CASE)],
    "DocumentSuperseded": [(("DocumentFiled",), ON_LINE)],
    "ItemDeclaredNotApplicable": [(("ApplicationSubmitted",), ON_CASE)],
    "ItemDeclaredApplicable": [(("ItemDeclaredNotApplicable",), ON_CASE)],
    "LegalHoldLifted": [(("LegalHoldSet",), ON_CASE)],
    "ErasureDecided": [(("ErasureRequested",), ON_CASE)],
    "CaseDisposed": [(("DisposalProposed",), ON_CASE)],
}
RETENTION = (
    *("RetentionOpened", "RetentionTermSet", "LegalHoldSet", "LegalHoldLifted"),
    *("ErasureRequested", "ErasureDecided", "DisposalProposed", "CaseDisposed"),
)
DECISIONS = ("GrantApproved", "GrantPartiallyApproved", "ApplicationRejected")
BASES |= {kind: [(("FindingNoted",), ON_CASE)] for kind in (*DECISIONS, "ApprovalRefused")}
BASES |= {
    kind: [(DECISIONS, ON_CASE)]
    for kind in ("DecisionNotified", "RemedyWaived", "DecisionBecameFinal")
}


def _berlin(text: str) -> str:
    return str(datetime.fromisoformat(text).astimezone(BERLIN).date())


@dataclass(frozen=True)
class Told:
    """One event, read."""

    row: LedgerEvent
    data: dict[str, Any]
    metadata: dict[str, Any]

    @property
    def kind(self) -> str:
        return self.row.topic.partition(".")[2]

    def name(self, field: str) -> Any:
        if field == "case":
            return self.metadata.get("caseid")
        return self.row.originator_id if field == "subject" else self.data[field]


def told(rows: Sequence[LedgerEvent]) -> list[Told]:
    return [Told(row, json.loads(row.state), json.loads(row.metadata)) for row in rows]


def counting(events: Sequence[Told], day: date | None) -> list[Told]:
    """The events of one ledger that count on a day; None asks for all."""
    return [
        event
        for index, event in enumerate(events)
        if day is None or counts_from(events, index) <= day
    ]


def counts_from(events: Sequence[Told], index: int) -> date:
    day = _told_day(events, index)
    event = events[index]
    for kinds, fields in BASES.get(event.kind, ()):
        earlier = [
            at
            for at in range(index)
            if events[at].kind in kinds
            and all(events[at].name(field) == event.name(field) for field in fields)
        ]
        if earlier:
            day = max(day, counts_from(events, earlier[-1]))
    return day


def _told_day(events: Sequence[Told], index: int) -> date:
    """Its own day, else that of the unit's last one before it, else of the next one, else that
    of recording; but a promise is there by the day of the decision that rests on it."""
    unit = [
        at
        for at in range(len(events))
        if events[at].metadata["causationid"] == events[index].metadata["causationid"]
        and events[at].name("case") == events[index].name("case")
    ]
    for at in [*range(index, unit[0] - 1, -1), *range(index + 1, unit[-1] + 1)]:
        own = _own_day(events[at])
        if own:
            return date.fromisoformat(own)
    recorded_on = events[index].row.recorded_at.astimezone(BERLIN).date()
    if events[index].kind not in ("FundsEarmarked", "EarmarkMade"):
        return recorded_on
    decided = [
        date.fromisoformat(event.data["effective_on"])
        for event in events
        if event.kind in DECISIONS and event.name("case") == events[index].name("case")
    ]
    return min(recorded_on, *decided[:1]) if decided else recorded_on


def _own_day(event: Told) -> str | None:
    rule: Callable[[dict[str, Any]], str] | None = OWN.get(event.kind)
    return rule(event.data) if rule else event.data.get("effective_on")


class Answers:
    """What an auditor may ask, of these events of each service."""

    def __init__(self, by_service: dict[str, list[Told]]) -> None:
        self.events = [event for events in by_service.values() for event in events]

    def of(self, kind: str, case: str | None = None, subject: object = None) -> list[Told]:
        return [
            event
            for event in self.events
            if event.kind == kind
            and case in (None, event.name("case"))
            and subject in (None, event.row.originator_id)
        ]

    def sum_of(self, kind: str, case: str | None = None, subject: object = None) -> int:
        return sum(event.data["amount_cents"] for event in self.of(kind, case, subject))

    def ceilings(self) -> dict[str, int]:
        return {
            event.data["fund"]: [event, *self.of("CeilingChanged", subject=event.name("subject"))][
                -1
            ].data["ceiling_cents"]
            for event in self.of("BudgetLineOpened")
        }

    def booked(self, subject: object, case: str | None = None) -> dict[str, int]:
        """What is promised, owed and paid on a line."""
        spent, reversed_ = (
            self.sum_of(kind, case, subject) for kind in ("FundsSpent", "SpendingReversed")
        )
        made, released, owed = (
            self.sum_of(kind, case, subject)
            for kind in ("FundsEarmarked", "EarmarkReleased", "FundsCommitted")
        )
        return {
            "earmarked_cents": made - released - owed,
            "committed_cents": owed,
            "paid_cents": spent - reversed_,
        }

    def paid_cents(self, case: str) -> int:
        tranches = [
            sign * tranche["amount_cents"]
            for kind, sign in (("PaymentExecuted", 1), ("PaymentReturned", -1))
            for event in self.of(kind, case)
            for tranche in event.data["tranches"]
        ]
        return sum(tranches)

    def decision(self, case: str) -> Told | None:
        taken = [event for kind in DECISIONS for event in self.of(kind, case)]
        return taken[-1] if taken else None

    def is_withdrawn(self, case: str) -> bool:
        return bool(self.of("ApplicationWithdrawn", case) or self.of("WithdrawalNoted", case))

    def state(self, case: str) -> str:
        decision = self.decision(case)
        if decision is None:
            return self._state_before_decision(case)
        if decision.kind == "ApplicationRejected":
            return "rejected"
        if self.is_withdrawn(case):
            return "renounced"
        paid = self.paid_cents(case)
        if paid:
            return "paid" if paid == decision.data["terms"]["grant_cents"] else "paid_in_part"
        if self.of("DecisionBecameFinal", case):
            return "final"
        return "approved" if decision.kind == "GrantApproved" else "partially_approved"

    def _state_before_decision(self, case: str) -> str:
        if self.is_withdrawn(case):
            return "withdrawn"
        lines = {event.row.originator_id for event in self.of("BudgetLineOpened")}
        if any(self.booked(line, case)["earmarked_cents"] for line in lines):
            return "earmarked"
        if self.of("PlacedOnReserveList", case):
            return "on_reserve_list"
        found = self.of("FoundEligible", case) or self.of("FindingNoted", case)
        return "found_eligible" if found else "received"

    def kept(self, on: date) -> dict[str, tuple[str, tuple[str, ...]]]:
        """State and holds of each case whose retention is on record."""
        cases = {event.name("case") for kind in RETENTION for event in self.of(kind)}
        return {self._reference(case): self._kept(case, on) for case in cases}

    def _kept(self, case: str, on: date) -> tuple[str, tuple[str, ...]]:
        holds = () if self.of("LegalHoldLifted", case) else ("h-1",)
        holds = holds if self.of("LegalHoldSet", case) else ()
        if self.of("CaseDisposed", case):
            return "disposed", holds
        if holds:
            return "held", holds
        terms = self.of("RetentionTermSet", case)
        until = terms[-1].data["retain_until"] if terms else None
        if until is None:
            return "open", holds
        if str(on) <= until:
            return "runs", holds
        return ("proposed" if self.of("DisposalProposed", case) else "passed"), holds

    def _reference(self, case: str) -> str:
        [*_, event] = (event for kind in RETENTION for event in self.of(kind, case))
        return str(event.data["reference"])

    def erasures(self) -> dict[str, tuple[str, bool]]:
        """What became of each request, by case: the decision, and whether it came late."""
        found = {}
        for asked in self.of("ErasureRequested"):
            decided = self.of("ErasureDecided", asked.name("case"))
            last = decided[-1].data if decided else {"decision": "", "late": False}
            told = last["decision"], last["late"]
            found[str(asked.data["reference"])] = told
        return found

    def documents(self, case: str) -> dict[str, str]:
        """The documents on file, with what has taken the place of each."""
        superseded = {
            event.data["document"]: event.data["superseded_by"]
            for event in self.of("DocumentSuperseded", case)
        }
        filed = [event.data["document"] for event in self.of("DocumentFiled", case)]
        return {document: superseded.get(document, "") for document in filed}

    def places(self, kind: str, case: str) -> set[str]:
        return {
            f"{event.row.topic.partition('.')[0]}/main/{event.row.position}"
            for event in self.of(kind, case)
        }
