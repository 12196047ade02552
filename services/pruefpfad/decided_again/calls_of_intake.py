"""Intake's commands as its events record them."""

from __future__ import annotations

from typing import Any

from grant_intake import application
from pruefpfad.decided_again.calls import Calls, Led, RecordedCall, fields, on_case

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
    "intake.ApplicationSubmitted": RecordedCall(
        application.submit_application,
        fields(
            *("reference", "programme", "call", "received_at", "channel", "applicant"),
            *("operation", "plan", "payee", "declarations", "attachments", "fingerprint"),
        ),
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
