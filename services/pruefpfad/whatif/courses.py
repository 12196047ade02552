"""How a case went, and how it would have gone: two courses of the same form, side by side.

Plain values. They hold what rules and lines decide, never what persons do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from grant_values.shapes import Tranche

PROMISED = "promised"
NOTHING_TO_PROMISE = "nothing_to_promise"

LineKey = tuple[str, int]
"""Fund and budget year."""


class Said(NamedTuple):
    """What a rule said about a case."""

    result: str
    explanation: str


class Held(NamedTuple):
    """A person's act that the other rules would contradict, and that is held all the same."""

    reason: str
    detail: str


@dataclass
class Course:
    """One of the two. What never came to pass is empty or None."""

    late: bool = False
    objections: dict[str, Said] = field(default_factory=dict)
    """What rules said against the case, or left to a person. A rule that is met, and one that is
    not asked, object to nothing."""
    calculated: tuple[Tranche, ...] = ()
    earmark: str = ""
    """"promised", or the reason why not; empty where nobody asked for money."""
    granted: tuple[Tranche, ...] = ()
    terms: dict[str, Any] = field(default_factory=dict)
    """What else an award says, but for its amounts."""
    deemed_on: date | None = None
    remedy_ends_on: date | None = None
    final_on: date | None = None
    ordered: dict[LineKey, int] = field(default_factory=dict)


@dataclass
class CaseStudy:
    """One case: its two courses, and what is held against the rule."""

    case_id: UUID
    reference: str
    programme: str
    applies: bool
    """Whether the other rules are asked for this case; else it can differ by its lines alone."""
    recorded: Course = field(default_factory=Course)
    new: Course = field(default_factory=Course)
    held: list[Held] = field(default_factory=list)

    @property
    def differs(self) -> bool:
        return self.recorded != self.new or bool(self.held)


class Change(NamedTuple):
    """One thing that would differ. Amounts are in cents; None where there is nothing."""

    kind: str
    what: str
    recorded: Any
    new: Any


def changes(study: CaseStudy) -> Iterator[Change]:
    """What differs in a case, in the order of its life."""
    before, after = study.recorded, study.new
    if before.late != after.late:
        yield Change("late", "received", before.late, after.late)
    yield from _differing("check", before.objections, after.objections)
    yield from _differing("calculated", by_line(before.calculated), by_line(after.calculated))
    if before.earmark != after.earmark:
        yield Change("earmark", "all lines", before.earmark or None, after.earmark or None)
    yield from _differing("granted", by_line(before.granted), by_line(after.granted))
    if before.terms and after.terms:
        yield from _differing("terms", before.terms, after.terms)
    for name in ("deemed_on", "remedy_ends_on", "final_on"):
        if getattr(before, name) != getattr(after, name):
            yield Change("day", name, getattr(before, name), getattr(after, name))
    yield from _differing("ordered", before.ordered, after.ordered)


def by_line(tranches: tuple[Tranche, ...]) -> dict[LineKey, int]:
    return {(each.fund, each.year): each.amount_cents for each in tranches}


def _differing(kind: str, before: Mapping[Any, Any], after: Mapping[Any, Any]) -> Iterator[Change]:
    for key in {**before, **after}:
        if before.get(key) != after.get(key):
            yield Change(kind, _named(key), before.get(key), after.get(key))


def _named(key: Any) -> str:
    return " ".join(map(str, key)) if isinstance(key, tuple) else str(key)
