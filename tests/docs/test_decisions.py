"""Each decision record says what would fail if the decision were not kept, and that exists."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "decisions"
RECORDS = sorted(path.name for path in FOLDER.glob("0*.md"))
HEADINGS = ["Context", "Decision", "Consequences", "Confirmation"]


def _text(record: str) -> str:
    return (FOLDER / record).read_text(encoding="utf-8")


def _contracts() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {each["name"] for each in project["tool"]["importlinter"].get("contracts", ())}


@pytest.mark.parametrize("record", RECORDS)
def test_a_record_has_its_number_its_status_and_its_parts_in_order(record: str) -> None:
    text = _text(record)

    assert text.startswith(f"# {record[:4]} ")
    assert re.search(r"^Status: (accepted|superseded by \d{4})$", text, re.MULTILINE)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS


@pytest.mark.parametrize("record", RECORDS)
def test_the_confirmation_names_tests_and_contracts_that_exist(record: str) -> None:
    confirmation = " ".join(_text(record).partition("## Confirmation")[2].split())
    tests = re.findall(r"`(tests/[^`]+)`", confirmation)
    contracts = re.findall(r'import-linter "([^"]+)"', confirmation)

    assert tests or contracts
    assert [name for name in tests if not (ROOT / name).exists()] == []
    assert set(contracts) <= _contracts()


def test_the_index_lists_every_record_with_its_title() -> None:
    index = (FOLDER / "README.md").read_text(encoding="utf-8")

    assert re.findall(r"\]\((0.+\.md)\)", index) == RECORDS
    for record in RECORDS:
        title = _text(record).splitlines()[0].removeprefix(f"# {record[:4]} ")
        assert f"| [{record[:4]}]({record}) | {title} |" in index
