"""The commands that audit takes."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from grant_contracts import shapes
from grant_contracts.commands import Form, Strict
from grant_contracts.reasons import ACCESS_SCOPE, SAMPLE_METHOD, SAMPLE_POPULATION
from grant_values.fields import LegalDate

SCOPE = validate.OneOf(list(ACCESS_SCOPE), error="expected one of {choices}")
QUESTION = Form(
    r"^[a-z][a-z._-]{0,40}( [a-z][a-z-]{0,30}){0,3}$",
    error='expected the name of a command or a question, such as "audit matrix"',
)
SAMPLE = Form(
    r"^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$",
    error='expected an id such as "2026-1": 1 to 60 letters, digits, ".", "_" or "-"',
)
METHOD = validate.OneOf(list(SAMPLE_METHOD), error="expected one of {choices}")
POPULATION = validate.OneOf(list(SAMPLE_POPULATION), error="expected one of {choices}")
LARGEST_SAMPLE = 5_000
SIZE = validate.Range(min=1, max=LARGEST_SAMPLE, error=f"expected 1 to {LARGEST_SAMPLE} items")


class RecordAccess(Strict):
    """Put on record, before an answer is given, what an auditor asks, about what, and why."""

    question = fields.String(required=True, validate=QUESTION)
    scope = fields.String(required=True, validate=SCOPE)
    subject = fields.String(load_default="", validate=shapes.at_most(200))
    purpose = fields.String(required=True, validate=shapes.TEXT)
    arguments = fields.Dict(
        keys=fields.String(validate=shapes.SHORT),
        values=fields.String(validate=shapes.at_most(400)),
        load_default=dict,
        validate=validate.Length(max=30, error="expected at most 30 arguments"),
    )


class DrawSample(Strict):
    """Draw a sample from what the case files hold now, and put on record all that repeats it.

    `starts_on` and `ends_on` are the first and the last value date of the payments that count.
    """

    sample = fields.String(required=True, validate=SAMPLE)
    method = fields.String(required=True, validate=METHOD)
    population = fields.String(required=True, validate=POPULATION)
    programme = fields.String(load_default="", validate=shapes.at_most(200))
    starts_on = LegalDate(required=True)
    ends_on = LegalDate(required=True)
    size = fields.Integer(required=True, strict=True, validate=SIZE)
    seed = fields.String(required=True, validate=shapes.SHORT)
    purpose = fields.String(required=True, validate=shapes.TEXT)
    effective_on = LegalDate(required=True)

    @validates_schema
    def _period_in_order(self, data: dict[str, Any], **_: object) -> None:
        if data["ends_on"] < data["starts_on"]:
            expected = f"expected {data['starts_on']} or a later day"
            raise ValidationError({"ends_on": [expected]})
