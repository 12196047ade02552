"""Dates and deadlines as German administrative law counts them.

Responsible for the legal date of an instant, ends of periods, working days, announcement and
finality. Must not know how many days or months a rule of law grants: those are dated
configuration and arrive as arguments. Reads no clock.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from grant_values.periods import require_date

LEGAL_ZONE = ZoneInfo("Europe/Berlin")
ONE_DAY = timedelta(days=1)
SATURDAY = 5


def legal_date(instant: datetime) -> date:
    """The date on which `instant` falls in Europe/Berlin. 2019-02-28T23:30Z is 1 March."""
    if instant.tzinfo is None or instant.utcoffset() is None:
        raise ValueError("instant: expected a date-time with its time zone, not a naive one")
    return instant.astimezone(LEGAL_ZONE).date()


def month_period_end(event_day: date, months: int) -> date:
    """Last day of a period of months that an event on `event_day` sets going.

    The day of the event does not count (§ 187 Abs. 1 BGB). The period ends on the day of the last
    month that bears the same number (§ 188 Abs. 2 BGB), or on that month's last day where the
    number is missing (§ 188 Abs. 3 BGB).
    """
    require_date(event_day, "event_day")
    return event_day + relativedelta(months=_at_least_one(months, "months"))


def day_period_end(event_day: date, days: int) -> date:
    """Last day of a period of days; the event's day does not count (§§ 187 Abs. 1, 188 Abs. 1)."""
    require_date(event_day, "event_day")
    return event_day + timedelta(days=_at_least_one(days, "days"))


def is_working_day(day: date, land: str = "NW") -> bool:
    """Whether `day` is neither a Saturday, a Sunday nor a public holiday of the Land."""
    weekday = require_date(day, "day").weekday()
    return weekday < SATURDAY and day not in _public_holidays(land, day.year)


def next_working_day(day: date, land: str = "NW") -> date:
    """`day` itself if it is a working day, else the next (§ 193 BGB, § 31 Abs. 3 VwVfG)."""
    while not is_working_day(day, land):
        day += ONE_DAY
    return day


def deemed_announcement(
    dispatched_on: date, days: int, *, shift_to_working_day: bool, land: str = "NW"
) -> date:
    """The day on which a dispatched act counts as announced (§ 41 Abs. 2 VwVfG).

    Whether that day moves when it is no working day is disputed, so the caller's dated
    configuration says so, as it says the number of days.
    """
    announced_on = day_period_end(dispatched_on, days)
    return next_working_day(announced_on, land) if shift_to_working_day else announced_on


def remedy_period_end(announced_on: date, *, months: int, land: str = "NW") -> date:
    """Last day on which a remedy can be lodged (§§ 57 Abs. 2, 74 VwGO, § 222 Abs. 2 ZPO)."""
    return next_working_day(month_period_end(announced_on, months), land)


@lru_cache(maxsize=1024)
def _public_holidays(land: str, year: int) -> frozenset[date]:
    # Imported here because the package loads the calendars of all countries: half of the start-up
    # time of a command that needs none of them.
    from holidays.countries.germany import Germany

    if land not in Germany.subdivisions:
        known = ", ".join(Germany.subdivisions)
        raise ValueError(f"land: expected one of {known}, not {land!r}")
    # Outside these years the calendar is empty, which would make every holiday a working day.
    if not Germany.start_year <= year <= Germany.end_year:
        raise ValueError(
            f"day: expected a year from {Germany.start_year} to {Germany.end_year},"
            f" for which the holidays are known, not {year}"
        )
    return frozenset(Germany(subdiv=land, years=year, expand=False))


def _at_least_one(count: int, name: str) -> int:
    if type(count) is not int or count < 1:
        raise ValueError(f"{name}: expected a whole number of at least 1, not {count!r}")
    return count
