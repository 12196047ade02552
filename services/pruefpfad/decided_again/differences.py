"""What is recorded beside what was decided again: field by field, down into nested values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any
from uuid import UUID

import msgspec

from grant_store.catalogue import Catalogue
from grant_store.rows import LedgerEvent, NewEvent

WHOLE_EVENT = "(event)"
NOTHING = None


@dataclass(frozen=True)
class Difference:
    """One field of one recorded event that comes out otherwise. `recorded` or `computed` is None
    where the field, or the whole event, is not there at all."""

    origin: str
    position: int
    topic: str
    case_id: UUID | None
    field: str
    recorded: Any
    computed: Any


@dataclass(frozen=True)
class Fault:
    """A unit that this program could not decide again, because it failed itself: whether its first
    event, named here, is right is not known. `raised_at` is the place in the program."""

    origin: str
    position: int
    topic: str
    case_id: UUID | None
    error: str
    raised_at: str


Finding = Difference | Fault
Found = tuple[LedgerEvent, str, Any, Any]
"""The recorded event, the field, and its two values."""


def differences(
    catalogue: Catalogue, recorded: Sequence[LedgerEvent], computed: Sequence[NewEvent]
) -> Iterator[Found]:
    """Compare the events of one unit, in their order. One that is too many or missing is named at
    the place where the orders part, and nothing after it is compared."""
    for row, new in zip_longest(recorded, computed):
        if row is None or new is None or _who(row) != _who(new):
            yield row or recorded[-1], WHOLE_EVENT, row and row.topic, new and new.topic
            return
        if row.state != new.state or row.schema_version != new.schema_version:
            yield from _fields(row, _state_today(catalogue, row), msgspec.json.decode(new.state))


def _who(event: LedgerEvent | NewEvent) -> tuple[str, UUID, int]:
    return event.topic, event.originator_id, event.originator_version


def _state_today(catalogue: Catalogue, row: LedgerEvent) -> Any:
    """The state in the form that is written today: older versions are lifted to it."""
    event = catalogue.decode(row)
    return msgspec.json.decode(catalogue.kind_of(event).encode(event))


def _fields(row: LedgerEvent, recorded: Any, computed: Any, path: str = "") -> Iterator[Found]:
    if recorded == computed and type(recorded) is type(computed):
        return
    keys = _keys(recorded, computed)
    if keys is None:
        yield row, path, recorded, computed
        return
    for key in keys:
        deeper = f"{path}.{key}" if path else str(key)
        yield from _fields(row, _at(recorded, key), _at(computed, key), deeper)


def _keys(recorded: Any, computed: Any) -> Sequence[Any] | None:
    """What both values are divided into; None where at least one is a single value."""
    if isinstance(recorded, dict) and isinstance(computed, dict):
        return list({**recorded, **computed})
    if isinstance(recorded, list) and isinstance(computed, list):
        return range(max(len(recorded), len(computed)))
    return None


def _at(value: Any, key: Any) -> Any:
    if isinstance(value, dict):
        return value.get(key, NOTHING)
    return value[key] if key < len(value) else NOTHING
