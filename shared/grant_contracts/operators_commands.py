"""The commands by which operators mend what a follower could not apply. Alike in every service."""

from __future__ import annotations

from typing import Final

from marshmallow import fields, validate

from grant_contracts import shapes
from grant_contracts.commands import Form, Strict

MAY_BE_DISCARDED: Final = frozenset({"intake.ApplicationSubmitted", "intake.CompletenessChecked"})
"""The closed list. All else is mended and retried: findings, decisions, withdrawals, promises of
money and payments; and whatever is new, until somebody has thought about it."""

ORIGIN = Form(
    r"^[a-z][a-z0-9]{0,24}/[a-z][a-z0-9]{0,24}$", error='expected an origin such as "intake/main"'
)
POSITION = validate.Range(min=1, error="expected a position from 1 on")
FROM_START = validate.Equal(
    0,
    error="expected 0: a read model that began later would lack what came before, and not say so",
)


class CaseId(fields.UUID):
    """The id of a case, as events carry it."""

    default_error_messages = {"invalid_uuid": "expected the id of a case as a UUID"}  # noqa: RUF012


class RetryParked(Strict):
    """Apply the parked events of a case in order, up to the first that still fails."""

    case_id = CaseId(required=True)


class DiscardParked(Strict):
    """Take out the first parked event of a case without applying it. Two operators bear it.

    Findings, decisions, withdrawals and payments are never discarded: they are mended and retried.
    """

    case_id = CaseId(required=True)
    origin = fields.String(required=True, validate=ORIGIN)
    position = fields.Integer(required=True, strict=True, validate=POSITION)
    reason = fields.String(required=True, validate=shapes.TEXT)


class ReplayFeeds(Strict):
    """Drop the read model and follow every feed again from its first event."""

    from_position = fields.Integer(required=True, strict=True, validate=FROM_START)
