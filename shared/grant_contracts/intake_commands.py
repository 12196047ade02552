"""The commands that intake takes."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from grant_contracts import personal, shapes
from grant_contracts.commands import Form, Strict
from grant_contracts.programme import checked_definition
from grant_contracts.reasons import KEY_DESTROYED
from grant_values.fields import Instant, LegalDate
from grant_values.personal import PARTICIPANT_RECORDS, PURPOSES, Sealed

_FEW_CONTACTS = validate.Length(max=20, error="expected at most 20 contact persons")
_FEW_RECORDS = validate.Length(min=1, max=500, error="expected 1 to 500 records")
NUMBER = validate.Range(1, 100_000, error="expected 1 to 100000")
CHANNEL = validate.OneOf(["portal", "post", "email", "list"], error="expected one of {choices}")

DOCUMENT = Form(
    r"^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$",
    error='expected an id such as "final-report-2": 1 to 60 letters, digits, ".", "_" or "-"',
)
MIME = Form(
    r"^[a-z0-9][a-z0-9.+-]{0,99}/[a-z0-9][a-z0-9.+-]{0,99}$",
    error='expected a media type such as "application/pdf"',
)
RETENTION_CLASS = Form(
    r"^[a-z][a-z0-9_]{0,39}$", error='expected a class such as "grant_file", lower case'
)
MOST_BYTES_OF_A_DOCUMENT = 2**40
SIZE = validate.Range(
    min=1, max=MOST_BYTES_OF_A_DOCUMENT, error="expected a size from 1 byte to 1 TiB"
)
ITEM = validate.Range(min=1, max=13, error="expected an item of Annex XIII, from 1 to 13")


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

    Accounts and contact persons come sealed, and a natural person's name does not come at all.
    """

    reference = fields.String(required=True, validate=shapes.REFERENCE)
    programme = fields.String(required=True, validate=shapes.SHORT)
    call = fields.String(required=True, validate=shapes.SHORT)
    received_at = Instant(required=True)
    channel = fields.String(required=True, validate=CHANNEL)
    applicant = fields.Nested(shapes.Applicant, required=True)
    operation = fields.Nested(shapes.Operation, required=True)
    plan = fields.Nested(shapes.FinancingPlan, required=True)
    payee = fields.Nested(personal.Payee, required=True)
    contacts = fields.List(
        fields.Nested(personal.SealedRecord), load_default=list, validate=_FEW_CONTACTS
    )
    declarations = fields.Nested(shapes.Declarations, required=True)
    attachments = fields.List(fields.Nested(shapes.Attachment), load_default=list)
    fingerprint = fields.String(required=True, validate=shapes.SHA256)

    @validates_schema
    def _no_natural_person_in_clear(self, data: dict[str, Any], **_: object) -> None:
        """What is recorded is hashed and cannot be taken back."""
        applicant = data["applicant"]
        if applicant.legal_person is False and applicant.name is not None:
            expected = "expected null: the name of a natural person is not recorded"
            raise ValidationError({"applicant": {"name": [expected]}})

    @post_load
    def _tuples(self, data: dict[str, Any], **_: object) -> dict[str, Any]:
        data["attachments"] = tuple(data["attachments"])
        data["contacts"] = tuple(data["contacts"])
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


class FileDocument(Strict):
    """Put a document on the file of a case. It stays where it is; its hash is recorded.

    The title names a kind of paper and never a person.
    """

    reference = fields.String(required=True, validate=shapes.REFERENCE)
    document = fields.String(required=True, validate=DOCUMENT)
    title = fields.String(required=True, validate=shapes.SHORT)
    sha256 = fields.String(required=True, validate=shapes.SHA256)
    mime = fields.String(required=True, validate=MIME)
    size_bytes = fields.Integer(required=True, strict=True, validate=SIZE)
    holder = fields.String(required=True, validate=shapes.SHORT)
    location = fields.String(required=True, validate=shapes.SHORT)
    items = fields.List(fields.Integer(strict=True, validate=ITEM), load_default=list)
    retention_class = fields.String(required=True, validate=RETENTION_CLASS)
    effective_on = LegalDate(required=True)

    @post_load
    def _in_order_and_once(self, data: dict[str, Any], **_: object) -> dict[str, Any]:
        data["items"] = tuple(sorted(set(data["items"])))
        return data


class SupersedeDocument(Strict):
    """Say that one filed document takes the place of another one of the same case."""

    reference = fields.String(required=True, validate=shapes.REFERENCE)
    document = fields.String(required=True, validate=DOCUMENT)
    superseded_by = fields.String(required=True, validate=DOCUMENT)
    reason = fields.String(required=True, validate=shapes.TEXT)
    effective_on = LegalDate(required=True)


