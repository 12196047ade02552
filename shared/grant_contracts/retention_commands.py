"""The commands by which a case is kept, held, and at last disposed of."""

from __future__ import annotations

from typing import Any, Final

from marshmallow import fields, post_load, validate

from grant_contracts import reasons, shapes
from grant_contracts.commands import Form, Strict
from grant_values.fields import LegalDate
from grant_values.personal import PURPOSES

# What a person may say; the others are heard of.
REPORTABLE: Final = ("asked", "accounts_submitted", "proof_submitted")
NAME = Form(r"[A-Za-z0-9][A-Za-z0-9./-]{0,39}", error="expected a file number without spaces")


def one_of(codes: Any) -> validate.OneOf:
    return validate.OneOf(list(codes), error="expected one of {choices}")


class SetRetentionTerm(Strict):
    """Compute until when a case is kept; `happened_on` for what only a person can report."""

    reference = fields.String(required=True, validate=shapes.REFERENCE)
    because = fields.String(required=True, validate=one_of(REPORTABLE))
    happened_on = LegalDate(load_default=None)
    effective_on = LegalDate(required=True)


class SetLegalHold(Strict):
    """Hold a case. `hold` is the file number by which the hold is lifted again."""

    reference = fields.String(required=True, validate=shapes.REFERENCE)
    hold = fields.String(required=True, validate=NAME)
    ground = fields.String(required=True, validate=one_of(reasons.HOLD_GROUND))
    reason = fields.String(required=True, validate=shapes.TEXT)
    effective_on = LegalDate(required=True)


class LiftLegalHold(Strict):
    """Lift a hold, with the reason why it is no longer needed."""

    reference = fields.String(required=True, validate=shapes.REFERENCE)
    hold = fields.String(required=True, validate=NAME)
    reason = fields.String(required=True, validate=shapes.TEXT)
    effective_on = LegalDate(required=True)


class RequestErasure(Strict):
    """Note a person's request that data about them be erased (Art. 17 GDPR).

    `subject` is the number under which the data are sealed, never a name; `request` is a file
    number.
    """

    reference = fields.String(required=True, validate=shapes.REFERENCE)
    request = fields.String(required=True, validate=NAME)
    subject = fields.UUID(required=True)
    purposes = fields.List(
        fields.String(validate=one_of(PURPOSES)),
        required=True,
        validate=validate.Length(min=1, max=20, error="expected 1 to 20 purposes"),
    )
    received_on = LegalDate(required=True)
    effective_on = LegalDate(required=True)

    @post_load
    def _tuples(self, data: dict[str, Any], **_: object) -> dict[str, Any]:
        data["purposes"] = tuple(dict.fromkeys(data["purposes"]))
        return data


class DecideErasure(Strict):
    """Answer a request for erasure: erase, restrict or refuse, with the ground of law."""

    reference = fields.String(required=True, validate=shapes.REFERENCE)
    request = fields.String(required=True, validate=NAME)
    decision = fields.String(required=True, validate=one_of(reasons.ERASURE_DECISION))
    ground = fields.String(required=True, validate=one_of(reasons.ERASURE_GROUND))
    reasons = fields.String(required=True, validate=shapes.TEXT)
    effective_on = LegalDate(required=True)


class ProposeDisposal(Strict):
    """Propose that a case be disposed of; another person decides it."""

    reference = fields.String(required=True, validate=shapes.REFERENCE)
    reasons = fields.String(required=True, validate=shapes.TEXT)
    effective_on = LegalDate(required=True)


class DisposeCase(Strict):
    """Dispose of a case whose term has passed and which another person has proposed."""

    reference = fields.String(required=True, validate=shapes.REFERENCE)
    effective_on = LegalDate(required=True)
