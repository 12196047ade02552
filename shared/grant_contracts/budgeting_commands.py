"""The commands that budgeting takes."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, post_load, validate

from grant_contracts import shapes
from grant_contracts.commands import Strict
from grant_values.fields import Euro, LegalDate

FUND, YEAR = shapes.FUND, shapes.YEAR
CHANNEL = validate.OneOf(["post", "electronic"], error="expected one of {choices}")


class OpenBudgetLine(Strict):
    """Open one fund's money for one programme and year."""

    programme = fields.String(required=True, validate=shapes.SHORT)
    fund = fields.String(required=True, validate=FUND)
    year = fields.Integer(required=True, strict=True, validate=YEAR)
    ceiling = Euro(required=True)
    effective_on = LegalDate(required=True)


class ChangeCeiling(Strict):
    """Give a line more or less; not less than it has promised."""

    programme = fields.String(required=True, validate=shapes.SHORT)
    fund = fields.String(required=True, validate=FUND)
    year = fields.Integer(required=True, strict=True, validate=YEAR)
    ceiling = Euro(required=True)
    reason = fields.String(required=True, validate=shapes.TEXT)
    effective_on = LegalDate(required=True)


class EarmarkFromReserveList(Strict):
    """Try again to earmark for a case that waits for money."""

    reference = fields.String(required=True, validate=shapes.REFERENCE)
    rule = fields.String(required=True, validate=shapes.SHORT)


class ApproveGrant(Strict):
    """Approve a grant as it was found eligible.

    A late application needs an `override_reason` and a second actor's token in the message (D24).
    """

    reference = fields.String(required=True, validate=shapes.REFERENCE)
    reasons = fields.String(load_default="", validate=shapes.at_most(4000))
    override_reason = fields.String(load_default="", validate=shapes.at_most(4000))
    effective_on = LegalDate(required=True)


class ApprovePartially(Strict):
    """Approve less than was earmarked, with full reasons."""

    reference = fields.String(required=True, validate=shapes.REFERENCE)
    tranches = fields.List(fields.Nested(shapes.Tranche), required=True)
    reasons = fields.Nested(shapes.Reasons, required=True)
    override_reason = fields.String(load_default="", validate=shapes.at_most(4000))
    effective_on = LegalDate(required=True)

    @post_load
    def _tuples(self, data: dict[str, Any], **_: object) -> dict[str, Any]:
        data["tranches"] = tuple(data["tranches"])
        return data


class RejectApplication(Strict):
    """Reject an application by an administrative act with reasons."""

    reference = fields.String(required=True, validate=shapes.REFERENCE)
    reasons = fields.Nested(shapes.Reasons, required=True)
    effective_on = LegalDate(required=True)


class NotifyDecision(Strict):
    """Note that the decision was sent; `effective_on` is the day of dispatch."""

    reference = fields.String(required=True, validate=shapes.REFERENCE)
    channel = fields.String(required=True, validate=CHANNEL)
    effective_on = LegalDate(required=True)


class WaiveRemedy(Strict):
    """Note that the recipient forgoes legal action."""

    reference = fields.String(required=True, validate=shapes.REFERENCE)
    effective_on = LegalDate(required=True)


class RecordFinality(Strict):
    """Note that the time for legal action has run out by `effective_on`."""

    reference = fields.String(required=True, validate=shapes.REFERENCE)
    effective_on = LegalDate(required=True)
