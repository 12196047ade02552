"""The questions that other services may ask by message, and who may ask them.

Whoever may give commands in a case may read its state and the budget, and so may an auditor. What
became of a command is told to the actor who gave it, and to an auditor. What an auditor asks of the
case files is put on record before it is answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from marshmallow import fields, validate

from grant_contracts.commands import COMMAND_NAME, Strict
from grant_contracts.standing import SERVICES

AUDITOR = "auditor"
OFFICIALS = frozenset(
    {
        "managing_authority",
        "formal_checker",
        "expert",
        "decider",
        "budget_officer",
        "claim_checker",
        "payment_authoriser",
        "cashier",
    }
)
"""Applicants and beneficiaries are none: of their cases they learn by letter."""
READERS = OFFICIALS | {AUDITOR}

QUESTIONS: Final[Mapping[str, frozenset[str] | None]] = {
    "audit.case_state": READERS,
    "audit.budget": READERS,
    **{f"{service}.outcome": None for service in SERVICES},
}
"""The roles entitled to each question; None where each actor may ask, about themselves."""

AXES: Final = ("effective", "recorded", "position")
"""Arguments that ask as of a day, an instant or positions."""
ASKED_AS_OF: Final = ("audit.case_state",)
"""The questions that take them in a message: of one case. What is asked of all cases is folded for
long, and one message is answered after the other."""

RECORD_ACCESS: Final = "audit.record_access"
"""The command by which audit puts on record what an auditor asks it."""


class QuestionMessage(Strict):
    """A question: what is asked, on whose authority, and how much must have been followed.

    An auditor says for which `purpose`, because it goes on record; others may leave it away.
    `at_least` names positions by origin, such as {"budgeting/main": 17}: an answer shows all that
    was recorded up to them, or is "not yet".
    """

    question = fields.String(required=True, validate=COMMAND_NAME)
    actor_token = fields.String(required=True)
    purpose = fields.String(
        load_default="",
        validate=validate.Length(max=4000, error="expected at most 4000 characters"),
    )
    arguments = fields.Dict(keys=fields.String(), values=fields.String(), load_default=dict)
    at_least = fields.Dict(
        keys=fields.String(), values=fields.Integer(strict=True), load_default=dict
    )
