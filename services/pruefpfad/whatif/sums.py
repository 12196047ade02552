"""A study in sums: how many cases differ in what, and how much money by fund and budget year."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from pruefpfad.whatif.courses import CaseStudy, LineKey, changes
from pruefpfad.whatif.study import Study

KINDS = ("late", "check", "calculated", "earmark", "granted", "terms", "day", "ordered")


@dataclass(frozen=True)
class YearSum:
    """What was granted and ordered of one fund in one year, and what would have been, in cents."""

    fund: str
    year: int
    granted_cents: int
    new_granted_cents: int
    ordered_cents: int
    new_ordered_cents: int


@dataclass(frozen=True)
class Sums:
    """Of all cases looked at."""

    cases: int
    asked: int
    """Cases that the other rules are asked for, because they were received in the window."""
    differing: int
    by_kind: dict[str, int]
    """Cases that differ in a kind of thing; one case may differ in several."""
    held: dict[str, int]
    """Acts of persons by the reason for which they are held against the rule."""
    held_cases: int
    """Cases with at least one of them."""
    checks: dict[str, int]
    """Cases by "rule: before → after", for each result that would be another one; "–" for no
    objection."""
    years: list[YearSum]


def sums(study: Study) -> Sums:
    kinds, checks, held = Counter[str](), Counter[str](), Counter[str]()
    for case in study.differing:
        found = list(changes(case))
        kinds.update({change.kind for change in found})
        for change in found:
            if change.kind == "check":
                before, after = _result(change.recorded), _result(change.new)
                checks[f"{change.what}: {before} → {after}"] += 1
        held.update(each.reason for each in case.held)
    held.update(each.reason for _, each in study.held_on_lines)
    return Sums(
        cases=len(study.cases),
        asked=sum(1 for case in study.cases if case.applies),
        differing=len(study.differing),
        by_kind={kind: kinds[kind] for kind in KINDS},
        held=dict(sorted(held.items())),
        held_cases=sum(1 for case in study.cases if case.held),
        checks=dict(sorted(checks.items())),
        years=_years(study.cases),
    )


def _result(said: object) -> str:
    result: str = getattr(said, "result", "–")
    return result


def _years(cases: Iterable[CaseStudy]) -> list[YearSum]:
    totals = [Counter[LineKey]() for _ in range(4)]
    for case in cases:
        for total, course in zip(totals, (case.recorded, case.new), strict=False):
            for each in course.granted:
                total[each.fund, each.year] += each.amount_cents
        totals[2].update(case.recorded.ordered)
        totals[3].update(case.new.ordered)
    keys = sorted({key for total in totals for key in total}, key=lambda key: (key[1], key[0]))
    return [YearSum(*key, *(total[key] for total in totals)) for key in keys]
