"""Answers that a transport gives by itself, before or after the writer was asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from grant_contracts.answers import Answer
from grant_contracts.commands import legible

ON_RECORD = frozenset({"recorded", "refused"})
"""The kinds after which the ledger says what became of the command."""


def invalid(command: object, key: object, field: str, expected: str) -> Answer:
    """Nothing was recorded, because this field is not what was expected."""
    return Answer(
        kind="invalid", command=_echo(command), key=_echo(key), errors={field: [expected]}
    )


def unknown(message: object, fault: Exception) -> Answer:
    """What became of the command cannot be said: sending the same key again settles it."""
    named: Mapping[Any, Any] = message if isinstance(message, Mapping) else {}
    return Answer(
        kind="unknown",
        command=_echo(named.get("command")),
        key=_echo(named.get("key")),
        reason=f"{type(fault).__name__}: {fault}",
    )


def _echo(value: object) -> str:
    """What the sender wrote, as far as it can be shown to them in the answer."""
    return legible(value) if isinstance(value, str) else ""
