"""Names and purposes as the banks of the SEPA area take them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grant_values.sepa_text import sepa_latin, sepa_name

# The basic Latin set, written out once more so that the code cannot widen it unnoticed.
SEPA_TEXT = re.compile(r"[a-zA-Z0-9/\-?:().,'+ ]*")


@pytest.mark.parametrize(
    ("text", "latin"),
    [
        ("Jugendhilfe Köln e. V.", "Jugendhilfe Koeln e. V."),
        ("Ärger Öl Übung äöüß", "Aerger Oel Uebung aeoeuess"),
        ("GROẞE STRAẞE", "GROSSE STRASSE"),
        ("Ko\u0308ln", "Koeln"),  # the umlaut as a letter and a separate diaeresis
        ("Café Señor Façade", "Cafe Senor Facade"),
        ("Łódź Ørsted Þór ışık", "Lodz Orsted Thor isik"),
        ("Αθήνα Москва", "Athena Moskva"),
        ("Müller & Söhne", "Mueller + Soehne"),
        ("Verein „Die Brücke“ »Nord«", "Verein 'Die Bruecke' 'Nord'"),
        ("Kinder stärken – Zukunft sichern", "Kinder staerken - Zukunft sichern"),
        ("a_b [c] {d}; e\\f|g", "a-b (c) (d), e/f/g"),
        ("50 % nach § 44 LHO, 5 €", "50 Prozent nach Par. 44 LHO, 5 EUR"),
        ("post@example.org", "post(at)example.org"),
        ("a*b!c#d=e~f", "a.b.c.d.e.f"),
        ("Zu\u00adkunft\u200b \u00a0 im\tQuartier\r\n", "Zukunft im Quartier"),
        ("ﬁnden ½", "finden 1/2"),
        ("/-?:().,'+ aZ09", "/-?:().,'+ aZ09"),
        ("", ""),
    ],
)
def test_text_is_rewritten_as_the_sepa_set_wants_it(text: str, latin: str) -> None:
    assert sepa_latin(text) == latin


@given(st.text(max_size=80))
def test_no_character_outside_the_sepa_set_ever_reaches_a_payment_file(text: str) -> None:
    latin = sepa_latin(text)

    assert SEPA_TEXT.fullmatch(latin)
    assert latin == latin.strip()
    assert "  " not in latin


@given(st.text(max_size=80))
def test_rewriting_what_is_rewritten_changes_nothing(text: str) -> None:
    assert sepa_latin(sepa_latin(text)) == sepa_latin(text)


def test_a_name_of_exactly_the_limit_is_taken_whole() -> None:
    assert sepa_name("x" * 70) == "x" * 70
    assert sepa_name("ä" * 35) == "ae" * 35


def test_a_name_beyond_the_limit_is_refused_with_limit_and_length_and_never_cut() -> None:
    with pytest.raises(ValueError, match=r"name: expected at most 70 characters .* not 71"):
        sepa_name("x" * 71)


def test_the_length_that_counts_is_that_of_the_sepa_spelling() -> None:
    with pytest.raises(ValueError, match="at most 70 characters in SEPA spelling, not 72"):
        sepa_name("ä" * 36)


def test_another_limit_can_be_set() -> None:
    assert sepa_name("Träger", limit=7) == "Traeger"
    with pytest.raises(ValueError, match="at most 6 characters in SEPA spelling, not 7"):
        sepa_name("Träger", limit=6)


@pytest.mark.parametrize("name", ["", "   ", "\u200b", "😀", "„“"])
def test_a_name_of_which_nothing_can_be_carried_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="name: expected at least one letter or digit"):
        sepa_name(name)
