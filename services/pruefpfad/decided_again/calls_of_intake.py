"""Intake's commands as its events record them."""

from __future__ import annotations

from grant_intake import application
from pruefpfad.decided_again.calls import Calls, RecordedCall, fields, on_case

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
}
