"""One function per command: get, decide, keep. Whoever opened the unit of work commits it."""

from __future__ import annotations

from datetime import date, datetime
from hashlib import sha256
from typing import Any

import msgspec

from grant_intake import personal
from grant_intake.documents import FiledDocument
from grant_intake.domain import Call, GrantApplication, Programme
from grant_store.work import UnitOfWork
from grant_values.invalid import Invalid
from grant_values.legal_time import legal_date
from grant_values.personal import Sealed, SealedPayee
from grant_values.shapes import (
    Actor,
    Applicant,
    Attachment,
    Declarations,
    FinancingPlan,
    Operation,
    Payee,
)


def register_programme(work: UnitOfWork, by: Actor, definition: dict[str, Any]) -> None:
    """Register one version of a programme. The same definition again changes nothing."""
    digest = sha256(msgspec.json.encode(definition, order="deterministic")).hexdigest()
    code, version = definition["code"], definition["version"]
    known = work.find(Programme, Programme.create_id(code, version))
    if known is None:
        work.keep(
            Programme(
                programme=code,
                programme_version=version,
                definition=definition,
                definition_sha256=digest,
                registered_by=by.id,
            )
        )
    elif known.definition_sha256 != digest:
        raise Invalid(
            "definition.version", f"expected a new version: {version} is registered otherwise"
        )


def open_call(
    work: UnitOfWork,
    by: Actor,
    programme: str,
    programme_version: str,
    call: str,
    opens_on: date,
    closes_on: date,
) -> None:
    """Open a window for applications under a registered version of a programme."""
    if closes_on < opens_on:
        raise Invalid("closes_on", f"expected a day not before {opens_on}")
    if work.find(Programme, Programme.create_id(programme, programme_version)) is None:
        raise Invalid("programme", "expected the code and version of a registered programme")
    if work.find(Call, Call.create_id(programme, call)):
        raise Invalid("call", f"expected a new name: {call} was opened before")
    work.keep(
        Call(
            programme=programme,
            programme_version=programme_version,
            call=call,
            opens_on=opens_on,
            closes_on=closes_on,
            opened_by=by.id,
        )
    )


def close_call(work: UnitOfWork, by: Actor, programme: str, call: str, effective_on: date) -> None:
    """Close a call; what comes later is recorded as late."""
    opened = _call(work, programme, call)
    opened.close(effective_on, by.id)
    work.keep(opened)


def submit_application(
    work: UnitOfWork,
    by: Actor,
    payee: SealedPayee,
    contacts: tuple[Sealed, ...],
    **said: Any,
) -> None:
    """Record an application, late or hopeless ones too: only its form can be invalid.

    What is sealed is recorded beside it. `said` is all the rest, as `received` takes it.
    """
    application = received(work, payee=payee.reference, **said)
    personal.check_with_application(work, application.id, payee, contacts)
    work.keep(application)
    personal.record(work, application.id, application.received_on, payee, *contacts)


def received(
    work: UnitOfWork,
    reference: str,
    programme: str,
    call: str,
    received_at: datetime,
    channel: str,
    applicant: Applicant,
    operation: Operation,
    plan: FinancingPlan,
    payee: Payee,
    declarations: Declarations,
    attachments: tuple[Attachment, ...],
    fingerprint: str,
) -> GrantApplication:
    """An application under its call, not kept yet."""
    opened = _call(work, programme, call)
    if work.find(GrantApplication, GrantApplication.create_id(reference)):
        raise Invalid("reference", f"expected a new reference: {reference} was submitted before")
    return GrantApplication(
        reference=reference,
        programme=programme,
        programme_version=opened.programme_version,
        call=call,
        received_at=received_at,
        late=opened.is_late(legal_date(received_at)),
        channel=channel,
        applicant=applicant,
        operation=operation,
        plan=plan,
        payee=payee,
        declarations=declarations,
        attachments=attachments,
        fingerprint=fingerprint,
    )


def check_completeness(
    work: UnitOfWork,
    by: Actor,
    reference: str,
    missing: tuple[str, ...],
    checklist: str,
    effective_on: date,
) -> None:
    """Record whether an application has all that the checklist asks for."""
    application = work.get(GrantApplication, GrantApplication.create_id(reference))
    application.check_completeness(missing, checklist, by.id, effective_on)
    work.keep(application)


def withdraw_application(
    work: UnitOfWork, by: Actor, reference: str, reason: str, effective_on: date
) -> None:
    """Record that the applicant takes the application back."""
    application = work.get(GrantApplication, GrantApplication.create_id(reference))
    application.withdraw(reason, by.id, effective_on)
    work.keep(application)


def file_document(
    work: UnitOfWork,
    by: Actor,
    reference: str,
    document: str,
    title: str,
    sha256: str,
    mime: str,
    size_bytes: int,
    holder: str,
    location: str,
    items: tuple[int, ...],
    retention_class: str,
    effective_on: date,
) -> None:
    """Put a document on the file of a case: by hash, with who holds it and where (R85)."""
    application = work.get(GrantApplication, GrantApplication.create_id(reference))
    application.refuse_before_receipt(effective_on)
    if work.find(FiledDocument, FiledDocument.create_id(application.id, document)):
        raise Invalid("document", f"expected a new id: {document} was filed before")
    work.keep(
        FiledDocument(
            case_id=application.id,
            reference=reference,
            document=document,
            title=title,
            sha256=sha256,
            mime=mime,
            size_bytes=size_bytes,
            holder=holder,
            location=location,
            items=items,
            retention_class=retention_class,
            filed_by=by.id,
            effective_on=effective_on,
        )
    )


def supersede_document(
    work: UnitOfWork,
    by: Actor,
    reference: str,
    document: str,
    superseded_by: str,
    reason: str,
    effective_on: date,
) -> None:
    """Record that a filed document takes the place of another one of the same case."""
    replaced = _document(work, "document", reference, document)
    _document(work, "superseded_by", reference, superseded_by)
    replaced.supersede(superseded_by, reason, by.id, effective_on)
    work.keep(replaced)


def declare_not_applicable(
    work: UnitOfWork, by: Actor, reference: str, item: int, reason: str, effective_on: date
) -> None:
    """Record why a case cannot have an item of the audit trail (R84)."""
    application = work.get(GrantApplication, GrantApplication.create_id(reference))
    application.declare_not_applicable(item, reason, by.id, effective_on)
    work.keep(application)


def declare_applicable(
    work: UnitOfWork, by: Actor, reference: str, item: int, reason: str, effective_on: date
) -> None:
    """Take back that an item of the audit trail was declared not applicable."""
    application = work.get(GrantApplication, GrantApplication.create_id(reference))
    application.declare_applicable(item, reason, by.id, effective_on)
    work.keep(application)


def _document(work: UnitOfWork, field: str, reference: str, document: str) -> FiledDocument:
    case_id = work.get(GrantApplication, GrantApplication.create_id(reference)).id
    filed = work.find(FiledDocument, FiledDocument.create_id(case_id, document))
    if filed is None:
        raise Invalid(field, "expected the id of a document that is filed with the case")
    return filed


def _call(work: UnitOfWork, programme: str, call: str) -> Call:
    opened = work.find(Call, Call.create_id(programme, call))
    if opened is None:
        raise Invalid("call", "expected an opened call of a registered programme")
    return opened
