"""Answers as plain JSON values. Faults are data as well: no exception crosses the bus."""

from __future__ import annotations

from collections.abc import Mapping
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
