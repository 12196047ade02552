"""Dated values of the law: what is in force on a day, and where it is written."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from grant_values.dated import DatedTable, DatedValue, NothingInForce

# § 41 Abs. 2 VwVfG before and since the Postrechtsmodernisierungsgesetz.
THREE_DAYS = DatedValue(date(2003, 2, 1), 3, "§ 41 Abs. 2 VwVfG a. F.")
FOUR_DAYS = DatedValue(date(2025, 1, 1), 4, "§ 41 Abs. 2 VwVfG")
DAYS = DatedTable("days_until_announcement", (THREE_DAYS, FOUR_DAYS))


def test_a_value_holds_from_its_first_day_until_the_next_one_begins() -> None:
    assert DAYS.on(date(2003, 2, 1)) == THREE_DAYS
    assert DAYS.on(date(2024, 12, 31)).value == 3
    assert DAYS.on(date(2025, 1, 1)).value == 4
    assert DAYS.on(date(2099, 1, 1)) == FOUR_DAYS


def test_the_source_comes_with_the_value() -> None:
    assert DAYS.on(date(2024, 12, 31)).source == "§ 41 Abs. 2 VwVfG a. F."


def test_the_order_in_which_the_values_are_written_down_does_not_matter() -> None:
    assert DatedTable("days_until_announcement", (FOUR_DAYS, THREE_DAYS)) == DAYS


def test_a_day_before_the_first_value_is_answered_with_an_error_that_names_the_table() -> None:
    day = THREE_DAYS.valid_from - timedelta(days=1)

    with pytest.raises(NothingInForce, match=r"days_until_announcement: nothing .* 2003-01-31"):
        DAYS.on(day)


def test_a_table_without_values_is_refused() -> None:
    with pytest.raises(ValueError, match="ceilings: expected at least one dated value"):
        DatedTable[int]("ceilings", ())


def test_two_values_for_the_same_first_day_are_refused() -> None:
    with pytest.raises(ValueError, match="days: expected one value for each day it begins on"):
        DatedTable("days", (FOUR_DAYS, DatedValue(date(2025, 1, 1), 3, "a misprint")))


def test_a_value_without_its_source_is_refused() -> None:
    with pytest.raises(ValueError, match="source: expected where the value is written"):
        DatedValue(date(2025, 1, 1), 4, " ")
