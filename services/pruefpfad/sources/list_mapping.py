"""The mapping file: how another authority's list of operations is read, column by column.

Responsible for reading such a file and refusing what is missing, misspelt or out of form. Must not
know any list or programme: a new list is a new mapping.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from typing import Any

from marshmallow import ValidationError, fields, post_load, validate

from grant_contracts.commands import Strict
from grant_values.fields import Bic

_TEXT = validate.Length(min=1, max=200, error="expected 1 to 200 characters")
# Encodings in which a line end is one byte, so that an error can name its line.
_ENCODINGS = ("utf-8", "cp1252", "iso-8859-1", "iso-8859-15")
_LEGAL_PERSON = {"yes": True, "no": False, "unknown": None}


@dataclass(frozen=True)
class FileForm:
    """How the bytes of the list become cells, and its cells dates and amounts."""

    encoding: str
    delimiter: str
    date_format: str
    decimal_mark: str
    thousands_mark: str


@dataclass(frozen=True)
class Columns:
    """The name of the column that each fact of an application is read from."""

    number: str
    applicant_key: str
    applicant_name: str
    applicant_class: str
    title: str
    summary: str
    funding_line: str
    starts_on: str
    ends_on: str
    eligible: str
    rate: str
    postcode: str
    city: str
    land: str
    category_code: str


@dataclass(frozen=True)
class ApplicantClass:
    """What a class of the list says about a beneficiary; None: not whether a legal person."""

    kind: str
    legal_person: bool | None


@dataclass(frozen=True)
class InventedPayee:
    """How an account is made up from an applicant's key. `{key}` stands for the key."""

    bank_code: str
    bic: str
    account_from: str
    name_when_withheld: str
    name_when_too_long: str


@dataclass(frozen=True)
class Invented:
    """What the list does not say and the mapping makes up, marked as such wherever it goes."""

    days_before_start: int
    time_of_day: time
    module: str
    target_groups: tuple[str, ...]
    declarations: dict[str, bool]
    payee: InventedPayee


@dataclass(frozen=True)
class ListMapping:
    """A whole mapping file."""

    form: FileForm
    prefix: str
    digits: int
    columns: Columns
    fingerprint: tuple[str, ...]
    applicant_classes: dict[str, ApplicantClass]
    lands: dict[str, str]
    invented: Invented

    def needed_columns(self) -> tuple[str, ...]:
        """Every column that the mapping reads, each once."""
        return tuple(dict.fromkeys([*vars(self.columns).values(), *self.fingerprint]))


def read_mapping(text: str) -> ListMapping:
    """A mapping from TOML text. ValidationError names each field and what was expected."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValidationError({"mapping": [f"expected TOML: {error}"]}) from error
    mapping: ListMapping = _Mapping().load(raw)
    return mapping


class _File(Strict):
    encoding = fields.String(required=True, validate=validate.OneOf(_ENCODINGS))
    delimiter = fields.String(required=True, validate=validate.Length(equal=1))
    date_format = fields.String(required=True)
    decimal_mark = fields.String(required=True, validate=validate.OneOf([".", ","]))
    thousands_mark = fields.String(required=True, validate=validate.OneOf(["", ".", ",", " ", "'"]))

    @post_load
    def _form(self, data: dict[str, str], **_: object) -> FileForm:
        if data["decimal_mark"] == data["thousands_mark"]:
            raise ValidationError("expected another mark than decimal_mark", "thousands_mark")
        if any(data["date_format"].count(part) != 1 for part in ("%Y", "%m", "%d")):
            raise ValidationError("expected %Y, %m and %d once each", "date_format")
        return FileForm(**data)


class _Reference(Strict):
    prefix = fields.String(required=True, validate=validate.Regexp(r"^[A-Z0-9]{2,12}$"))
    digits = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=12))


_Columns = Strict.from_dict(
    {name: fields.String(required=True, validate=_TEXT) for name in Columns.__dataclass_fields__},
    name="_Columns",
)


class _Fingerprint(Strict):
    columns = fields.List(
        fields.String(validate=_TEXT), required=True, validate=validate.Length(min=1)
    )


class _ApplicantClass(Strict):
    kind = fields.String(required=True, validate=_TEXT)
    legal_person = fields.String(required=True, validate=validate.OneOf(list(_LEGAL_PERSON)))

    @post_load
    def _class(self, data: dict[str, str], **_: object) -> ApplicantClass:
        return ApplicantClass(data["kind"], _LEGAL_PERSON[data["legal_person"]])


class _Declarations(Strict):
    not_begun = fields.Boolean(required=True)
    subsidy_facts_acknowledged = fields.Boolean(required=True)
    no_double_funding = fields.Boolean(required=True)


def _names_the_key(pattern: str) -> None:
    rest = pattern.replace("{key}", "")
    if rest == pattern or re.search(r"[{}]", rest):
        raise ValidationError("expected a name with {key} for the applicant's key")


class _Payee(Strict):
    bank_code = fields.String(required=True, validate=validate.Regexp(r"^[0-9]{8}$"))
    bic = Bic(required=True)
    account_from = fields.String(required=True, validate=validate.OneOf(["digits", "hash"]))
    name_when_withheld = fields.String(required=True, validate=_names_the_key)
    name_when_too_long = fields.String(required=True, validate=_names_the_key)

    @post_load
    def _payee(self, data: dict[str, str], **_: object) -> InventedPayee:
        return InventedPayee(**data)


class _Invented(Strict):
    days_before_start = fields.Integer(
        required=True, strict=True, validate=validate.Range(min=0, max=3650)
    )
    time_of_day = fields.Time(required=True, format="%H:%M")
    module = fields.String(required=True)
    target_groups = fields.List(fields.String(validate=_TEXT), required=True)
    declarations = fields.Nested(_Declarations, required=True)
    payee = fields.Nested(_Payee, required=True)

    @post_load
    def _invented(self, data: dict[str, Any], **_: object) -> Invented:
        return Invented(**{**data, "target_groups": tuple(data["target_groups"])})


class _Mapping(Strict):
    file = fields.Nested(_File, required=True)
    reference = fields.Nested(_Reference, required=True)
    columns = fields.Nested(_Columns, required=True)
    fingerprint = fields.Nested(_Fingerprint, required=True)
    applicant_classes = fields.Dict(
        keys=fields.String(), values=fields.Nested(_ApplicantClass), required=True
    )
    lands = fields.Dict(keys=fields.String(), values=fields.String(validate=_TEXT), required=True)
    invented = fields.Nested(_Invented, required=True)

    @post_load
    def _mapping(self, data: Mapping[str, Any], **_: object) -> ListMapping:
        columns = Columns(**data["columns"])
        if columns.number in data["fingerprint"]["columns"]:
            raise ValidationError(
                {"fingerprint": {"columns": ["expected columns without the number of the row"]}}
            )
        return ListMapping(
            form=data["file"],
            prefix=data["reference"]["prefix"],
            digits=data["reference"]["digits"],
            columns=columns,
            fingerprint=tuple(data["fingerprint"]["columns"]),
            applicant_classes=data["applicant_classes"],
            lands=data["lands"],
            invented=data["invented"],
        )
