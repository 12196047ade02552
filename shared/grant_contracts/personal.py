"""Personal data at the border: in clear only until they are sealed, and sealed in every command.

The forms in clear are for whoever seals: the command line, scripts, a portal. No error repeats what
it was given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from marshmallow import (
    Schema,
    ValidationError,
    fields,
    post_load,
    pre_load,
    validate,
    validates_schema,
)

from grant_contracts.commands import Flag, Form, Strict
from grant_contracts.reasons import PERSONAL_KIND
from grant_contracts.shapes import SHORT, at_most
from grant_values.fields import Bic, Iban, LegalDate
from grant_values.participants import GENDERS, NOT_STATED, OLDEST, ONE_OF, YES_NO
from grant_values.personal import KINDS, PURPOSES, Sealed, SealedPayee

EXPECTED_SEALED: Final = "expected a sealed record: personal data never come in clear"
NOT_ENCLOSED: Final = "expected a sealed record: none of this kind comes in an envelope"
LONGEST_SEALED: Final = 12_000
_BASE64 = Form(r"[A-Za-z0-9+/]{1,12000}={0,2}", error="expected a ciphertext as base64")
KIND = validate.OneOf(list(PERSONAL_KIND), error="expected one of {choices}")
_PURPOSE = validate.OneOf(list(PURPOSES), error="expected one of {choices}")
_EMAIL = Form(r"|[^@\s]{1,100}@[^@\s]{1,150}", error="expected an address with one @")


def _one_of(choices: Sequence[str]) -> validate.OneOf:
    return validate.OneOf(choices, error="expected one of {choices}")


_ENVELOPE = Form(r"[A-Za-z0-9+/]{1,16000}={0,2}", error="expected an envelope as base64")


class Enclosed(Strict):
    """A record in an envelope, from a sender without the vault: docs/commands.md.

    `to` is the key of the border that it was made to. Intake opens it, seals what is in it with
    the vault, and keeps no envelope.
    """

    to = fields.UUID(required=True)
    envelope = fields.String(required=True, validate=_ENVELOPE)


class SealedRecord(Strict):
    """A record about a person, sealed with the vault: docs/personal-data.md."""

    ENCLOSED: ClassVar[type[Schema]] = Enclosed
    """The form in which a sender without the vault gives such a record instead."""

    subject = fields.UUID(required=True)
    record = fields.UUID(required=True)
    purpose = fields.String(required=True, validate=_PURPOSE)
    kind = fields.String(required=True, validate=KIND)
    key = fields.UUID(required=True)
    sealed = fields.String(required=True, validate=_BASE64)

    @pre_load
    def _sealed(self, data: Any, **_: object) -> Any:
        """Not even the names of the fields are repeated: one may be the content itself."""
        if isinstance(data, Mapping) and "sealed" not in data:
            raise ValidationError(NOT_ENCLOSED if "envelope" in data else EXPECTED_SEALED)
        return data

    @validates_schema(skip_on_field_errors=True)
    def _purpose_of_its_kind(self, data: dict[str, Any], **_: object) -> None:
        if KINDS[data["kind"]] != data["purpose"]:
            expected = f"expected {KINDS[data['kind']]!r}, which {data['kind']} is for"
            raise ValidationError(expected, field_name="purpose")

    @post_load
    def _value(self, data: dict[str, Any], **_: object) -> Sealed:
        return Sealed(**data)


class Payee(SealedRecord):
    """Where the money goes: a sealed account. `invented` marks one that was made up."""

    kind = fields.String(
        required=True, validate=validate.Equal("account", error="expected 'account'")
    )
    invented = Flag(load_default=False)

    @post_load
    def _value(self, data: dict[str, Any], **_: object) -> Sealed:
        return SealedPayee(**data)


class AccountInClear(Strict):
    """Name and account of whoever is paid, before they are sealed."""

    name = fields.String(required=True, validate=SHORT)
    iban = Iban(required=True)
    bic = Bic(load_default="", allow_none=False)
    invented = Flag(load_default=False)


class ContactPersonInClear(Strict):
    """Who speaks for an applicant, before it is sealed."""

    name = fields.String(required=True, validate=SHORT)
    function = fields.String(load_default="", validate=at_most(200))
    email = fields.String(load_default="", validate=_EMAIL)
    phone = fields.String(load_default="", validate=at_most(60))


class ParticipantInClear(Strict):
    """Who takes part, before it is sealed."""

    given_name = fields.String(required=True, validate=SHORT)
    family_name = fields.String(required=True, validate=SHORT)
    date_of_birth = LegalDate(required=True)
    street = fields.String(load_default="", validate=at_most(200))
    postcode = fields.String(load_default="", validate=at_most(20))
    city = fields.String(load_default="", validate=at_most(200))


class CharacteristicsInClear(Strict):
    """What is counted of a participant, as of the day of entry, before it is sealed."""

    gender = fields.String(required=True, validate=_one_of(GENDERS))
    age = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(0, OLDEST, error=f"expected 0 to {OLDEST} full years"),
    )
    labour_status = fields.String(required=True, validate=_one_of(ONE_OF["labour_status"]))
    education = fields.String(required=True, validate=_one_of(ONE_OF["education"]))
    third_country_national = fields.String(load_default=NOT_STATED, validate=_one_of(YES_NO))
    foreign_background = fields.String(load_default=NOT_STATED, validate=_one_of(YES_NO))
    homeless = fields.String(load_default=NOT_STATED, validate=_one_of(YES_NO))
    rural_area = fields.String(load_default=NOT_STATED, validate=_one_of(YES_NO))


class SpecialCategoriesInClear(Strict):
    """What a participant has told by consent (Art. 9 GDPR), before it is sealed."""

    disability = fields.String(load_default=NOT_STATED, validate=_one_of(YES_NO))
    minority = fields.String(load_default=NOT_STATED, validate=_one_of(YES_NO))


class FollowUpInClear(Strict):
    """How to reach a participant after the operation, before it is sealed."""

    email = fields.String(load_default="", validate=_EMAIL)
    phone = fields.String(load_default="", validate=at_most(60))


IN_CLEAR: Final[Mapping[str, type[Schema]]] = {
    "account": AccountInClear,
    "contact_person": ContactPersonInClear,
    "participant": ParticipantInClear,
    "participant_characteristics": CharacteristicsInClear,
    "participant_special_categories": SpecialCategoriesInClear,
    "participant_follow_up": FollowUpInClear,
}
"""The form in clear of each kind of record."""
