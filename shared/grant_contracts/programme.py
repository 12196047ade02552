"""The definition of a programme: a dated, versioned file, and the schema that it must meet.

Every figure of law stands in such a definition with its source, never in code (R105).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from grant_contracts.commands import Flag, Form, Strict
from grant_contracts.retention import Retention
from grant_values.fields import Euro, Iban, LegalDate, Rate

REAL_COSTS = "real_costs"
COST_FORMS = (REAL_COSTS, "unit_costs", "lump_sums", "flat_rates")
"""The forms of Art. 53 Abs. 1 Buchst. a to d; a combination (Buchst. e) names several."""

_CODE = Form(r"^[a-z0-9][a-z0-9-]{1,60}$", error="expected lower-case letters, digits and -")
_KIND = Form(r"^[a-z][a-z0-9_]{1,60}$", error="expected lower-case letters, digits and _")
_NOT_EMPTY = validate.Length(min=1, error="expected some text")


class Figure(Strict):
    """A figure read from a text: the value beside the wording it was read from.

    `value` is empty where the wording could not be read for certain. `certainty` says how the
    text itself puts it: as stated, as approximate ("rd."), or as expected ("voraussichtlich").
    """

    name = fields.String(required=True, validate=_NOT_EMPTY)
    value = fields.String(required=True)
    wording = fields.String(required=True)
    certainty = fields.String(
        load_default="stated", validate=validate.OneOf(["stated", "approximate", "expected"])
    )
    funds = fields.List(fields.String(validate=_NOT_EMPTY), load_default=list)
    source = fields.String(required=True, validate=_NOT_EMPTY)


class RecordField(Strict):
    """One field of the ministry's own record, label and wording as published."""

    label = fields.String(required=True, validate=_NOT_EMPTY)
    text = fields.String(required=True)


class GrantRate(Strict):
    """The part of the eligible cost that is granted to a kind of applicant; "*" for all others."""

    kind = fields.String(required=True)
    rate = Rate(required=True)
    source = fields.String(required=True, validate=_NOT_EMPTY)


class Money(Strict):
    """How a grant is computed: eligible → grant (floor) → ESF share (floor) → Land = the rest.

    A module of `land_only_modules` is paid by the Land alone.
    """

    financing_type = fields.String(required=True)
    grant_rates = fields.List(fields.Nested(GrantRate), required=True, validate=_NOT_EMPTY)
    esf_rate = Rate(required=True)
    land_only_modules = fields.List(fields.String(), load_default=list)
    source = fields.String(required=True, validate=_NOT_EMPTY)

    @validates_schema
    def _the_land_never_pays_less_than_nothing(self, data: dict[str, Any], **_: Any) -> None:
        kinds = [each["kind"] for each in data["grant_rates"]]
        if len(set(kinds)) < len(kinds):
            raise ValidationError("expected each kind once", "grant_rates")
        if data["esf_rate"] > min(each["rate"] for each in data["grant_rates"]):
            raise ValidationError("expected at most the lowest of the grant rates", "esf_rate")


class Addressee(Strict):
    """A kind of body that may apply, with the wording it stands for."""

    kind = fields.String(required=True, validate=_KIND)
    wording = fields.String(required=True, validate=_NOT_EMPTY)


class Rule(Strict):
    """One eligibility rule: `id` and `version` name the code, `parameters` are its figures."""

    id = fields.String(required=True, validate=_NOT_EMPTY)
    version = fields.String(required=True, validate=_NOT_EMPTY)
    parameters = fields.Dict(keys=fields.String(), load_default=dict)
    source = fields.String(required=True, validate=_NOT_EMPTY)


class UnitCost(Strict):
    """A staff unit cost per month of a full post."""

    function = fields.String(required=True)
    wording = fields.String(required=True)
    month = Euro(required=True)
    valid_from = LegalDate(required=True)
    source = fields.String(required=True, validate=_NOT_EMPTY)


class CostForm(Strict):
    """A form in which the programme reimburses costs (Art. 53 Abs. 1 VO (EU) 2021/1060)."""

    form = fields.String(required=True, validate=validate.OneOf(COST_FORMS))
    source = fields.String(required=True, validate=_NOT_EMPTY)


class Announcement(Strict):
    """From when on a posted act counts as announced after so many days (§ 41 Abs. 2 VwVfG NRW)."""

    valid_from = LegalDate(required=True)
    days = fields.Integer(required=True, strict=True, validate=validate.Range(min=0, max=30))
    shift_to_working_day = Flag(required=True)
    source = fields.String(required=True, validate=_NOT_EMPTY)


