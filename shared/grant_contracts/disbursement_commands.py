"""The commands that disbursement takes."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, post_load, validate

from grant_contracts import shapes
from grant_contracts.commands import Form, Strict
from grant_values.fields import Instant, LegalDate

RUN = Form(r"^[0-9]{4}-[0-9]{4}$", error='expected a year and a number, such as "2016-0001"')
PURPOSE = validate.Length(min=1, max=140, error="expected 1 to 140 characters")
REASON = validate.Length(min=1, max=400, error="expected 1 to 400 characters")
SOME = validate.Length(min=1, max=100, error="expected 1 to 100 entries")
MANY = validate.Length(min=1, max=50_000, error="expected 1 to 50000 entries")

# JSON Schema generators do not know the field.
_PAIR = {
    "type": "array",
    "items": {"type": "string"},
    "minItems": 2,
    "maxItems": 2,
    "description": "The reference of a case and the id of its payment order.",
}


class SubmitClaim(Strict):
    """Ask for money: the wanted cumulative total of each tranche, not a difference."""

    reference = fields.String(required=True, validate=shapes.REFERENCE)
    claim = fields.String(required=True, validate=shapes.SHORT)
    wanted = fields.List(fields.Nested(shapes.Tranche), required=True, validate=SOME)
    purpose = fields.String(required=True, validate=PURPOSE)
    effective_on = LegalDate(required=True)

    @post_load
    def _tuples(self, data: dict[str, Any], **_: object) -> dict[str, Any]:
        data["wanted"] = tuple(data["wanted"])
        return data


class OnClaim(Strict):
    """A step that concerns one claim."""

    reference = fields.String(required=True, validate=shapes.REFERENCE)
    claim = fields.String(required=True, validate=shapes.SHORT)
    effective_on = LegalDate(required=True)


class CertifyFactually(OnClaim):
    """Certify that the facts of a claim are right ("sachlich richtig")."""


class CertifyArithmetically(OnClaim):
    """Certify that the sums of a claim are right ("rechnerisch richtig")."""


class OrderPayment(OnClaim):
    """Order what is due on a claim."""


class OpenPaymentRun(Strict):
    """Put payment orders of one version of a programme into a run.

    `orders` are pairs of reference and order id; without them, all that await payment are taken.
    """

    run = fields.String(required=True, validate=RUN)
    execution_on = LegalDate(required=True)
    created_at = Instant(required=True)
    programme = fields.String(required=True, validate=shapes.SHORT)
    programme_version = fields.String(required=True, validate=shapes.SHORT)
    orders = fields.List(
        fields.Tuple(
            (fields.String(validate=shapes.REFERENCE), fields.String(validate=shapes.SHORT)),
            metadata=_PAIR,
        ),
        load_default=None,
        validate=MANY,
    )

    @post_load
    def _tuples(self, data: dict[str, Any], **_: object) -> dict[str, Any]:
        if data["orders"] is not None:
            data["orders"] = tuple(data["orders"])
        return data


class OnRun(Strict):
    """A step that concerns one payment run."""

    run = fields.String(required=True, validate=RUN)
    effective_on = LegalDate(required=True)


class WritePaymentRun(OnRun):
    """Write the file of a run, or check that it would be the same again."""


class TransmitPaymentRun(OnRun):
    """Mark the file of a run as sent to the bank. It leaves once."""


class OnPayment(Strict):
    """What the bank says of one payment."""

    reference = fields.String(required=True, validate=shapes.REFERENCE)
    order_id = fields.String(required=True, validate=shapes.SHORT)
    end_to_end_id = fields.String(required=True, validate=shapes.SHORT)
    effective_on = LegalDate(required=True)


class ConfirmPayment(OnPayment):
    """The bank's confirmation that it has executed a payment."""


class ReturnPayment(OnPayment):
    """The bank's return or rejection of a payment."""

    reason = fields.String(required=True, validate=REASON)
