"""The page that says which tests hold which requirement names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "requirements.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (R\d+) \| .+ \| (`tests/.+`) \|$", PAGE, re.MULTILINE)
HELD_BY = [(number, place) for number, held in ROWS for place in re.findall(r"`([^`]+)`", held)]


@pytest.mark.parametrize(("number", "place"), HELD_BY)
def test_each_test_that_the_page_names_exists(number: str, place: str) -> None:
    path, _, name = place.partition("::")
    text = (ROOT / path).read_text(encoding="utf-8")

    assert f"def {name or 'test_'}" in text, number


def test_every_line_of_the_table_is_read_and_each_number_stands_once() -> None:
    numbers = [number for number, _ in ROWS]

    assert len(numbers) == len(set(numbers)) == len(re.findall(r"^\| R", PAGE, re.MULTILINE))
    asked = [*range(84, 91), *range(98, 102), 109]
    assert {f"R{number}" for number in asked} <= set(numbers)
