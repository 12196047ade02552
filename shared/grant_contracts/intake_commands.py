"""The commands that intake takes."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from grant_contracts import shapes
from grant_contracts.commands import Strict
from grant_contracts.programme import checked_definition
from grant_values.fields import Instant, LegalDate

CHANNEL = validate.OneOf(["portal", "post", "email", "list"], error="expected one of {choices}")


class Definition(fields.Dict):
    """A programme definition as plain JSON values; its errors name each field inside."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        read: dict[str, Any] = super()._deserialize(value, *args, **kwargs)  # type: ignore[no-untyped-call]
        return checked_definition(read)


class RegisterProgramme(Strict):
    """Register one dated version of a programme's definition."""

    definition = Definition(required=True)


class OpenCall(Strict):
    """Open a window for applications; both days belong to it."""

    programme = fields.String(required=True, validate=shapes.SHORT)
    programme_version = fields.String(required=True, validate=shapes.SHORT)
    call = fields.String(required=True, validate=shapes.SHORT)
    opens_on = LegalDate(required=True)
    closes_on = LegalDate(required=True)


class CloseCall(Strict):
    """Close a call before or at its last day."""

    programme = fields.String(required=True, validate=shapes.SHORT)
    call = fields.String(required=True, validate=shapes.SHORT)
    effective_on = LegalDate(required=True)


class SubmitApplication(Strict):
    """Hand in an application. Late and hopeless ones are recorded all the same.

    Of a natural person neither name nor account comes in clear.
    """

    reference = fields.String(required=True, validate=shapes.REFERENCE)
    programme = fields.String(required=True, validate=shapes.SHORT)
    call = fields.String(required=True, validate=shapes.SHORT)
    received_at = Instant(required=True)
    channel = fields.String(required=True, validate=CHANNEL)
    applicant = fields.Nested(shapes.Applicant, required=True)
    operation = fields.Nested(shapes.Operation, required=True)
    plan = fields.Nested(shapes.FinancingPlan, required=True)
    payee = fields.Nested(shapes.Payee, required=True)
    declarations = fields.Nested(shapes.Declarations, required=True)
    attachments = fields.List(fields.Nested(shapes.Attachment), load_default=list)
    fingerprint = fields.String(required=True, validate=shapes.SHA256)

    @validates_schema
    def _no_natural_person_in_clear(self, data: dict[str, Any], **_: object) -> None:
        """What is recorded is hashed and cannot be taken back."""
        if data["applicant"].legal_person is not False:
            return
        if data["applicant"].name is not None:
            expected = "expected null: the name of a natural person is not recorded"
            raise ValidationError({"applicant": {"name": [expected]}})
        if not data["payee"].invented:
            expected = "expected a made-up account: that of a natural person is not recorded"
            raise ValidationError({"payee": {"invented": [expected]}})

    @post_load
    def _tuples(self, data: dict[str, Any], **_: object) -> dict[str, Any]:
        data["attachments"] = tuple(data["attachments"])
        return data


class CheckCompleteness(Strict):
    """Say which items of the checklist are missing; none: the application is complete."""

    reference = fields.String(required=True, validate=shapes.REFERENCE)
    missing = fields.List(fields.String(validate=shapes.SHORT), load_default=list)
    checklist = fields.String(required=True, validate=shapes.SHORT)
    effective_on = LegalDate(required=True)

    @post_load
    def _tuples(self, data: dict[str, Any], **_: object) -> dict[str, Any]:
        data["missing"] = tuple(data["missing"])
        return data


class WithdrawApplication(Strict):
    """Take an application back."""

    reference = fields.String(required=True, validate=shapes.REFERENCE)
    reason = fields.String(required=True, validate=shapes.TEXT)
    effective_on = LegalDate(required=True)
