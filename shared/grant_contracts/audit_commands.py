"""The commands that audit takes."""

from __future__ import annotations

from marshmallow import fields, validate

from grant_contracts import shapes
from grant_contracts.commands import Form, Strict
from grant_contracts.reasons import ACCESS_SCOPE

SCOPE = validate.OneOf(list(ACCESS_SCOPE), error="expected one of {choices}")
QUESTION = Form(
    r"^[a-z][a-z-]{0,30}( [a-z][a-z-]{0,30}){0,3}$",
    error='expected the name of a command, such as "audit matrix"',
)


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
