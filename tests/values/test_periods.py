"""Periods of whole days."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grant_values.periods import Period

DAY = st.dates(min_value=date(2014, 1, 1), max_value=date(2030, 12, 31))
PERIOD = st.tuples(DAY, DAY).map(lambda days: Period(min(days), max(days)))


def test_the_first_and_the_last_day_both_count() -> None:
    period = Period(date(2019, 3, 1), date(2019, 3, 31))

    assert period.days == 31
    assert period.contains(date(2019, 3, 1))
    assert period.contains(date(2019, 3, 31))
    assert not period.contains(date(2019, 2, 28))
    assert not period.contains(date(2019, 4, 1))


def test_a_period_of_one_day_is_a_period() -> None:
    assert Period(date(2019, 3, 1), date(2019, 3, 1)).days == 1


def test_an_end_before_the_start_is_refused_and_the_field_is_named() -> None:
    with pytest.raises(ValueError, match=r"ends_on: expected 2019-03-01 .* not 2019-02-28"):
        Period(date(2019, 3, 1), date(2019, 2, 28))


@pytest.mark.parametrize("moment", [datetime(2019, 3, 1, tzinfo=UTC), "2019-03-01", None])
def test_a_period_is_made_of_dates_and_the_field_is_named_where_it_is_not(moment: Any) -> None:
    with pytest.raises(ValueError, match="starts_on: expected a date without a time"):
        Period(moment, date(2019, 3, 31))
    with pytest.raises(ValueError, match=r"ends_on: expected a date without a time"):
        Period(date(2019, 3, 1), moment)
    with pytest.raises(ValueError, match="day: expected a date without a time"):
        Period(date(2019, 3, 1), date(2019, 3, 31)).contains(moment)


def test_periods_that_share_one_day_overlap_and_neighbours_do_not() -> None:
    march = Period(date(2019, 3, 1), date(2019, 3, 31))

    assert march.overlaps(Period(date(2019, 3, 31), date(2019, 4, 30)))
    assert not march.overlaps(Period(date(2019, 4, 1), date(2019, 4, 30)))
    assert not march.overlaps(Period(date(2019, 2, 1), date(2019, 2, 28)))
    assert march.overlaps(Period(date(2018, 1, 1), date(2020, 12, 31)))


def test_a_period_over_three_years_is_counted_by_calendar_year() -> None:
    period = Period(date(2018, 7, 1), date(2020, 6, 30))

    assert period.by_calendar_year() == [(2018, 184), (2019, 365), (2020, 182)]


def test_a_leap_year_has_366_days() -> None:
    leap_year = Period(date(2020, 1, 1), date(2020, 12, 31))

    assert leap_year.by_calendar_year() == [(2020, 366)]


@given(PERIOD)
def test_the_calendar_years_hold_all_days_and_none_is_empty(period: Period) -> None:
    years = period.by_calendar_year()

    assert sum(days for _, days in years) == period.days
    assert all(days >= 1 for _, days in years)
    assert [year for year, _ in years] == list(
        range(period.starts_on.year, period.ends_on.year + 1)
    )


@given(PERIOD, PERIOD)
def test_two_periods_overlap_exactly_when_one_contains_the_start_of_the_other(
    one: Period, other: Period
) -> None:
    shared = one.contains(other.starts_on) or other.contains(one.starts_on)

    assert one.overlaps(other) is other.overlaps(one) is shared
