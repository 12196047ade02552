"""Retention, legal holds, requests for erasure and disposal: get, decide, keep.

The terms are computed anew for every decision that depends on them, from what is on record of the
case and from the programme's definition; the last term on record is never relied upon. Whoever
opened the unit of work commits it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from eventsourcing.domain import Aggregate

from grant_budgeting.award import Award
from grant_budgeting.case_retention import REPORTED, CaseRetention
from grant_budgeting.retention_terms import (
    CaseEnd,
    Retention,
    basis_of,
    erasure_due,
    purposes_of,
    retention_of,
)
from grant_store.standing import DEMONSTRATION_ID
from grant_store.work import NotYet, UnitOfWork
from grant_values.cases import case_id_of
from grant_values.invalid import Invalid
from grant_values.persons import second_person
from grant_values.shapes import Actor

PAID = "paid"  # <case id>/<order>: the day on which the bank executed it
PROGRAMME_OF = "programme-of"  # <case id> → <programme>/<version>


# How long.
def set_retention_term(
    work: UnitOfWork,
    by: Actor,
    seconded_by: Actor | None,
    reference: str,
    because: str,
    happened_on: date | None,
    effective_on: date,
) -> None:
    """Compute the term anew, with what a person reports to have happened.

    What shortens the term of a rule is borne by two persons: one alone could end it.
    """
    _check_report(because, happened_on, effective_on)
    record = _record(work, reference)
    if happened_on:
        _check_after_finality(work, record.case_id, happened_on)
    reported = {because: happened_on} if happened_on else {}
    retention = _retention(work, record, reported)
    if retention.shortens(_retention(work, record)):
        second_person(by, seconded_by, demonstration=_is_demonstration(work))
    if not record.note_term(retention, because, happened_on, effective_on):
        raise Invalid("because", "expected something that changes the term on record")
    work.keep(record)


def _check_report(because: str, happened_on: date | None, effective_on: date) -> None:
    if because not in REPORTED and because != "asked":
        raise Invalid("because", f"expected asked or one of {', '.join(sorted(REPORTED))}")
    if (because in REPORTED) != (happened_on is not None):
        expected = (
            "expected the day on which it happened" if because in REPORTED else "expected none"
        )
        raise Invalid("happened_on", f"{expected} for {because}")
    if happened_on and happened_on > effective_on:
        raise Invalid("happened_on", f"expected a day up to {effective_on}")


def _check_after_finality(work: UnitOfWork, case_id: UUID, happened_on: date) -> None:
    """Neither accounts nor a proof of use come before the decision that they follow from."""
    award = work.find(Award, case_id)
    if award is None or award.final_on is None:
        raise Invalid("because", "expected a case whose decision is final")
    if happened_on < award.final_on:
        expected = f"expected a day from {award.final_on} on, when the decision became final"
        raise Invalid("happened_on", expected)


def term_may_have_changed(
    work: UnitOfWork, case_id: UUID, because: str, effective_on: date
) -> None:
    """Compute the term anew where one is on record: a payment or a withdrawal was heard of."""
    record = work.find(CaseRetention, CaseRetention.id_of_case(case_id))
    if record is None or not (record.terms or record.missing):
        return
    if record.note_term(_retention(work, record), because, None, effective_on):
        work.keep(record)


# What holds it.
def set_legal_hold(
    work: UnitOfWork,
    by: Actor,
    reference: str,
    hold: str,
    ground: str,
    reason: str,
    effective_on: date,
) -> None:
    """Hold a case: nothing of it is erased or disposed of until the hold is lifted."""
    record = _record(work, reference)
    record.set_hold(hold, ground, reason, by, effective_on)
    work.keep(record)


def lift_legal_hold(
    work: UnitOfWork, by: Actor, reference: str, hold: str, reason: str, effective_on: date
) -> None:
    """Lift a hold; a term that it has interrupted begins anew."""
    record = _record(work, reference)
    record.lift_hold(hold, reason, by, effective_on)
    work.keep(record)
    term_may_have_changed(work, record.case_id, "hold_lifted", effective_on)


# Requests for erasure.
def request_erasure(
    work: UnitOfWork,
    by: Actor,
    reference: str,
    request: str,
    subject: UUID,
    purposes: tuple[str, ...],
    received_on: date,
    effective_on: date,
) -> None:
    """Note that a person asked for erasure, and by when they are answered."""
    if received_on > effective_on:
        raise Invalid("received_on", f"expected a day up to {effective_on}")
    record = _record(work, reference)
    definition = _definition(work, record)
    due = erasure_due(definition, received_on)
    record.request_erasure(request, subject, purposes, received_on, due, by)
    work.keep(record)


def decide_erasure(
    work: UnitOfWork,
    by: Actor,
    reference: str,
    request: str,
    decision: str,
    ground: str,
    reasons: str,
    effective_on: date,
) -> None:
    """Answer a request, or put on record why this person may not have the data erased."""
    record = _record(work, reference)
    asked = record.open_erasure(request)
    reason = None
    if decision == "erase":
        definition = _definition(work, record)
        reason = record.why_not_erasable(
            _retention(work, record),
            by,
            effective_on,
            only_by_consent=all(basis_of(definition, each) == "consent" for each in asked.purposes),
            demonstration=_is_demonstration(work),
        )
    if reason:
        record.refuse_erasure(request, ground, reason, by, effective_on)
    else:
        record.decide_erasure(request, decision, ground, reasons, by, effective_on)
    work.keep(record)


# Disposal.
def propose_disposal(
    work: UnitOfWork, by: Actor, reference: str, reasons: str, effective_on: date
) -> None:
    """The first of two persons proposes the disposal, or it is on record why not."""
    record = _record(work, reference)
    retention = _retention(work, record)
    demonstration = _is_demonstration(work)
    reason = record.why_not_proposable(retention, by, effective_on, demonstration=demonstration)
    if reason:
        record.refuse_disposal(reason, by, effective_on, proposal=True)
    else:
        record.propose_disposal(retention, reasons, by, effective_on)
    work.keep(record)


def dispose_case(work: UnitOfWork, by: Actor, reference: str, effective_on: date) -> None:
    """The second person disposes of a case, or it is on record why not (R100)."""
    record = _record(work, reference)
    retention = _retention(work, record)
    demonstration = _is_demonstration(work)
    reason = record.why_not_disposable(retention, by, effective_on, demonstration=demonstration)
    if reason:
        record.refuse_disposal(reason, by, effective_on, proposal=False)
    else:
        record.dispose(retention, purposes_of(_definition(work, record)), by, effective_on)
    work.keep(record)


def _retention(
    work: UnitOfWork, record: CaseRetention, reported: Mapping[str, date] | None = None
) -> Retention:
    """What the rules say today about the case as it stands."""
    reported_days = {**record.days, **(reported or {})}
    end = _end_of(work, record.case_id, reported_days, record.interrupted_on)
    return retention_of(_definition(work, record), end)


def _end_of(
    work: UnitOfWork, case_id: UUID, reported: Mapping[str, date], interrupted_on: date | None
) -> CaseEnd:
    days = dict(reported)
    paid = [date.fromisoformat(day) for _, day in work.documents(PAID, f"{case_id}/")]
    if paid:
        days["last_payment"] = max(paid)
    award = work.find(Award, case_id)
    if award is None:
        return CaseEnd(bool(paid), days, interrupted_on)
    if award.final_on:
        days["decision_final"] = award.final_on
    ended_on = award.withdrawn_on or award.final_on
    if ended_on:
        days["case_end"] = ended_on
    stands = award.terms is not None and award.final and not award.withdrawn
    return CaseEnd(bool(paid) or stands, days, interrupted_on)


def _record(work: UnitOfWork, reference: str) -> CaseRetention:
    """The record of the case's retention; it begins with the first thing that is to be noted."""
    work.find(Award, case_id_of(reference))  # A parked case is touched by nobody.
    record = work.find(CaseRetention, CaseRetention.create_id(reference))
    if record is not None:
        return record
    programme, version = _programme_of(work, case_id_of(reference)).rsplit("/", 1)
    return CaseRetention(reference=reference, programme=programme, programme_version=version)


def _programme_of(work: UnitOfWork, case_id: UUID) -> str:
    name: str | None = work.document(PROGRAMME_OF, str(case_id))
    if name is None:
        raise NotYet(f"Case {case_id}: its application is not known here yet.")
    return name


def _definition(work: UnitOfWork, record: CaseRetention) -> Mapping[str, Any]:
    key = f"{record.programme}/{record.programme_version}"
    definition: Mapping[str, Any] | None = work.document("programme", key)
    if definition is None:
        raise NotYet(f"Programme {key} is not known here yet.")
    if "retention" not in definition:
        raise Invalid("reference", "expected a case of a programme with rules of retention")
    return definition


def _is_demonstration(work: UnitOfWork) -> bool:
    return work.find(Aggregate, DEMONSTRATION_ID) is not None
