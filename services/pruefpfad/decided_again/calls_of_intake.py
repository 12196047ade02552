"""Intake's commands as its events record them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from grant_intake import application, participant_counts, participants, personal
from grant_store.work import UnitOfWork
from grant_values.personal import Sealed, SealedPayee, place_of
from grant_values.shapes import Actor, Payee
from pruefpfad.decided_again.accounts import always
from pruefpfad.decided_again.calls import Calls, Led, RecordedCall, fields, on_case

_SAID = fields(
    *("reference", "programme", "call", "received_at", "channel", "applicant"),
    *("operation", "plan", "payee", "declarations", "attachments", "fingerprint"),
)


def _submitted(led: Led) -> dict[str, Any]:
    """What was said, and what was recorded sealed with it; nothing was in version 1."""
    records = [each for each in led.beside if hasattr(each, "sealed")]
    return {**_SAID(led), "records": records}


def _submit(work: UnitOfWork, by: Actor, payee: Payee, records: Sequence[Any], **said: Any) -> None:
    if not records:
        work.keep(application.received(work, payee=payee, **said))
        return
    first, *contacts = map(_sealed, records)
    account = SealedPayee(**vars(first), invented=payee.invented)
    application.submit_application(work, by, account, tuple(contacts), **said)


def _recorded(led: Led) -> dict[str, Any]:
    """Records of one command, each under the number by which its subject is known in the case."""
    records = [each for each in (led.event, *led.beside) if hasattr(each, "sealed")]
    return {
        "reference": led.find(led.event.case_id).reference,
        "records": tuple((_number_of(each), _sealed(each)) for each in records),
        "effective_on": led.event.effective_on,
    }


def _enrolled(led: Led) -> dict[str, Any]:
    """What was said of a participant, and what was recorded sealed with it."""
    event = led.event
    return {
        "reference": led.find(event.case_id).reference,
        "number": event.number,
        "entered_on": event.entered_on,
        **{each.purpose: _sealed(each) for each in led.beside},
    }


def _left(led: Led) -> dict[str, Any]:
    case = led.find(led.aggregate.case_id)
    return {"reference": case.reference, **fields("number", "left_on")(led)}


def _number_of(record: Any) -> int:
    for number in range(1, MOST_OF_A_KIND + 1):
        if place_of(record.case_id, record.kind, number).record == record.record:
            return number
    raise ValueError(f"record: expected that of one of {MOST_OF_A_KIND} persons of the case")


def _sealed(record: Any) -> Sealed:
    return Sealed(**{name: getattr(record, name) for name in _SEALED})


MOST_OF_A_KIND = 10_000
_SEALED = ("subject", "record", "purpose", "kind", "key", "sealed")

_NEW_DOCUMENT = fields("document", "superseded_by", "reason", "effective_on")


def _superseded(led: Led) -> dict[str, Any]:
    """A document knows its case, and the case by which reference people call it."""
    return {"reference": led.find(led.aggregate.case_id).reference, **_NEW_DOCUMENT(led)}


CALLS: Calls = {
    "intake.ProgrammeRegistered": RecordedCall(
        application.register_programme, fields("definition")
    ),
    "intake.CallOpened": RecordedCall(
        application.open_call,
        fields("programme", "programme_version", "call", "opens_on", "closes_on"),
    ),
    "intake.CallClosed": RecordedCall(
        application.close_call,
        lambda led: {
            "programme": led.aggregate.programme,
            "call": led.aggregate.call,
            "effective_on": led.event.closed_on,
        },
    ),
    "intake.ApplicationSubmitted": RecordedCall(_submit, _submitted),
    "intake.PersonalDataRecorded": RecordedCall(personal.record_personal_data, _recorded),
    "intake.ParticipantEnrolled": RecordedCall(participants.enrol_participant, _enrolled),
    "intake.ParticipantLeft": RecordedCall(participants.record_departure, _left),
    "intake.ParticipantsCounted": RecordedCall(
        participant_counts.count_participants,
        fields("programme", "programme_version", "reference", "counted_until", "effective_on"),
        rests_on_accounts=always,
    ),
    "intake.CompletenessChecked": RecordedCall(
        application.check_completeness, on_case("missing", "checklist", "effective_on")
    ),
    "intake.ApplicationWithdrawn": RecordedCall(
        application.withdraw_application, on_case("reason", "effective_on")
    ),
    "intake.DocumentFiled": RecordedCall(
        application.file_document,
        fields(
            *("reference", "document", "title", "sha256", "mime", "size_bytes", "holder"),
            *("location", "items", "retention_class", "effective_on"),
        ),
    ),
    "intake.DocumentSuperseded": RecordedCall(application.supersede_document, _superseded),
    "intake.ItemDeclaredNotApplicable": RecordedCall(
        application.declare_not_applicable, on_case("item", "reason", "effective_on")
    ),
    "intake.ItemDeclaredApplicable": RecordedCall(
        application.declare_applicable, on_case("item", "reason", "effective_on")
    ),
}
