"""A study as rows for programs: one row for each thing that would differ, as CSV and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

from grant_values.money import format_euro
from pruefpfad import spreadsheets
from pruefpfad.whatif.courses import CaseStudy, Change, Said, changes
from pruefpfad.whatif.lines import Line
from pruefpfad.whatif.study import Study
from pruefpfad.whatif.sums import sums

COLUMNS = ("reference", "kind", "what", "recorded", "new", "difference")
AMOUNTS = ("calculated", "granted", "ordered", "line")
HELD = "held"


def rows(study: Study) -> Iterator[tuple[str, ...]]:
    """Case by case in order of reference, then the lines. Amounts in euros as text."""
    for case in study.differing:
        for change in changes(case):
            yield case.reference, *cells(change)
        for held in case.held:
            yield case.reference, HELD, held.reason, held.detail, "", ""
    for line in study.lines:
        for change in line_changes(line):
            yield "", *cells(change)
    for line, held in study.held_on_lines:
        yield "", HELD, held.reason, f"{_name(line)}: {held.detail}", "", ""


def as_csv(study: Study) -> str:
    """With a header, and with nothing that a spreadsheet would take for a formula."""
    return spreadsheets.as_csv(COLUMNS, rows(study))


def json_of(study: Study) -> dict[str, Any]:
    """Sums, lines and each differing case. Amounts in cents."""
    return {
        **asdict(sums(study)),
        "lines": [
            {**asdict(line), "free_cents": line.free_cents, "new_free_cents": line.new_free_cents}
            for line in study.lines
        ],
        "held_on_lines": [
            {"line": _name(line), **held._asdict()} for line, held in study.held_on_lines
        ],
        "differing_cases": [_case(case) for case in study.differing],
    }


def line_changes(line: Line) -> Iterator[Change]:
    """What differs on a line: what is promised and free, and how often it refused."""
    name = _name(line)
    if line.promised_cents != line.new_promised_cents:
        promised = line.promised_cents, line.new_promised_cents
        yield Change("line", f"{name} promised", *promised)
        yield Change("line", f"{name} free", line.free_cents, line.new_free_cents)
    if line.refused != line.new_refused:
        yield Change("refusals", f"{name} refused", line.refused, line.new_refused)


def cells(
    change: Change, euro: Callable[[int], str] = format_euro
) -> tuple[str, str, str, str, str]:
    """Kind, what, both values and, of amounts, the difference, as text."""
    before, after = change.recorded, change.new
    if change.kind in AMOUNTS:
        old, new = before or 0, after or 0
        return change.kind, change.what, euro(old), euro(new), euro(new - old)
    return change.kind, change.what, _text(before), _text(after), ""


def _case(case: CaseStudy) -> dict[str, Any]:
    return {
        "reference": case.reference,
        "case_id": case.case_id,
        "programme": case.programme,
        "changes": [change._asdict() for change in changes(case)],
        "held": [held._asdict() for held in case.held],
    }


def _text(value: Any) -> str:
    if value is None:
        return ""
    return f"{value.result} ({value.explanation})" if isinstance(value, Said) else str(value)


def _name(line: Line) -> str:
    return f"{line.programme} {line.fund} {line.year}"