class DeclareNotApplicable(Strict):
    """Say why a case cannot have an item of Annex XIII."""

    reference = fields.String(required=True, validate=shapes.REFERENCE)
    item = fields.Integer(required=True, strict=True, validate=ITEM)
    reason = fields.String(required=True, validate=shapes.TEXT)
    effective_on = LegalDate(required=True)


class DeclareApplicable(DeclareNotApplicable):
    """Take such a declaration back: the item has to be evidenced."""


class NumberedEnclosed(personal.Enclosed):
    """A record of a case in an envelope. `number` counts the case's persons of that kind from 1."""

    kind = fields.String(required=True, validate=personal.KIND)
    number = fields.Integer(required=True, strict=True, validate=NUMBER)


class NumberedRecord(personal.SealedRecord):
    """A sealed record of a case. `number` counts the case's persons of that kind from 1."""

    ENCLOSED = NumberedEnclosed

    number = fields.Integer(required=True, strict=True, validate=NUMBER)

    @post_load
    def _value(self, data: dict[str, Any], **_: object) -> Any:
        return data.pop("number"), Sealed(**data)


class RecordPersonalData(Strict):
    """Add sealed records about persons to a case: contact persons."""

    reference = fields.String(required=True, validate=shapes.REFERENCE)
    records = fields.List(fields.Nested(NumberedRecord), required=True, validate=_FEW_RECORDS)
    effective_on = LegalDate(required=True)

    @post_load
    def _tuples(self, data: dict[str, Any], **_: object) -> dict[str, Any]:
        data["records"] = tuple(data["records"])
        return data


class EnrolParticipant(Strict):
    """Record that a person takes part in an operation. What is known of them comes sealed.

    `number` is the case's own for its participants, from 1.
    """

    reference = fields.String(required=True, validate=shapes.REFERENCE)
    number = fields.Integer(required=True, strict=True, validate=NUMBER)
    entered_on = LegalDate(required=True)
    identity = fields.Nested(personal.SealedRecord, required=True)
    characteristics = fields.Nested(personal.SealedRecord, required=True)
    special_categories = fields.Nested(personal.SealedRecord, load_default=None, allow_none=True)
    follow_up = fields.Nested(personal.SealedRecord, load_default=None, allow_none=True)

    @validates_schema(skip_on_field_errors=True)
    def _kinds(self, data: dict[str, Any], **_: object) -> None:
        for purpose, kind in PARTICIPANT_RECORDS.items():
            if data[purpose] is not None and data[purpose].kind != kind:
                raise ValidationError({purpose: {"kind": [f"expected {kind!r}"]}})


class RecordDeparture(Strict):
    """Record on which day a participant has left the operation."""

    reference = fields.String(required=True, validate=shapes.REFERENCE)
    number = fields.Integer(required=True, strict=True, validate=NUMBER)
    left_on = LegalDate(required=True)


class CountParticipants(Strict):
    """Close a count of participants that were in none yet: of a case, or across a programme.

    Without a reference all cases of the programme are counted together.
    """

    programme = fields.String(required=True, validate=shapes.SHORT)
    programme_version = fields.String(required=True, validate=shapes.SHORT)
    reference = fields.String(load_default="", validate=shapes.REFERENCE_OR_NONE)
    counted_until = LegalDate(required=True)
    effective_on = LegalDate(required=True)


class DestroyRestoredKey(Strict):
    """Destroy a key once more that a restored vault has brought back, by two persons.

    Its destruction is on record, with reason and persons; that it had come back goes there too.
    """

    case_id = fields.UUID(required=True)
    subject = fields.UUID(required=True)
    purpose = fields.String(
        required=True, validate=validate.OneOf(list(PURPOSES), error="expected one of {choices}")
    )
    effective_on = LegalDate(required=True)


class DestroyKeys(Strict):
    """Destroy the keys of a case's personal data for one purpose: all of them, or one subject's.

    It cannot be undone, and needs two persons (Art. 17 GDPR; R98). Sent again after a fault it
    finishes what was begun.
    """

    reference = fields.String(required=True, validate=shapes.REFERENCE)
    purpose = fields.String(
        required=True, validate=validate.OneOf(list(PURPOSES), error="expected one of {choices}")
    )
    subject = fields.UUID(load_default=None, allow_none=True)
    reason = fields.String(
        required=True,
        validate=validate.OneOf(list(KEY_DESTROYED), error="expected one of {choices}"),
    )
    effective_on = LegalDate(required=True)