class Remedy(Strict):
    """What may be done against a decision: the action, its term and the instruction handed out."""

    kind = fields.String(required=True, validate=validate.OneOf(["action", "objection"]))
    months = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=24))
    instruction = fields.String(required=True, validate=_NOT_EMPTY)
    source = fields.String(required=True, validate=_NOT_EMPTY)


class Decision(Strict):
    """What every grant decision under this programme refers to."""

    holidays_of = fields.String(required=True, validate=validate.Length(equal=2))
    side_provisions = fields.String(required=True, validate=_NOT_EMPTY)
    announcement = fields.List(fields.Nested(Announcement), required=True, validate=_NOT_EMPTY)
    remedy = fields.Nested(Remedy, required=True)


class Debtor(Strict):
    """Whose account pays. `invented` marks an account that does not exist."""

    name = fields.String(required=True, validate=validate.Length(min=1, max=70))
    iban = Iban(required=True)
    invented = Flag(required=True)


class SmallestGroup(Strict):
    """For how many persons any number about participants has to stand, from a day on."""

    valid_from = LegalDate(required=True)
    persons = fields.Integer(required=True, strict=True, validate=validate.Range(min=3, max=100))
    source = fields.String(required=True, validate=_NOT_EMPTY)


class Participants(Strict):
    """How participants are counted."""

    smallest_group = fields.List(fields.Nested(SmallestGroup), required=True, validate=_NOT_EMPTY)

    @validates_schema(skip_on_field_errors=True)
    def _one_for_each_day(self, data: dict[str, Any], **_: Any) -> None:
        days = [each["valid_from"] for each in data["smallest_group"]]
        if len(set(days)) < len(days):
            raise ValidationError("expected each valid_from once", "smallest_group")


class ProgrammeDefinition(Strict):
    """A whole definition. `code` and `version` together name it for good."""

    code = fields.String(required=True, validate=_CODE)
    version = fields.String(required=True, validate=_CODE)
    valid_from = LegalDate(required=True)
    title = fields.String(required=True, validate=_NOT_EMPTY)
    authority = fields.String(required=True, validate=_NOT_EMPTY)
    land = fields.String(required=True, validate=_NOT_EMPTY)
    cci = fields.String(required=True)
    reference_prefix = fields.String(required=True, validate=Form(r"^[A-Z0-9]{2,12}$"))
    record = fields.List(fields.Nested(RecordField), load_default=list)
    figures = fields.List(fields.Nested(Figure), load_default=list)
    addressees = fields.List(fields.Nested(Addressee), load_default=list)
    modules = fields.Dict(keys=fields.String(), values=fields.String(), load_default=dict)
    target_groups = fields.Dict(keys=fields.String(), values=fields.String(), load_default=dict)
    money = fields.Nested(Money, required=True)
    rules = fields.List(fields.Nested(Rule), required=True, validate=_NOT_EMPTY)
    unit_costs = fields.List(fields.Nested(UnitCost), load_default=list)
    # Without a default: a definition that was registered without it stays the same, byte by byte.
    cost_forms = fields.List(fields.Nested(CostForm), validate=_NOT_EMPTY)
    decision = fields.Nested(Decision, required=True)
    retention = fields.Nested(Retention)
    participants = fields.Nested(Participants)
    debtor = fields.Nested(Debtor, required=True)


def checked_definition(definition: Mapping[str, Any]) -> dict[str, Any]:
    """The definition as plain JSON values once it meets the schema.

    Raises `marshmallow.ValidationError` whose messages name each field and what was expected.
    """
    schema = ProgrammeDefinition()
    dumped: dict[str, Any] = schema.dump(schema.load(definition))
    return dumped


def read_definition(text: str) -> dict[str, Any]:
    """A definition from TOML text. Errors as `checked_definition`, also for broken TOML."""
    return checked_definition(read_plain(text))


def read_plain(text: str) -> dict[str, Any]:
    """TOML text as plain JSON values, whatever it says. `ValidationError` where it is no TOML."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValidationError({"definition": [f"expected TOML: {error}"]}) from error
    plain: dict[str, Any] = _dates_as_text(raw)
    return plain


def _dates_as_text(value: Any) -> Any:
    """TOML knows dates, JSON does not: dates become ISO text so that both read the same."""
    if isinstance(value, dict):
        return {key: _dates_as_text(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_dates_as_text(inner) for inner in value]
    return value.isoformat() if hasattr(value, "isoformat") else value
