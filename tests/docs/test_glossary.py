"""Every name of the code that people of the trade meet stands in the glossary, with its German."""

from __future__ import annotations

import re
from pathlib import Path

from grant_contracts.budgeting_commands import FUND
from pruefpfad.assembly import SERVICES
from pruefpfad.published.kinds import published_events, taken_commands

GLOSSARY = Path(__file__).parents[2] / "docs" / "glossary.md"
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in GLOSSARY.read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith(("| English", "| ---"))
]
CODE_NAMES = [row[0].strip("`") for row in ROWS if row[0].startswith("`")]
KEY_TERMS = {
    "certificate",
    "earmark",
    "finality",
    "finding",
    "four eyes",
    "lane",
    "leaf",
    "payment run",
    "position",
    "remedy",
    "reserve list",
    "tranche",
}


def _aggregates() -> set[str]:
    """The aggregates' names; the two that every service has without the service's name."""
    names = set()
    for name, service in SERVICES.items():
        names |= {each.__name__ for each in service.aggregates}
        names |= {
            each.__name__.removeprefix(name.capitalize()) for each in service.standing.classes
        }
    return names


def test_every_aggregate_is_in_the_glossary() -> None:
    assert _aggregates() - set(CODE_NAMES) == set()


def test_every_event_is_in_the_glossary() -> None:
    assert {event.name for event in published_events()} - set(CODE_NAMES) == set()


def test_every_role_and_every_fund_is_in_the_glossary() -> None:
    roles = {role for command in taken_commands() for role in command.roles}

    assert (roles | set(FUND.choices)) - set(CODE_NAMES) == set()


def test_the_terms_that_everything_turns_on_are_in_the_glossary() -> None:
    assert KEY_TERMS - {row[0] for row in ROWS} == set()


def test_no_name_of_code_is_explained_that_the_code_does_not_have() -> None:
    known = _aggregates() | {event.name for event in published_events()} | set(FUND.choices)
    roles = {role for command in taken_commands() for role in command.roles}

    assert set(CODE_NAMES) - known - roles == {"system"}


def test_every_row_has_its_german_its_meaning_and_its_source_and_stands_once() -> None:
    assert all(len(row) == 4 and all(row) for row in ROWS)
    assert len({row[0] for row in ROWS}) == len(ROWS)


def test_a_source_is_a_norm_or_is_said_to_be_none() -> None:
    norm = re.compile(r"§|Art\.|VV |VO \(EU\)|ANBest|Anhang|ISO 20022|RFC ")

    assert [row for row in ROWS if row[3] != "–" and not norm.search(row[3])] == []
