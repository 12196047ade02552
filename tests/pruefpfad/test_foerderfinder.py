"""A record of the Förderfinder becomes a draft that keeps every field and guesses nothing."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from grant_contracts.programme import read_definition
from pruefpfad.sources.foerderfinder import (
    LABELS,
    decode,
    draft,
    plain_text,
    read_record,
    toml_text,
)

EXAMPLE = Path(__file__).parents[2] / "examples" / "zusammen-im-quartier"
RECORD = (EXAMPLE / "foerderfinder.txt").read_bytes()


def a_record(**changed: str) -> str:
    values = dict.fromkeys(LABELS, "Text") | changed
    return "".join(f"{label}\t{value}\n" for label, value in values.items())


def test_all_ten_fields_of_the_real_record_are_kept_in_their_order() -> None:
    record = tomllib.loads(draft(decode(RECORD)))["record"]

    assert [field["label"] for field in record] == list(LABELS)
    assert record[5]["text"] == "vor. Dezember 2024"
    description = record[2]["text"]
    assert description.startswith("Um einer fortschreitenden sozialen Segregation")
    assert len(description.split("\n\n")) == 3
    assert "<" not in description


def test_the_figures_of_the_real_record_stand_beside_their_wording() -> None:
    figures = {each["name"]: each for each in tomllib.loads(draft(decode(RECORD)))["figures"]}

    assert figures["annual_funds"] == {
        "name": "annual_funds",
        "value": "4000000.00",
        "wording": "rd. vier Mio. Euro jährlich (ESF- und Landesmittel)",
        "certainty": "approximate",
        "funds": ["ESF", "Land"],
        "source": "Förderfinder NRW, Feld „jährlich eingesetzte Mittel“",
    }
    assert figures["ends_on"]["value"] == "2024-12-31"
    assert figures["ends_on"]["certainty"] == "expected"
    assert figures["ends_on"]["wording"] == "vor. Dezember 2024"


def test_a_draft_names_what_a_person_must_add_and_cannot_be_registered_before() -> None:
    text = draft(decode(RECORD))

    with pytest.raises(ValidationError) as refusal:
        read_definition(text)

    missing = set(refusal.value.normalized_messages())
    assert missing == {
        *("code", "version", "valid_from", "cci", "reference_prefix"),
        *("money", "rules", "decision", "debtor"),
    }
    assert all(f"#   {name}\n" in text for name in missing)


def test_a_wording_that_cannot_be_read_stays_with_an_empty_value() -> None:
    text = draft(a_record(**{"Laufzeit (bis)": "nach Haushaltslage"}))

    [end] = [each for each in tomllib.loads(text)["figures"] if each["name"] == "ends_on"]
    assert (end["value"], end["wording"]) == ("", "nach Haushaltslage")
    assert "land" not in tomllib.loads(text)


def test_an_unknown_label_is_kept() -> None:
    text = draft(a_record(Stichtag="28.02.2019"))

    assert tomllib.loads(text)["record"][-1] == {"label": "Stichtag", "text": "28.02.2019"}


def test_a_wrong_encoding_is_refused_with_line_and_byte() -> None:
    with pytest.raises(ValidationError, match=r"expected UTF-8: line 2, byte 16 .*0xfc"):
        decode("Ressort\tX\nMaßn".encode() + "ü".encode("latin-1"))


def test_a_byte_order_mark_is_no_part_of_the_first_label() -> None:
    assert "Ressort" in read_record(decode(b"\xef\xbb\xbf" + a_record().encode()))


def test_a_line_without_a_tab_is_refused_with_its_number() -> None:
    with pytest.raises(ValidationError, match=r"line 2.*a label, a tab and a value"):
        read_record("Ressort\tX\nMaßnahme X\n")


def test_a_label_that_comes_twice_is_refused_with_both_lines() -> None:
    with pytest.raises(ValidationError, match=r"line 11.*'Ressort' stands on line 1"):
        read_record(a_record() + "Ressort\tY\n")


def test_a_missing_label_is_refused_by_name() -> None:
    record = a_record().replace("Laufzeit (bis)\tText\n", "")

    with pytest.raises(ValidationError, match=r"expected the labels 'Laufzeit \(bis\)' as well"):
        read_record(record)


def test_broken_html_is_refused_with_its_line() -> None:
    with pytest.raises(ValidationError, match=r"line 4.*expected HTML in 'Adressat'"):
        read_record(a_record(Adressat="a <![x[ b"))


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Eins</p> <p>Zwei</p>", "Eins\n\nZwei"),
        ("Zeile<br>und\nnoch  eine", "Zeile\nund noch eine"),
        ("<ul><li>a</li><li>b</li></ul>", "- a\n\n- b"),
        ("K&uuml;mmerer &amp; Co. &lt; 3", "Kümmerer & Co. < 3"),
        ("a < b & c", "a < b & c"),
        ("Text<script>evil()</script> bleibt", "Text bleibt"),
    ],
)
def test_html_becomes_plain_text(html: str, text: str) -> None:
    assert plain_text(html) == text


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_text_comes_back_from_toml_as_it_went_in(text: str) -> None:
    assert tomllib.loads(f"text = {toml_text(text)}\n")["text"] == text


@given(st.binary(max_size=200))
def test_no_bytes_whatever_break_the_reader_other_than_by_a_named_refusal(raw: bytes) -> None:
    try:
        draft(decode(raw + a_record().encode()))
    except ValidationError as refusal:
        assert refusal.normalized_messages()
