"""Values that the law sets and changes: each holds from a day on and has a source.

Responsible for finding what is in force on a day. Must not know any such value: they stand in
dated configuration.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

from grant_values.periods import require_date

Value = TypeVar("Value")


class NothingInForce(LookupError):
    """The table begins after the day that was asked for."""


@dataclass(frozen=True)
class DatedValue(Generic[Value]):
    """One value, the first day on which it holds, and where that is written."""

    valid_from: date
    value: Value
    source: str

    def __post_init__(self) -> None:
        require_date(self.valid_from, "valid_from")
        if not self.source.strip():
            raise ValueError("source: expected where the value is written, not an empty text")


@dataclass(frozen=True)
class DatedTable(Generic[Value]):
    """What one legal parameter was worth over time; each entry holds until the next begins."""

    name: str
    entries: tuple[DatedValue[Value], ...]

    def __post_init__(self) -> None:
        if not self.entries:
            raise ValueError(f"{self.name}: expected at least one dated value")
        ordered = tuple(sorted(self.entries, key=lambda entry: entry.valid_from))
        if len({entry.valid_from for entry in ordered}) < len(ordered):
            raise ValueError(f"{self.name}: expected one value for each day it begins on")
        object.__setattr__(self, "entries", ordered)

    def on(self, day: date) -> DatedValue[Value]:
        """What is in force on `day`, with its source. `NothingInForce` before the first entry."""
        begun = bisect_right(
            self.entries, require_date(day, "day"), key=lambda entry: entry.valid_from
        )
        if not begun:
            first = self.entries[0].valid_from
            raise NothingInForce(
                f"{self.name}: nothing is in force on {day}; the first value holds from {first}"
            )
        return self.entries[begun - 1]
