"""Personal data at the border: in clear only until they are sealed, and sealed in every command.

The forms in clear are for whoever seals: the command line, scripts, a portal. No error repeats what
it was given.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

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
from grant_values.fields import Bic, Iban
from grant_values.personal import KINDS, PURPOSES, Sealed, SealedPayee

EXPECTED_SEALED: Final = "expected a sealed record: personal data never come in clear"
LONGEST_SEALED: Final = 12_000
_BASE64 = Form(r"[A-Za-z0-9+/]{1,12000}={0,2}", error="expected a ciphertext as base64")
_KIND = validate.OneOf(list(PERSONAL_KIND), error="expected one of {choices}")
_PURPOSE = validate.OneOf(list(PURPOSES), error="expected one of {choices}")
_EMAIL = Form(r"|[^@\s]{1,100}@[^@\s]{1,150}", error="expected an address with one @")


class SealedRecord(Strict):
    """A record about a person, sealed with the vault: docs/personal-data.md."""

    subject = fields.UUID(required=True)
    record = fields.UUID(required=True)
    purpose = fields.String(required=True, validate=_PURPOSE)
    kind = fields.String(required=True, validate=_KIND)
    key = fields.UUID(required=True)
    sealed = fields.String(required=True, validate=_BASE64)

    @pre_load
    def _sealed(self, data: Any, **_: object) -> Any:
        """Not even the names of the fields are repeated: one may be the content itself."""
        if isinstance(data, Mapping) and "sealed" not in data:
            raise ValidationError(EXPECTED_SEALED)
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


IN_CLEAR: Final[Mapping[str, type[Schema]]] = {
    "account": AccountInClear,
    "contact_person": ContactPersonInClear,
}
"""The form in clear of each kind of record."""
