"""Periods of whole days, such as an approval period or the period of an operation.

Responsible for counting days. Must not know deadlines (see `legal_time`) or money.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


def require_date(day: date, name: str) -> date:
    """`day` itself, if it is a plain date: an instant has no legal date without its time zone."""
    if not isinstance(day, date) or isinstance(day, datetime):
        raise ValueError(f"{name}: expected a date without a time, not {type(day).__name__}")
    return day


@dataclass(frozen=True)
class Period:
    """A span of days; the first and the last day both belong to it."""

    starts_on: date
    ends_on: date

    def __post_init__(self) -> None:
        require_date(self.starts_on, "starts_on")
        require_date(self.ends_on, "ends_on")
        if self.ends_on < self.starts_on:
            raise ValueError(
                f"ends_on: expected {self.starts_on} (the start) or a later day, not {self.ends_on}"
            )

    @property
    def days(self) -> int:
        """Number of days, at least 1."""
        return (self.ends_on - self.starts_on).days + 1

    def contains(self, day: date) -> bool:
        return self.starts_on <= require_date(day, "day") <= self.ends_on

    def overlaps(self, other: Period) -> bool:
        """Whether at least one day belongs to both."""
        return self.starts_on <= other.ends_on and other.starts_on <= self.ends_on

    def by_calendar_year(self) -> list[tuple[int, int]]:
        """Each calendar year that the period touches, with the number of its days in it."""
        return [
            (year, self._within(year).days)
            for year in range(self.starts_on.year, self.ends_on.year + 1)
        ]

    def _within(self, year: int) -> Period:
        return Period(
            max(self.starts_on, date(year, 1, 1)),
            min(self.ends_on, date(year, 12, 31)),
        )
