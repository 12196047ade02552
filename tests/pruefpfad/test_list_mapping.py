"""A mapping file is read as a whole, or refused with the field that is wrong."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from marshmallow import ValidationError

from pruefpfad.sources.list_mapping import read_mapping

MAPPING = (Path(__file__).parents[2] / "examples" / "esf-nrw-2014-2020" / "mapping.toml").read_text(
    encoding="utf-8"
)


def test_the_fingerprint_of_the_example_takes_every_column_but_the_number() -> None:
    mapping = read_mapping(MAPPING)

    everything = set(mapping.needed_columns())
    assert everything - set(mapping.fingerprint) == {mapping.columns.number}
    assert len(mapping.fingerprint) == 13


def test_what_the_list_does_not_say_is_all_under_invented() -> None:
    invented = tomllib.loads(MAPPING)["invented"]

    assert set(invented) == {
        *("days_before_start", "time_of_day", "module", "target_groups"),
        *("declarations", "payee"),
    }


@pytest.mark.parametrize(
    ("old", "new", "field", "expected"),
    [
        ('encoding = "utf-8"', 'encoding = "utf-16"', "file", "utf-8, cp1252"),
        ('delimiter = ","', 'delimiter = ";;"', "file", "Length must be 1"),
        ('decimal_mark = "."', 'decimal_mark = "x"', "file", "one of"),
        ('thousands_mark = ""', 'thousands_mark = "."', "file", "another mark"),
        ('"%Y-%m-%d"', '"%Y-%m"', "file", "%Y, %m and %d"),
        ('eligible = "total_eligible_eur"\n', "", "columns", "eligible"),
        ("[fingerprint]", "[fingreprint]", "fingreprint", "no field of this name"),
        ('  "beneficiary_key",\n', '  "row_no",\n', "fingerprint", "without the number"),
        ('legal_person = "unknown"', 'legal_person = "maybe"', "applicant_classes", "yes, no"),
        ('"Beneficiary {key}"', '"Beneficiary"', "invented", "{key}"),
        ('"Beneficiary {key}"', '"{name} {key}"', "invented", "{key}"),
        ('bank_code = "99999998"', 'bank_code = "9999"', "invented", "bank_code"),
        ('bic = "ZZZZDEFFXXX"', 'bic = "ZZ"', "invented", "BIC"),
        ("days_before_start = 30", "days_before_start = -1", "invented", "days_before_start"),
        ("digits = 6", 'digits = "6"', "reference", "digits"),
    ],
)
def test_a_broken_mapping_is_refused_and_the_field_is_named(
    old: str, new: str, field: str, expected: str
) -> None:
    assert old in MAPPING

    with pytest.raises(ValidationError) as refusal:
        read_mapping(MAPPING.replace(old, new))

    messages: dict[str, Any] = refusal.value.normalized_messages()
    assert field in messages
    assert expected in f"{messages}"


def test_broken_toml_is_refused_with_its_place() -> None:
    with pytest.raises(ValidationError, match=r"mapping.*expected TOML: .*line 1"):
        read_mapping("[file\n")


def test_every_seat_is_a_country_or_a_land_of_iso_3166() -> None:
    lands = tomllib.loads(MAPPING)["lands"]

    assert all(len(code) == 2 or code.startswith("DE-") for code in lands.values())
    assert lands["Deutschland, Nordrhein-Westfalen"] == "DE-NW"
