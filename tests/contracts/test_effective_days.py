"""Every topic of the case file has its line in the table of effective days, and `docs/time.md` has
the same lines."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import msgspec
import pytest

from audit.feeds import a_fact
from grant_audit.effective_days import COUNTS, NOT_FIELDS, THINGS, own_day
from grant_audit.projections import PROJECTIONS
from grant_contracts.registry import FACTS
from support.authority import an_event

PAGE = Path(__file__).resolve().parents[2] / "docs" / "time.md"
ROW = re.compile(
    r"^\| `(?P<topic>[^`]+)` \| (?P<by>[^|]+) \| (?P<bases>[^|]+) \| (?P<why>[^|]+) \|$"
)
STANDING = (
    *("AccessRefused", "DemonstrationDeclared", "ParkedEventDiscarded"),
    *("HeadAnchored", "IncidentRecorded"),
)


def rows_of_the_page() -> dict[str, re.Match[str]]:
    page = PAGE.read_text(encoding="utf-8")
    table = page.partition("\n## The day of each topic\n")[2].partition("\n## ")[0]
    found = (ROW.match(line) for line in table.splitlines())
    return {row["topic"]: row for row in found if row}


def test_every_topic_that_audit_follows_says_from_which_day_it_counts() -> None:
    assert set(COUNTS) == set(PROJECTIONS)


def test_what_begins_and_what_is_presupposed_are_things_that_something_begins() -> None:
    begun = {counts.begins for counts in COUNTS.values() if counts.begins}
    presupposed = {name for counts in COUNTS.values() for name in counts.presupposes}
    assert begun <= set(THINGS)
    assert presupposed | {each.at_latest for each in COUNTS.values() if each.at_latest} <= begun


@pytest.mark.parametrize("topic", sorted(COUNTS))
def test_the_day_of_a_fact_can_be_read_from_it(topic: str) -> None:
    given = {"definition": {"valid_from": "2019-03-01"}} if "definition" in _fields(topic) else {}
    fact = msgspec.convert(a_fact(topic, **given), FACTS[topic], strict=False)
    day = own_day(an_event(topic, "ZIQ-1", 1), fact)
    assert day is None or isinstance(day, date)


def _fields(topic: str) -> set[str]:
    return {field.name for field in msgspec.structs.fields(FACTS[topic])}


def test_the_page_has_the_same_lines_with_reasons() -> None:
    told = {
        topic: (row["by"].strip("` "), row["bases"].strip())
        for topic, row in rows_of_the_page().items()
    }
    known = {
        _on_the_page(topic): (counts.by, ", ".join(counts.presupposes) or "–")
        for topic, counts in COUNTS.items()
    }
    assert told == known
    assert all(row["why"].strip() for row in rows_of_the_page().values())


def _on_the_page(topic: str) -> str:
    name = topic.partition(".")[2]
    return f"<service>.{name}" if name in STANDING else topic


def test_fields_are_told_apart_from_what_is_none() -> None:
    for topic, counts in COUNTS.items():
        assert counts.by in NOT_FIELDS or counts.by.partition(".")[0] in _fields(topic)
