"""One function per command: get, decide, keep. Whoever opened the unit of work commits it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from eventsourcing.domain import Aggregate

from grant_contracts.intake import ApplicationSubmitted
from grant_eligibility.domain import Assessment
from grant_eligibility.fingerprint import OperationFingerprint
from grant_eligibility.rules import Case, Check, EarlierOperation, run, tranches
from grant_store.standing import DEMONSTRATION_ID
from grant_store.work import NotYet, UnitOfWork
from grant_values.cases import case_id_of
from grant_values.invalid import NotEntitled
from grant_values.legal_time import legal_date
from grant_values.shapes import Actor, Tranche

FINDING_RULE = "two persons find, one proposes and another signs (R19)"


def assess(
    work: UnitOfWork, case_id: UUID, submitted: ApplicationSubmitted, definition: Mapping[str, Any]
) -> None:
    """Run the programme's rules over an application and record what each of them says."""
    if work.find(Assessment, case_id):
        return  # Heard twice: the recorded assessment stands.
    original = _original(work, case_id, submitted)
    case = _case(submitted, original)
    granted, calculation = _calculation(definition, case)
    assessment = Assessment(
        reference=submitted.reference,
        programme=submitted.programme,
        programme_version=submitted.programme_version,
        late=submitted.late,
        received_on=case.received_on,
        applicant=submitted.applicant,
        title=submitted.operation.title,
        starts_on=submitted.operation.starts_on,
        ends_on=submitted.operation.ends_on,
        eligible_cents=submitted.plan.eligible_cents,
        payee=submitted.payee,
        tranches=granted,
        calculation=calculation,
    )
    _record(assessment, run(definition["rules"], case))
    work.keep(assessment)


def note_completeness(
    work: UnitOfWork, case_id: UUID, missing: tuple[str, ...], effective_on: date
) -> None:
    """Note what intake's check of completeness said."""
    assessment = work.get(Assessment, case_id)
    assessment.note_completeness(missing, effective_on)
    work.keep(assessment)


def propose_finding(
    work: UnitOfWork, by: Actor, reference: str, eligible: bool, reasons: str, effective_on: date
) -> None:
    """Propose a finding on a case; it counts when a second person signs it."""
    _need_a_person(work, by)
    assessment = work.get(Assessment, case_id_of(reference))
    if eligible and assessment.missing is None:
        raise NotYet(f"No check of completeness of {reference} is known here yet.")
    assessment.propose(eligible, reasons, by.id, effective_on)
    work.keep(assessment)


def sign_finding(work: UnitOfWork, by: Actor, reference: str, effective_on: date) -> None:
    """Sign what another person has proposed."""
    _need_a_person(work, by)
    assessment = work.get(Assessment, case_id_of(reference))
    assessment.sign(by.id, FINDING_RULE, effective_on)
    work.keep(assessment)


def _need_a_person(work: UnitOfWork, by: Actor) -> None:
    """What rules cannot decide is for persons to find; a program plays one in a demonstration."""
    if by.scripted and work.find(Aggregate, DEMONSTRATION_ID) is None:
        raise NotEntitled("scripted_actor")


def _original(
    work: UnitOfWork, case_id: UUID, submitted: ApplicationSubmitted
) -> EarlierOperation | None:
    """The earlier application for the same operation, or None: then this one is the original."""
    fingerprint_id = OperationFingerprint.create_id(submitted.fingerprint)
    known = work.find(OperationFingerprint, fingerprint_id)
    if known is not None:
        return EarlierOperation(known.reference, known.number)
    work.keep(
        OperationFingerprint(
            case_id=case_id,
            fingerprint=submitted.fingerprint,
            reference=submitted.reference,
            number=submitted.operation.number,
        )
    )
    return None


def _case(submitted: ApplicationSubmitted, original: EarlierOperation | None) -> Case:
    return Case(
        applicant=submitted.applicant,
        operation=submitted.operation,
        plan=submitted.plan,
        declarations=submitted.declarations,
        received_on=legal_date(submitted.received_at),
        is_late=submitted.late,
        original=original,
    )


def _calculation(
    definition: Mapping[str, Any], case: Case
) -> tuple[tuple[Tranche, ...], dict[str, Any]]:
    """The grant by fund and year, and all that went into it; no tranches where none results."""
    inputs: dict[str, Any] = {
        "rule": "eligible → grant (floor) → ESF share (floor) → Land = rest, by days",
        "eligible_cents": case.plan.eligible_cents,
        "requested_cents": case.plan.requested_cents,
        "kind": case.applicant.kind,
        "module": case.operation.module,
        "money": definition["money"],
    }
    return tuple(tranches(definition, case)), inputs


def _record(assessment: Assessment, checks: Sequence[Check]) -> None:
    for check in checks:
        assessment.record_check(
            check.rule, check.version, dict(check.inputs), check.result, check.explanation_code
        )
    referred = [check for check in checks if check.result == "referred"]
    assessment.refer(
        [check.rule for check in referred], [check.explanation_code for check in referred]
    )
