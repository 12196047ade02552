"""What is on record of how long cases are kept: pure reads over the case files.

It computes no term and decides nothing: the terms are those that budgeting has recorded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from grant_audit import queries
from grant_audit.pages import CaseFiles

STATES = ("held", "open", "runs", "passed", "proposed", "disposed")
"""From what keeps a case longest to what keeps it no more."""


@dataclass(frozen=True)
class KeptCase:
    """One case and until when it is kept. `retain_until` is None while a rule has not begun."""

    reference: str
    state: str
    retain_until: date | None
    rule: str
    holds: tuple[str, ...]


@dataclass(frozen=True)
class AskedErasure:
    """One request for erasure. `state` is overdue, pending or decided."""

    reference: str
    request: str
    subject: str
    purposes: tuple[str, ...]
    received_on: date
    due_on: date
    state: str
    decision: str
    late: bool


def kept_cases(store: CaseFiles, on: date) -> list[KeptCase]:
    """Every case whose retention is on record, as of a day; first those whose term ends first."""
    found = (_kept(reference, page, on) for reference, page in _pages(store))
    return sorted(found, key=lambda each: (each.retain_until or date.max, each.reference))


def kept_case(store: CaseFiles, reference: str) -> dict[str, Any]:
    """All that is on record of one case's retention, as plain JSON values; empty if nothing is."""
    page: dict[str, Any] = (queries.case(store, reference).budgeting or {}).get("retention", {})
    return page


def asked_erasures(store: CaseFiles, on: date) -> list[AskedErasure]:
    """Every request: overdue ones first, then what is to be answered, then what was."""
    found = [
        _asked(reference, request, asked, on)
        for reference, page in _pages(store)
        for request, asked in page.get("erasures", {}).items()
    ]
    order = {"overdue": 0, "pending": 1, "decided": 2}
    return sorted(
        found, key=lambda each: (order[each.state], each.due_on, each.reference, each.request)
    )


def state_of(page: dict[str, Any], on: date) -> str:
    """How a case stands on a day, by what is on record of its retention."""
    if page.get("disposed"):
        return "disposed"
    if page.get("holds"):
        return "held"
    until = _day(page.get("term", {}).get("retain_until"))
    if until is None:
        return "open"
    if on <= until:
        return "runs"
    return "proposed" if page.get("proposed") else "passed"


def _pages(store: CaseFiles) -> Iterator[tuple[str, dict[str, Any]]]:
    for file in queries.every_case(store, ("budgeting",)):
        page = file.budgeting.get("retention") if file.budgeting else None
        if page:
            yield page["reference"], page


def _kept(reference: str, page: dict[str, Any], on: date) -> KeptCase:
    term = page.get("term", {})
    return KeptCase(
        reference=reference,
        state=state_of(page, on),
        retain_until=_day(term.get("retain_until")),
        rule=term.get("rule", "").partition(":")[0],
        holds=tuple(sorted(page.get("holds", {}))),
    )


def _asked(reference: str, request: str, asked: dict[str, Any], on: date) -> AskedErasure:
    due_on = date.fromisoformat(asked["due_on"])
    decided = asked["decided"]
    state = "decided" if decided else "overdue" if on > due_on else "pending"
    return AskedErasure(
        reference=reference,
        request=request,
        subject=asked["subject"],
        purposes=tuple(asked["purposes"]),
        received_on=date.fromisoformat(asked["received_on"]),
        due_on=due_on,
        state=state,
        decision=decided["decision"] if decided else "",
        late=bool(decided and decided["late"]),
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
