"""The commands that eligibility takes."""

from __future__ import annotations

from marshmallow import fields

from grant_contracts import shapes
from grant_contracts.commands import Flag, Strict
from grant_values.fields import LegalDate


class ProposeFinding(Strict):
    """Propose that a case is eligible, or not. Reasons are due for referred and ineligible ones."""

    reference = fields.String(required=True, validate=shapes.REFERENCE)
    eligible = Flag(required=True)
    reasons = fields.String(load_default="", validate=shapes.at_most(4000))
    effective_on = LegalDate(required=True)


class SignFinding(Strict):
    """Sign the finding that another person has proposed."""

    reference = fields.String(required=True, validate=shapes.REFERENCE)
    effective_on = LegalDate(required=True)
