"""The shapes of an application on the wire: checked field by field, loaded as values."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from grant_contracts.commands import Flag, Form, Strict
from grant_values import shapes
from grant_values.fields import Euro, LegalDate


def at_most(characters: int) -> validate.Length:
    return validate.Length(max=characters, error=f"expected at most {characters} characters")


TEXT = validate.Length(min=1, max=4000, error="expected 1 to 4000 characters")
SHORT = validate.Length(min=1, max=200, error="expected 1 to 200 characters")
SHA256 = Form(r"^[0-9a-f]{64}$", error="expected a SHA-256 as 64 lower-case hex digits")
REFERENCE = Form(
    r"^[A-Z0-9]{2,12}-[A-Z0-9-]{1,40}$", error='expected a reference such as "ZIQ-2021-0001"'
)
REFERENCE_OR_NONE = Form(
    r"^(|[A-Z0-9]{2,12}-[A-Z0-9-]{1,40})$",
    error='expected a reference such as "ZIQ-2021-0001", or none',
)
SHARE = Form(
    r"^(0\.\d{1,4}|1(\.0{1,4})?)$", error='expected a part of a full post as text, such as "0.50"'
)
FUND = validate.OneOf(["ESF", "Land"], error="expected one of {choices}")
YEAR = validate.Range(min=2000, max=2100, error="expected a year from 2000 to 2100")
MONTHS = validate.Range(min=1, max=120, error="expected 1 to 120 months")


class Applicant(Strict):
    """Who applies. A name that may be a natural person's is null."""

    key = fields.String(required=True, validate=SHORT)
    name = fields.String(required=True, allow_none=True, validate=SHORT)
    kind = fields.String(required=True, validate=SHORT)
    legal_person = Flag(required=True, allow_none=True)
    land = fields.String(required=True, validate=SHORT)
    postcode = fields.String(required=True, validate=at_most(20))
    city = fields.String(required=True, validate=at_most(200))

    @post_load
    def _value(self, data: dict[str, Any], **_: object) -> shapes.Applicant:
        return shapes.Applicant(**data)


class Post(Strict):
    """A post to be funded."""

    function = fields.String(required=True, validate=SHORT)
    share = fields.String(required=True, validate=SHARE)
    months = fields.Integer(required=True, strict=True, validate=MONTHS)
    reason = fields.String(load_default="", validate=at_most(4000))

    @post_load
    def _value(self, data: dict[str, Any], **_: object) -> shapes.Post:
        return shapes.Post(**data)


class Operation(Strict):
    """What is to be done, where and when."""

    title = fields.String(required=True, validate=SHORT)
    summary = fields.String(load_default="", validate=at_most(20_000))
    funding_line = fields.String(load_default="", validate=at_most(400))
    module = fields.String(load_default="", validate=at_most(60))
    starts_on = LegalDate(required=True)
    ends_on = LegalDate(required=True)
    postcode = fields.String(required=True, validate=at_most(20))
    city = fields.String(required=True, validate=at_most(200))
    category_code = fields.String(load_default="", validate=at_most(20))
    target_groups = fields.List(fields.String(validate=SHORT), load_default=list)
    posts = fields.List(fields.Nested(Post), load_default=list)
    number = fields.Integer(load_default=None, allow_none=True, strict=True)

    @post_load
    def _value(self, data: dict[str, Any], **_: object) -> shapes.Operation:
        data["target_groups"] = tuple(data["target_groups"])
        data["posts"] = tuple(data["posts"])
        return shapes.Operation(**data)


class FinancingPlan(Strict):
    """Who bears the eligible cost; the parts add up to it (R5; VV 1.2 zu § 44 LHO NRW)."""

    eligible = Euro(required=True)
    requested = Euro(required=True)
    own = Euro(required=True)
    others = Euro(required=True)

    @validates_schema
    def _balances(self, data: dict[str, Any], **_: object) -> None:
        if data["requested"] + data["own"] + data["others"] != data["eligible"]:
            raise ValidationError("expected requested + own + others", field_name="eligible")

    @post_load
    def _value(self, data: dict[str, Any], **_: object) -> shapes.FinancingPlan:
        return shapes.FinancingPlan(**{f"{name}_cents": cents for name, cents in data.items()})


class Declarations(Strict):
    """What the applicant declares."""

    not_begun = Flag(required=True)
    subsidy_facts_acknowledged = Flag(required=True)
    no_double_funding = Flag(required=True)

    @post_load
    def _value(self, data: dict[str, Any], **_: object) -> shapes.Declarations:
        return shapes.Declarations(**data)


class Attachment(Strict):
    """A document held elsewhere."""

    name = fields.String(required=True, validate=SHORT)
    sha256 = fields.String(required=True, validate=SHA256)

    @post_load
    def _value(self, data: dict[str, Any], **_: object) -> shapes.Attachment:
        return shapes.Attachment(**data)


class Reasons(Strict):
    """The reasons of an administrative act (§ 39 Abs. 1 VwVfG NRW)."""

    facts = fields.String(required=True, validate=TEXT)
    law = fields.String(required=True, validate=TEXT)
    discretion = fields.String(required=True, validate=TEXT)

    @post_load
    def _value(self, data: dict[str, Any], **_: object) -> shapes.Reasons:
        return shapes.Reasons(**data)


class Tranche(Strict):
    """Money of one fund for one budget year."""

    fund = fields.String(required=True, validate=FUND)
    year = fields.Integer(required=True, strict=True, validate=YEAR)
    amount = Euro(required=True)

    @post_load
    def _value(self, data: dict[str, Any], **_: object) -> shapes.Tranche:
        return shapes.Tranche(data["fund"], data["year"], data["amount"])
