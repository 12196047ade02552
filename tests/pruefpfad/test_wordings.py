"""Figures are read from a wording only where every word of it is understood."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grant_values.money import format_euro
from pruefpfad.sources.wordings import UNREAD, Reading, read_amount, read_end, read_seat


@pytest.mark.parametrize(
    ("wording", "reading"),
    [
        (
            "rd. vier Mio. Euro jährlich (ESF- und Landesmittel)",
            Reading("4000000.00", "approximate", ("ESF", "Land")),
        ),
        ("ca. 3,5 Mio. Euro", Reading("3500000.00", "approximate")),
        ("zwölf Mio. € (Landesmittel)", Reading("12000000.00", "stated", ("Land",))),
        ("eine Million Euro", Reading("1000000.00")),
        ("350.000,50 EUR pro Jahr", Reading("350000.50")),
        ("750 Tsd. Euro", Reading("750000.00")),
        ("zwei Mrd. Euro", Reading("2000000000.00")),
        ("fünf Mio. Euro (Lotteriemittel)", Reading("5000000.00")),
    ],
)
def test_an_amount_is_read_with_its_certainty_and_funds(wording: str, reading: Reading) -> None:
    assert read_amount(wording) == reading


@pytest.mark.parametrize(
    "wording",
    [
        "",
        "nach Haushaltslage",
        "vier bis fünf Mio. Euro",
        "rd. vier Mio. Euro, davon zwei Mio. Euro ESF",
        "vier Mio. Dollar",
        "dreizehn Mio. Euro",
        "4.00 Euro",
        "0,005 Euro",
        "99999999 Mrd. Euro",
    ],
)
def test_an_amount_that_is_not_wholly_understood_is_not_guessed(wording: str) -> None:
    assert read_amount(wording) == UNREAD


@given(st.integers(min_value=0, max_value=10**14))
def test_every_amount_written_the_german_way_is_read_to_the_cent(cents: int) -> None:
    euros, rest = divmod(cents, 100)
    german = f"{euros:,}".replace(",", ".") + f",{rest:02d} Euro"

    assert read_amount(german).value == format_euro(cents)


@pytest.mark.parametrize(
    ("wording", "reading"),
    [
        ("vor. Dezember 2024", Reading("2024-12-31", "expected")),
        ("voraussichtlich Februar 2028", Reading("2028-02-29", "expected")),
        ("bis Ende Juni 2023", Reading("2023-06-30")),
        ("31.12.2024", Reading("2024-12-31")),
        ("15. März 2022", Reading("2022-03-15")),
        ("06.2023", Reading("2023-06-30")),
    ],
)
def test_the_end_of_a_term_is_its_last_day(wording: str, reading: Reading) -> None:
    assert read_end(wording) == reading


@pytest.mark.parametrize(
    "wording", ["", "2024", "unbefristet", "Mitte 2024", "31.02.2024", "13.2024", "Dezember 0000"]
)
def test_an_end_that_names_no_certain_day_is_not_guessed(wording: str) -> None:
    assert read_end(wording) == UNREAD


def test_before_december_is_not_expected_in_december() -> None:
    assert read_end("vor Dezember 2024") == UNREAD


def test_the_seat_is_read_as_the_code_of_the_land() -> None:
    assert read_seat("Vereine mit Sitz in Nordrhein-Westfalen, hierzu …").value == "DE-NW"
    assert read_seat("Vereine mit Sitz in Sachsen-Anhalt.").value == "DE-ST"


@pytest.mark.parametrize(
    "wording",
    ["Vereine", "mit Sitz in Westfalen", "mit Sitz in Hessen oder mit Sitz in Bayern"],
)
def test_a_seat_that_names_no_single_land_is_not_guessed(wording: str) -> None:
    assert read_seat(wording) == UNREAD
