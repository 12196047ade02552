"""What is on record of participants: pure reads over the case files.

How many there are follows from who entered; everything else from counts that were closed. Nothing
here is ever computed from sealed records, so that it stays the same when their keys are gone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from grant_audit import queries
from grant_audit.pages import PARTICIPANT_COUNT, CaseFiles
from grant_values.invalid import Invalid
from grant_values.participants import GENDERS, INDICATORS


@dataclass(frozen=True)
class IndicatorRow:
    """One common output indicator: how many of those counted, by gender."""

    indicator: str
    women: int
    men: int
    non_binary: int
    total: int


@dataclass(frozen=True)
class Participants:
    """How many have entered and left; how many of them are in closed counts, and these counts.

    `counted` and `rows` leave out who was counted with persons of other cases, where one case is
    asked for.
    """

    entered: int
    left: int
    counted: int
    rows: tuple[IndicatorRow, ...]
    counts: tuple[dict[str, Any], ...]


def participants(
    store: CaseFiles, programme: str | None = None, reference: str | None = None
) -> Participants:
    """Of a programme, of one case, or of all. `Invalid` for a case that is not on record."""
    people = list(_people(store, programme, reference))
    counts = tuple(_counts(store, programme, reference))
    return Participants(
        entered=len(people),
        left=sum(bool(each["left_on"]) for each in people),
        counted=sum(count["persons"] for count in counts),
        rows=tuple(_rows(counts)),
        counts=counts,
    )


def enrolled(store: CaseFiles, reference: str) -> list[dict[str, Any]]:
    """The participants of a case by number, with the purposes whose records are destroyed or not:
    what is in them is shown nowhere."""
    section = queries.section_of(store, reference, "intake")
    if not section:
        raise Invalid("reference", f"expected that of a case on record, not {reference!r}")
    return [
        {"subject": subject, **each, "records": _records(section, subject)}
        for subject, each in sorted(
            section.get("participants", {}).items(), key=lambda item: item[1]["number"]
        )
    ]


def _records(section: dict[str, Any], subject: str) -> dict[str, bool]:
    """By purpose whether the key of the record is still there, as far as that is on record."""
    return {
        record["purpose"]: record["destroyed"] is None
        for record in section.get("personal", {}).values()
        if record["subject"] == subject
    }


def _people(
    store: CaseFiles, programme: str | None, reference: str | None
) -> Iterator[dict[str, Any]]:
    if reference is not None:
        yield from enrolled(store, reference)
        return
    for file in queries.every_case(store, ("intake",)):
        for each in (file.intake or {}).get("participants", {}).values():
            if programme in (None, each["programme"]):
                yield each


def _counts(
    store: CaseFiles, programme: str | None, reference: str | None
) -> Iterator[dict[str, Any]]:
    for page in store.documents(PARTICIPANT_COUNT, f"{programme}/" if programme else ""):
        count: dict[str, Any] = msgspec.json.decode(page.body or b"{}")
        if reference in (None, count["reference"]):
            yield count


def _rows(counts: Iterable[dict[str, Any]]) -> Iterator[IndicatorRow]:
    sums: Counter[tuple[str, str, str]] = Counter()
    for count in counts:
        for cell in count["cells"]:
            sums[cell["characteristic"], cell["value"], cell["gender"]] += cell["persons"]
    for each in INDICATORS:
        by_gender = {
            gender: sum(sums[each.characteristic, value, gender] for value in each.values)
            for gender in GENDERS
        }
        yield IndicatorRow(each.code, **by_gender, total=sum(by_gender.values()))
