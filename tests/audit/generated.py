"""Generated histories: lives of cases, interleaved, with days in any order and entries late.

The days are drawn without regard to what a service would accept: what older programs recorded, or
others will, must be shown as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from audit.feeds import DEFINITION, ESF_2019, LAND_2019, TERMS
from audit.ledgers import Entry, Offices

FIRST_DAY = date(2019, 1, 1)
DAYS = 40
LINES = {"ESF": "line-esf", "Land": "line-land"}
PARTS = (ESF_2019, LAND_2019)
Unit = tuple[str, list[Entry]]
Draw = Callable[[st.SearchStrategy[Any]], Any]

days = st.integers(0, DAYS).map(lambda number: FIRST_DAY + timedelta(days=number))


def _line_entry(topic: str, fund: str, **given: Any) -> Entry:
    return Entry(f"budgeting.{topic}", given, LINES[fund])


def _on_lines(topic: str, **given: Any) -> list[Entry]:
    return [
        _line_entry(topic, part["fund"], amount_cents=part["amount_cents"], **given)
        for part in PARTS
    ]


def _earmarks(reference: str) -> list[Entry]:
    return [
        entry
        for part in PARTS
        for entry in (
            _line_entry("FundsEarmarked", part["fund"], amount_cents=part["amount_cents"]),
            Entry(
                "budgeting.EarmarkMade",
                {"amount_cents": part["amount_cents"]},
                f"{reference}/{part['fund']}",
            ),
        )
    ]


def _programme(draw: Draw) -> Iterator[Unit]:
    """What stands above all cases."""
    none = {"on_case": False}
    definition = {**DEFINITION, "valid_from": str(draw(days))}
    registered = Entry("intake.ProgrammeRegistered", {"definition": definition}, "ziq", **none)
    yield "intake", [Entry("intake.DemonstrationDeclared", {}, "demonstration", **none)]
    yield "intake", [registered]
    opened = {"opens_on": str(draw(days)), "closes_on": str(draw(days))}
    yield "intake", [Entry("intake.CallOpened", opened, "call", **none)]
    for fund, line in LINES.items():
        given = {
            "fund": fund,
            "year": 2019,
            "ceiling_cents": 10**6,
            "effective_on": str(draw(days)),
        }
        yield "budgeting", [Entry("budgeting.BudgetLineOpened", given, line, **none)]


def _afterwards(draw: Draw) -> Iterator[Unit]:
    for _ in range(draw(st.integers(0, 3))):
        given = {"ceiling_cents": draw(st.integers(1, 9)) * 10**6, "effective_on": str(draw(days))}
        line = LINES[draw(st.sampled_from(sorted(LINES)))]
        yield "budgeting", [Entry("budgeting.CeilingChanged", given, line, on_case=False)]
    closed = {"closed_on": str(draw(days))}
    yield "intake", [Entry("intake.CallClosed", closed, "call", on_case=False)]
    refused = Entry("budgeting.AccessRefused", {}, "access", on_case=False)
    yield "budgeting", [refused]


def _until_the_finding(draw: Draw, reference: str, found_on: date) -> Iterator[Unit]:
    received_on = draw(days)
    # 23:30 UTC is the next day in Berlin: the legal date is what counts.
    submitted = {"received_at": f"{received_on - timedelta(days=1)}T23:30:00Z"}
    yield "intake", [Entry("intake.ApplicationSubmitted", submitted)]
    if draw(st.booleans()):
        checked = {"effective_on": str(draw(days))}
        yield "intake", [Entry("intake.CompletenessChecked", checked)]
    yield (
        "eligibility",
        [
            Entry("eligibility.FingerprintTaken", {}, f"print-{reference}"),
            Entry("eligibility.AssessmentOpened", {"received_on": str(received_on)}),
            Entry("eligibility.CheckRecorded"),
        ],
    )
    yield "eligibility", [Entry("eligibility.FindingProposed", {"effective_on": str(draw(days))})]
    yield "eligibility", [Entry("eligibility.FoundEligible", {"effective_on": str(found_on)})]


def _until_the_decision(draw: Draw, reference: str, found_on: date) -> Iterator[Unit]:
    noted = [
        Entry("budgeting.ProceedingsOpened"),
        Entry("budgeting.FindingNoted", {"effective_on": str(found_on)}),
    ]
    if draw(st.booleans()):
        yield "budgeting", [*noted, *_earmarks(reference)]
    else:
        refused = _line_entry("EarmarkRefused", "ESF", amount_cents=1, free_cents=0)
        yield "budgeting", [*noted, refused, Entry("budgeting.PlacedOnReserveList")]
        yield "budgeting", _earmarks(reference)
    if draw(st.booleans()):
        yield "budgeting", [Entry("budgeting.ApprovalRefused", {"effective_on": str(draw(days))})]
    decided = {"effective_on": str(draw(days))}
    late = {"override_reason": draw(st.sampled_from(["", "Hochwasser"])), "seconded_by": "s-2"}
    kind = draw(st.sampled_from(["GrantApproved", "GrantPartiallyApproved", "ApplicationRejected"]))
    if kind == "GrantApproved":
        yield "budgeting", [Entry("budgeting.GrantApproved", {**decided, **late})]
    elif kind == "GrantPartiallyApproved":
        terms = {**TERMS, "grant_cents": 70_000}
        cut = _line_entry("EarmarkReleased", "ESF", amount_cents=10_000)
        entry = Entry("budgeting.GrantPartiallyApproved", {**decided, **late, "terms": terms})
        yield "budgeting", [entry, cut]
    else:
        entry = Entry("budgeting.ApplicationRejected", decided)
        yield "budgeting", [entry, *_on_lines("EarmarkReleased")]


def _until_the_payment(draw: Draw, reference: str) -> Iterator[Unit]:
    final_on = str(draw(days))
    dispatched = {"dispatched_on": str(draw(days))}
    yield "budgeting", [Entry("budgeting.DecisionNotified", dispatched)]
    waived = Entry("budgeting.RemedyWaived", {"effective_on": final_on})
    final = Entry("budgeting.DecisionBecameFinal", {"final_on": final_on})
    committed = _on_lines("FundsCommitted")
    yield "budgeting", [*([waived] if draw(st.booleans()) else []), final, *committed]
    yield "disbursement", [Entry("disbursement.GrantAccountOpened", {"final_on": final_on})]
    for topic in ("ClaimSubmitted", "FactualCorrectnessCertified", "PaymentOrdered"):
        given = {"claim": "c1", "effective_on": str(draw(days))}
        further = {"order_id": reference, "amount_cents": 80_000} if topic[0] == "P" else {}
        yield "disbursement", [Entry(f"disbursement.{topic}", {**given, **further})]
    yield from _run(draw, reference)
    for _ in range(draw(st.integers(0, 2))):
        yield from _executed_and_returned(draw, reference)


def _run(draw: Draw, reference: str) -> Iterator[Unit]:
    run, none = {"run": f"run-{reference}"}, {"on_case": False}
    created = {"created_at": f"{draw(days)}T09:00:00Z"}
    subject = f"run-{reference}"
    yield (
        "disbursement",
        [
            Entry("disbursement.PaymentRunEntered", run, "cashbook", **none),
            Entry("disbursement.PaymentRunOpened", {**run, **created}, subject, **none),
        ],
    )
    yield "disbursement", [Entry("disbursement.PaymentRunWritten", run, subject, **none)]
    left = {**run, "effective_on": str(draw(days))}
    yield (
        "disbursement",
        [
            Entry("disbursement.PaymentRunTransmitted", left, "cashbook", **none),
            Entry("disbursement.PaymentTransmitted", {**left, "order_id": reference}),
        ],
    )


def _executed_and_returned(draw: Draw, reference: str) -> Iterator[Unit]:
    payment = {"order_id": reference, "amount_cents": 80_000}
    booked = {**payment, "effective_on": str(draw(days))}
    day = {"order_id": reference, "effective_on": booked["effective_on"]}
    yield "disbursement", [Entry("disbursement.PaymentExecuted", booked)]
    yield "budgeting", _on_lines("FundsSpent", **day)
    back = {**payment, "was_executed": True, "effective_on": str(draw(days))}
    day = {"order_id": reference, "effective_on": back["effective_on"]}
    yield "disbursement", [Entry("disbursement.PaymentReturned", back)]
    yield "budgeting", _on_lines("SpendingReversed", **day)


def _kept(draw: Draw, reference: str) -> Iterator[Unit]:
    """How long a case is kept, with a hold, a request for erasure, and its disposal."""

    def entry(topic: str, **given: Any) -> Entry:
        return Entry(f"budgeting.{topic}", given, f"retention-{reference}")

    until = {"retain_until": draw(st.none() | days.map(str)), "rule": "tax: § 147 AO"}
    term = entry("RetentionTermSet", **until, effective_on=str(draw(days)))
    yield "budgeting", [entry("RetentionOpened"), term]
    yield "budgeting", [entry("LegalHoldSet", hold="h-1", effective_on=str(draw(days)))]
    asked = {"request": "r-1", "received_on": str(draw(days)), "due_on": str(draw(days))}
    yield "budgeting", [entry("ErasureRequested", **asked)]
    yield "budgeting", [entry("LegalHoldLifted", hold="h-1", effective_on=str(draw(days)))]
    given = {"request": "r-1", "decision": "refuse", "late": draw(st.booleans())}
    yield "budgeting", [entry("ErasureDecided", **given, effective_on=str(draw(days)))]
    yield "budgeting", [entry("DisposalProposed", effective_on=str(draw(days)))]
    yield "budgeting", [entry("CaseDisposed", effective_on=str(draw(days)))]


def _filed(draw: Draw, reference: str) -> Iterator[Unit]:
    """Documents, one in the place of another; an item declared not applicable, and applicable."""
    for document in ("d-1", "d-2"):
        given = {"document": document, "items": [6], "effective_on": str(draw(days))}
        yield "intake", [Entry("intake.DocumentFiled", given, f"{document}-{reference}")]
    given = {"document": "d-1", "superseded_by": "d-2", "effective_on": str(draw(days))}
    yield "intake", [Entry("intake.DocumentSuperseded", given, f"d-1-{reference}")]
    for topic in ("ItemDeclaredNotApplicable", "ItemDeclaredApplicable"):
        given = {"item": 13, "effective_on": str(draw(days))}
        yield "intake", [Entry(f"intake.{topic}", given)]
    yield "eligibility", [Entry("eligibility.ParkedEventDiscarded")]


def _beside(draw: Draw, units: list[Unit], further: Iterator[Unit]) -> None:
    """What comes beside a case's course, as far as it gets, from some place in it on."""
    waiting = list(further)[: draw(st.integers(0, 7))]
    at = draw(st.integers(1, len(units)))
    units[at:at] = waiting


