"""The commands of operators, alike in every service: to mend what a follower could not apply, to
carry heads of the log into the history, and to go on after a restore."""

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
HASH = Form(r"^[0-9a-f]{64}$", error="expected 64 hexadecimal digits in lower case")
LOG_ORIGIN = Form(
    r"^[^\s+]{1,255}$", error='expected the origin of a log such as "grants.example/intake/main"'
)
SIZE = validate.Range(min=1, error="expected how many events the head has, from 1 on")
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


class AnchorHead(Strict):
    """Carry a signed head of the service's own log into its history.

    Invalid where nothing but such heads was recorded since the last one.
    """

    origin = fields.String(required=True, validate=LOG_ORIGIN)
    size = fields.Integer(required=True, strict=True, validate=SIZE)
    root = fields.String(required=True, validate=HASH)
    note_sha256 = fields.String(required=True, validate=HASH)


class RecordIncident(Strict):
    """Go on with a store that does not lead to the last known head of it. Two operators bear it.

    It names the known head, so that nobody goes on from another loss than they have looked at.
    """

    known_size = fields.Integer(required=True, strict=True, validate=SIZE)
    known_root = fields.String(required=True, validate=HASH)
    reason = fields.String(required=True, validate=shapes.TEXT)
