"""How long the cases of a programme are kept, as a part of its definition: dated, with sources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from marshmallow import ValidationError, fields, validate, validates_schema

from grant_contracts.commands import Flag, Form, Strict
from grant_values.fields import LegalDate
from grant_values.personal import PURPOSES

COUNTS_FROM: Final[Mapping[str, str]] = {
    "last_payment": "The last payment to the beneficiary.",
    "accounts_submitted": "The accounts with the final expenditure went to the Commission.",
    "proof_submitted": "The beneficiary has submitted the proof of use.",
    "decision_final": "The decision became final.",
    "case_end": "Withdrawn, or the decision became final.",
}
APPLIES_TO: Final[Mapping[str, str]] = {
    "granted": "Something was paid, or a final award stands.",
    "not_granted": "Rejected, withdrawn or given up before anything was paid.",
}
BASES: Final[Mapping[str, str]] = {
    "legal_obligation": "Kept because the law demands it (Art. 6(1)(c), (e) GDPR).",
    "consent": "Kept because the person agreed (Art. 6(1)(a) GDPR); ends with the consent.",
}
_ID = Form(r"^[a-z0-9][a-z0-9-]{1,60}$", error="expected lower-case letters, digits and -")
_NOT_EMPTY = validate.Length(min=1, error="expected some text")


class RetentionRule(Strict):
    """One rule. Rows of one `id` replace each other: the day that starts the term says which.

    `end_of_year` counts from 31 December of that day's year. Where a rule is
    `interrupted_by_holds`, a hold for proceedings or a request makes it begin anew when lifted.
    """

    id = fields.String(required=True, validate=_ID)
    valid_from = LegalDate(required=True)
    applies_to = fields.String(required=True, validate=validate.OneOf(list(APPLIES_TO)))
    counts_from = fields.String(required=True, validate=validate.OneOf(list(COUNTS_FROM)))
    end_of_year = Flag(required=True)
    years = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=100))
    interrupted_by_holds = Flag(required=True)
    source = fields.String(required=True, validate=_NOT_EMPTY)


class PurposeBasis(Strict):
    """Why personal data are kept for a purpose, and so when they may go."""

    purpose = fields.String(required=True, validate=validate.OneOf(list(PURPOSES)))
    basis = fields.String(required=True, validate=validate.OneOf(list(BASES)))
    source = fields.String(required=True, validate=_NOT_EMPTY)


class Retention(Strict):
    """How long cases are kept (the longest rule decides), and when a request is answered."""

    rules = fields.List(fields.Nested(RetentionRule), required=True, validate=_NOT_EMPTY)
    purposes = fields.List(fields.Nested(PurposeBasis), required=True, validate=_NOT_EMPTY)
    erasure_months = fields.Integer(
        required=True, strict=True, validate=validate.Range(min=1, max=12)
    )
    erasure_source = fields.String(required=True, validate=_NOT_EMPTY)

    @validates_schema(skip_on_field_errors=True)
    def _complete_and_unambiguous(self, data: dict[str, Any], **_: Any) -> None:
        rows = [(each["id"], each["valid_from"]) for each in data["rules"]]
        if len(set(rows)) < len(rows):
            raise ValidationError("expected each id once for each valid_from", "rules")
        if {each["applies_to"] for each in data["rules"]} != set(APPLIES_TO):
            expected = "expected a rule for granted and one for not_granted cases"
            raise ValidationError(expected, "rules")
        purposes = [each["purpose"] for each in data["purposes"]]
        if len(set(purposes)) < len(purposes):
            raise ValidationError("expected each purpose once", "purposes")
        if missing := [each for each in PURPOSES if each not in purposes]:
            # Or the disposal of a case would leave keys of which nobody decided that they stay.
            expected = f"expected every purpose; missing: {', '.join(missing)}"
            raise ValidationError(expected, "purposes")
