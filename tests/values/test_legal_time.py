"""Legal time: vectors of civil law and of administrative procedure in North Rhine-Westphalia."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from dateutil.easter import easter
from hypothesis import given
from hypothesis import strategies as st

from grant_values.legal_time import (
    day_period_end,
    deemed_announcement,
    is_working_day,
    legal_date,
    month_period_end,
    next_working_day,
    remedy_period_end,
)

DAY = st.dates(min_value=date(1995, 1, 1), max_value=date(2098, 12, 31))

# § 2 Feiertagsgesetz NW: fixed days (month, day), and days counted from Easter Sunday.
FIXED = [(1, 1), (5, 1), (10, 3), (11, 1), (12, 25), (12, 26)]
FROM_EASTER = {"Karfreitag": -2, "Ostermontag": 1, "Himmelfahrt": 39, "Pfingstmontag": 50}
FRONLEICHNAM = 60


# Instants


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        ("2019-02-28T22:59:59+00:00", date(2019, 2, 28)),
        ("2019-02-28T23:00:00+00:00", date(2019, 3, 1)),
        ("2019-02-28T23:30:00+00:00", date(2019, 3, 1)),
        # Summer time, two hours ahead of UTC, begins on 31 March and ends on 27 October 2019.
        ("2019-03-30T22:59:59+00:00", date(2019, 3, 30)),
        ("2019-03-31T21:59:59+00:00", date(2019, 3, 31)),
        ("2019-03-31T22:00:00+00:00", date(2019, 4, 1)),
        ("2019-10-26T22:00:00+00:00", date(2019, 10, 27)),
        ("2019-10-27T22:59:59+00:00", date(2019, 10, 27)),
        ("2019-10-27T23:00:00+00:00", date(2019, 10, 28)),
        ("2019-12-31T18:30:00-05:00", date(2020, 1, 1)),
    ],
)
def test_an_instant_falls_on_the_date_that_the_clock_in_berlin_shows(
    instant: str, day: date
) -> None:
    assert legal_date(datetime.fromisoformat(instant)) == day


def test_an_instant_without_its_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="instant: expected a date-time with its time zone"):
        legal_date(datetime(2019, 2, 28, 23, 30))  # noqa: DTZ001 - the naive one is the case.


@given(
    st.datetimes(min_value=datetime(1995, 1, 1), max_value=datetime(2098, 1, 1)),  # noqa: DTZ001
    st.integers(min_value=-12 * 60, max_value=14 * 60),
)
def test_the_legal_date_depends_on_the_instant_and_not_on_how_it_is_written(
    moment: datetime, offset_minutes: int
) -> None:
    instant = moment.replace(tzinfo=UTC)
    elsewhere = instant.astimezone(timezone(timedelta(minutes=offset_minutes)))

    assert legal_date(elsewhere) == legal_date(instant)


# Periods


@pytest.mark.parametrize(
    ("event_day", "months", "end"),
    [
        (date(2019, 3, 15), 1, date(2019, 4, 15)),  # § 188 Abs. 2 BGB
        (date(2019, 2, 28), 1, date(2019, 3, 28)),  # the same number, not the last day
        (date(2019, 1, 31), 1, date(2019, 2, 28)),  # § 188 Abs. 3 BGB
        (date(2019, 1, 29), 1, date(2019, 2, 28)),
        (date(2020, 1, 31), 1, date(2020, 2, 29)),  # leap year
        (date(2020, 1, 29), 1, date(2020, 2, 29)),
        (date(2019, 3, 31), 1, date(2019, 4, 30)),
        (date(2019, 12, 31), 2, date(2020, 2, 29)),
        (date(2019, 11, 30), 3, date(2020, 2, 29)),
        (date(2020, 2, 29), 12, date(2021, 2, 28)),  # § 58 Abs. 2 VwGO: a year
        (date(2019, 2, 28), 12, date(2020, 2, 28)),
        (date(2019, 12, 5), 1, date(2020, 1, 5)),
    ],
)
def test_a_period_of_months_ends_on_the_day_of_the_same_number_or_the_last_of_the_month(
    event_day: date, months: int, end: date
) -> None:
    assert month_period_end(event_day, months) == end


def test_the_day_of_the_event_does_not_count_in_a_period_of_days() -> None:
    assert day_period_end(date(2019, 3, 1), 1) == date(2019, 3, 2)
    assert day_period_end(date(2020, 2, 27), 3) == date(2020, 3, 1)
    assert day_period_end(date(2019, 12, 30), 14) == date(2020, 1, 13)


@pytest.mark.parametrize("count", [0, -1, 1.0, True, "1", None])
def test_a_period_that_is_no_whole_number_of_at_least_one_is_refused(count: Any) -> None:
    with pytest.raises(ValueError, match="months: expected a whole number of at least 1"):
        month_period_end(date(2019, 3, 1), count)
    with pytest.raises(ValueError, match="days: expected a whole number of at least 1"):
        day_period_end(date(2019, 3, 1), count)


def test_an_instant_is_no_day_on_which_a_period_begins() -> None:
    instant = datetime(2019, 2, 28, 23, 30, tzinfo=UTC)

    with pytest.raises(ValueError, match="event_day: expected a date without a time"):
        month_period_end(instant, 1)
    with pytest.raises(ValueError, match="event_day: expected a date without a time"):
        day_period_end(instant, 1)


@given(DAY, st.integers(min_value=1, max_value=36))
def test_a_period_of_months_never_skips_a_month(event_day: date, months: int) -> None:
    end = month_period_end(event_day, months)

    assert (end.year - event_day.year) * 12 + end.month - event_day.month == months
    assert end.day == event_day.day or (end.day < event_day.day and (end + timedelta(1)).day == 1)


# Working days


@pytest.mark.parametrize("year", range(2014, 2031))
def test_the_public_holidays_are_those_of_the_holiday_act_of_north_rhine_westphalia(
    year: int,
) -> None:
    of_the_act = {date(year, month, day) for month, day in FIXED}
    of_the_act |= {easter(year) + timedelta(days) for days in [*FROM_EASTER.values(), FRONLEICHNAM]}
    if year == 2017:  # The 500th anniversary of the Reformation, once only.
        of_the_act.add(date(2017, 10, 31))
    days = [date(year, 1, 1) + timedelta(number) for number in range(366)]
    days = [day for day in days if day.year == year and day.weekday() < 5]

    free = {day for day in days if not is_working_day(day, "NW")}

    assert free == {day for day in of_the_act if day.weekday() < 5}


@pytest.mark.parametrize(
    ("day", "next_day"),
    [
        (date(2019, 3, 15), date(2019, 3, 15)),  # a Friday
        (date(2019, 3, 16), date(2019, 3, 18)),  # a Saturday
        (date(2019, 3, 17), date(2019, 3, 18)),  # a Sunday
        (date(2019, 6, 20), date(2019, 6, 21)),  # Fronleichnam
        (date(2019, 11, 1), date(2019, 11, 4)),  # Allerheiligen on a Friday
        (date(2019, 4, 19), date(2019, 4, 23)),  # Karfreitag to the Tuesday after Easter
        (date(2020, 12, 25), date(2020, 12, 28)),
        (date(2017, 10, 31), date(2017, 11, 2)),  # Reformationstag 2017, then Allerheiligen
        (date(2018, 10, 31), date(2018, 10, 31)),
        (date(2022, 12, 31), date(2023, 1, 2)),  # over the turn of the year
        (date(2019, 12, 24), date(2019, 12, 24)),  # Christmas Eve is no public holiday
        (date(2019, 1, 6), date(2019, 1, 7)),
        (date(2020, 1, 6), date(2020, 1, 6)),  # Epiphany is none in North Rhine-Westphalia
    ],
)
def test_a_day_that_is_no_working_day_moves_to_the_next_one(day: date, next_day: date) -> None:
    assert next_working_day(day) == next_day


def test_the_holidays_are_those_of_the_land_that_is_asked_for() -> None:
    assert next_working_day(date(2019, 6, 20), "BE") == date(2019, 6, 20)
    assert next_working_day(date(2018, 10, 31), land="NI") == date(2018, 11, 1)


def test_an_unknown_land_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"land: expected one of BB, .*NW.* not 'NRW'"):
        next_working_day(date(2019, 6, 20), "NRW")


def test_a_year_whose_holidays_are_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match="day: expected a year from 1991 to 2100"):
        next_working_day(date(2101, 1, 3))


@given(DAY)
def test_the_next_working_day_is_a_working_day_and_passes_none_over(day: date) -> None:
    working_day = next_working_day(day)

    assert is_working_day(working_day)
    assert 0 <= (working_day - day).days <= 5
    assert not any(is_working_day(day + timedelta(n)) for n in range((working_day - day).days))


# Announcement, remedy, finality


def test_a_dispatched_act_counts_as_announced_after_the_days_that_the_caller_states() -> None:
    friday = date(2024, 12, 20)

    assert deemed_announcement(friday, 3, shift_to_working_day=False) == date(2024, 12, 23)
    assert deemed_announcement(friday, 4, shift_to_working_day=False) == date(2024, 12, 24)


def test_a_deemed_announcement_on_a_sunday_moves_only_where_the_rule_says_so() -> None:
    thursday = date(2019, 3, 14)

    assert deemed_announcement(thursday, 3, shift_to_working_day=False) == date(2019, 3, 17)
    assert deemed_announcement(thursday, 3, shift_to_working_day=True) == date(2019, 3, 18)


def test_a_deemed_announcement_on_fronleichnam_moves_in_the_land_that_keeps_it() -> None:
    monday = date(2019, 6, 17)

    moved = deemed_announcement(monday, 3, shift_to_working_day=True, land="NW")
    unmoved = deemed_announcement(monday, 3, shift_to_working_day=True, land="BE")

    assert (moved, unmoved) == (date(2019, 6, 21), date(2019, 6, 20))


@pytest.mark.parametrize(
    ("announced_on", "end"),
    [
        (date(2019, 3, 15), date(2019, 4, 15)),
        (date(2019, 3, 19), date(2019, 4, 23)),  # 19 April 2019 is Karfreitag
        (date(2019, 5, 20), date(2019, 6, 21)),  # 20 June 2019 is Fronleichnam
        (date(2019, 10, 1), date(2019, 11, 4)),  # 1 November 2019 is Allerheiligen, a Friday
        (date(2020, 1, 31), date(2020, 3, 2)),  # 29 February 2020 is a Saturday
        (date(2019, 11, 25), date(2019, 12, 27)),  # both days of Christmas
    ],
)
def test_a_remedy_period_of_a_month_ends_on_a_working_day(announced_on: date, end: date) -> None:
    assert remedy_period_end(announced_on, months=1) == end


def test_without_instruction_on_remedies_the_period_is_a_year() -> None:
    """§ 58 Abs. 2 VwGO; 15 March 2020 is a Sunday."""
    assert remedy_period_end(date(2019, 3, 15), months=12, land="NW") == date(2020, 3, 16)