def _life(draw: Draw, reference: str) -> list[Unit]:
    """As far as the case gets; a withdrawal may come in between, and late."""
    found_on = draw(days)
    units = [
        *_until_the_finding(draw, reference, found_on),
        *_until_the_decision(draw, reference, found_on),
        *_until_the_payment(draw, reference),
    ]
    units = units[: draw(st.integers(1, len(units)))]
    if draw(st.booleans()):
        taken_back = {"effective_on": str(draw(days))}
        at = draw(st.integers(1, len(units)))
        units[at:at] = [
            ("intake", [Entry("intake.ApplicationWithdrawn", taken_back)]),
            ("budgeting", [Entry("budgeting.WithdrawalNoted", taken_back)]),
        ]
    _beside(draw, units, _kept(draw, reference))
    _beside(draw, units, _filed(draw, reference))
    return units


@st.composite
def histories(draw: Draw) -> tuple[Offices, list[str]]:
    """The ledgers, and the references of the cases in them."""
    offices = Offices()
    references = [f"ZIQ-{number}" for number in range(1, draw(st.integers(1, 3)) + 1)]
    lives = {reference: _life(draw, reference) for reference in references}
    for service, entries in _programme(draw):
        offices.record(service, "", entries)
    while waiting := [reference for reference, life in lives.items() if life]:
        reference = draw(st.sampled_from(waiting))
        service, entries = lives[reference].pop(0)
        offices.wait(draw(st.integers(0, 30)))
        offices.record(service, reference, entries)
    for service, entries in _afterwards(draw):
        offices.wait(draw(st.integers(0, 30)))
        offices.record(service, "", entries)
    return offices, references
