"""Answers as plain JSON values. Faults are data as well: no exception crosses the bus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from grant_bus.answering import invalid
from grant_contracts.answers import Answer

Plain = dict[str, Any]


def as_plain(answer: Answer) -> Plain:
    plain: Plain = msgspec.to_builtins(answer)
    return plain


def invalid_command(name: str, message: object) -> Plain:
    """The answer to a command that was sent to another command's method."""
    key = message.get("key") if isinstance(message, Mapping) else ""
    expected = f"expected {name!r}, because that is the method that was called"
    return as_plain(invalid(name, key, "misaddressed", {"command": [expected]}))


def found(value: object) -> Plain:
    """The answer to a question: dataclasses, dates and ids become plain values."""
    return {"kind": "found", "value": msgspec.to_builtins(value)}


def invalid_question(errors: Mapping[str, Sequence[str]]) -> Plain:
    listed = {field: list(texts) for field, texts in errors.items()}
    return {"kind": "invalid", "code": "wrong_field", "errors": listed}


def not_yet(behind: Mapping[str, int]) -> Plain:
    """The reader wants to see more than was followed so far; `behind` says how far that is."""
    return {"kind": "not_yet", "code": "not_followed", "followed": dict(behind)}
