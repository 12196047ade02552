"""A script that plays the persons of an authority: it writes their commands and reads answers.

It knows commands by name and sends them like anybody else; it never touches a service's inside.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from joserfc.jwk import OKPKey

from grant_contracts.answers import Answer
from grant_contracts.commands import command_message
from grant_values.shapes import Actor
from pruefpfad.keys import token_for

Message = dict[str, Any]


class Authority(Protocol):
    """Where commands go: the embedded system, or the services behind a message broker."""

    def send(self, messages: Sequence[Message]) -> list[Answer]:
        """Give commands of one service. One answer for each, in order."""

    def settle(self) -> None:
        """Return when everything recorded so far has reached every service."""


class Unexpected(Exception):
    """A service answered otherwise than the script says: the story cannot go on."""


@dataclass(frozen=True)
class Role:
    """One person of the script: staff number and role."""

    actor_id: str
    name: str


APPLICANT = Role("client:portal", "applicant")
CHECKER = Role("S-1101", "formal_checker")
SECOND_CHECKER = Role("S-1102", "formal_checker")
DECIDER = Role("S-1201", "decider")
BUDGET_OFFICER = Role("S-1301", "budget_officer")
MANAGING_AUTHORITY = Role("S-1001", "managing_authority")
FACTUAL_CERTIFIER = Role("S-1401", "claim_checker")
ARITHMETIC_CERTIFIER = Role("S-1402", "claim_checker")
PAYMENT_AUTHORISER = Role("S-1501", "payment_authoriser")
CASHIER = Role("S-1601", "cashier")


class Cast:
    """The actors of a script with their tokens. All are marked as scripted."""

    def __init__(self, key: OKPKey, mandates_from: date, mandates_until: date) -> None:
        self._key = key
        self._from = mandates_from
        self._until = mandates_until
        self._tokens: dict[Role, str] = {}

    def message(self, role: Role, command: str, key: str, payload: Mapping[str, Any]) -> Message:
        """A command of one of the actors, under a key that is the same at every run."""
        return command_message(command, key, self.token(role), dict(payload))

    def token(self, role: Role) -> str:
        if role not in self._tokens:
            actor = Actor(role.actor_id, role.name, scripted=True)
            self._tokens[role] = token_for(self._key, actor, self._from, self._until)
        return self._tokens[role]


def recorded(answers: Iterable[Answer]) -> list[Answer]:
    """The answers, if all of them are "recorded"; otherwise `Unexpected` with the first other."""
    checked = list(answers)
    for answer in checked:
        if answer.kind != "recorded":
            said = answer.reason or answer.errors
            raise Unexpected(f"{answer.command} {answer.key}: {answer.kind}: {said}")
    return checked
