"""Answers where nothing is known to be on record, each with its code. It decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from grant_contracts.answer_codes import InvalidCode, NotYetCode, UnknownCode
from grant_contracts.answers import Answer
from grant_contracts.commands import legible
from grant_store.errors import NotNow, OutcomeUnknown, Unreachable, VaultAway
from grant_store.work import CaseParked, HistoryBroken, NotYet
from grant_values.invalid import Invalid

ON_RECORD = frozenset({"recorded", "refused"})
"""The kinds after which the ledger says what became of the command."""

NOTHING_WRITTEN = (Unreachable, NotNow)
"""The database or the vault is away, or takes nothing. It passes, and until then nothing was
recorded."""

Errors = Mapping[str, list[str]]


class TooLate(Exception):
    """The sender's deadline had passed before their command was decided."""


def invalid(command: object, key: object, code: InvalidCode, errors: Errors) -> Answer:
    """Nothing was recorded; `errors` says what was expected of each field."""
    return Answer(
        kind="invalid", command=_echo(command), key=_echo(key), code=code, errors=dict(errors)
    )


def not_recorded(command: str, key: str, error: Invalid | NotYet | TooLate) -> Answer:
    """The answer to a command that was decided, with the result that it cannot be."""
    if isinstance(error, Invalid):
        return invalid(command, key, "wrong_field", {f"payload.{error.field}": [error.expected]})
    if isinstance(error, TooLate):
        return invalid(command, key, "expired", {"deadline": [str(error)]})
    code: NotYetCode = "not_heard_of"
    if isinstance(error, CaseParked):
        code = "parked"
    elif isinstance(error, HistoryBroken):
        code = "history_broken"
    return Answer(kind="not_yet", command=command, key=key, code=code, reason=str(error))


def too_many(command: str, key: str, retry_after_seconds: float) -> Answer:
    """The command was not looked at, because its sender sends too many."""
    return Answer(
        kind="not_yet",
        command=command,
        key=key,
        code="too_many_requests",
        reason=f"expected this command again after {retry_after_seconds:.3f} seconds",
        retry_after_seconds=retry_after_seconds,
    )


def upstream_changed(message: Mapping[str, Any], why: str) -> Answer:
    """The command was not looked at: it would be decided on facts that are no longer there."""
    return Answer(
        kind="not_yet",
        command=_echo(message.get("command")),
        key=_echo(message.get("key")),
        code="upstream_changed",
        reason=why,
    )


def unknown(message: object, fault: Exception) -> Answer:
    """What became of the command cannot be said: sending the same key again settles it."""
    named: Mapping[Any, Any] = message if isinstance(message, Mapping) else {}
    return Answer(
        kind="unknown",
        command=_echo(named.get("command")),
        key=_echo(named.get("key")),
        code=code_of_fault(fault),
        reason=f"{type(fault).__name__}: {fault}",
    )


def code_of_fault(fault: Exception) -> UnknownCode:
    if isinstance(fault, VaultAway):
        return "vault_away"
    if isinstance(fault, NOTHING_WRITTEN):
        return "database_away"
    return "outcome_unknown" if isinstance(fault, OutcomeUnknown) else "fault"


def _echo(value: object) -> str:
    """What the sender wrote, as far as it can be shown to them in the answer."""
    return legible(value) if isinstance(value, str) else ""
