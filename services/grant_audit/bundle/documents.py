"""What events say about documents that are kept elsewhere: their hashes, and the rule sets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from grant_contracts.intake import ProgrammeRegistered
from grant_store.rows import LedgerEvent

_HASH = "sha256"


def documents_in(row: LedgerEvent) -> Iterator[dict[str, Any]]:
    """Every document that an event names by its hash, with what the event says of it."""
    if b'"sha256"' not in row.state:
        return
    try:
        state = msgspec.json.decode(row.state)
    except msgspec.DecodeError:
        return  # Encrypted, or spoiled: the verifier reads the bytes themselves.
    for described in _described(state):
        yield described | {"position": row.position, "topic": row.topic}


def rules_in(row: LedgerEvent) -> tuple[str, Any] | None:
    """The name and the definition of a programme's version, where an event has registered it."""
    if row.topic != ProgrammeRegistered.TOPIC:
        return None
    try:
        state = msgspec.json.decode(row.state)
        return f"{state['programme']}-{state['programme_version']}", state["definition"]
    except (msgspec.DecodeError, KeyError, TypeError):
        return None


def _described(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        if isinstance(part.get(_HASH), str):
            yield {name: value for name, value in part.items() if isinstance(value, str | int)}
        for value in part.values():
            yield from _described(value)
    elif isinstance(part, list):
        for value in part:
            yield from _described(value)
