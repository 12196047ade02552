"""What the programme's retention rules say about a case. Every figure comes with the definition.

Pure computing: no broker, no database, no clock. It must not know who asks, nor what holds a case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from grant_values.dated import DatedTable, DatedValue, NothingInForce
from grant_values.invalid import Invalid
from grant_values.legal_time import remedy_period_end
from grant_values.personal import PURPOSES
from grant_values.retention import RULE_IN_FORCE, RetentionTerm, longest, retention_end


@dataclass(frozen=True)
class CaseEnd:
    """How a case ended, as far as retention depends on it.

    `days` has the day of each thing that a rule may count from, once it happened; `interrupted_on`
    is the last day on which a hold for proceedings or a request was lifted.
    """

    granted: bool
    days: Mapping[str, date]
    interrupted_on: date | None = None


@dataclass(frozen=True)
class Retention:
    """What all rules together say. `retain_until` is None as long as one of them has not begun, or
    has no row for the day on which it began."""

    terms: tuple[RetentionTerm, ...]
    missing: tuple[str, ...]

    @property
    def decisive(self) -> RetentionTerm | None:
        """The term that ends last; None while a rule has not begun, or where none applies."""
        return longest(self.terms) if self.terms and not self.missing else None

    @property
    def retain_until(self) -> date | None:
        return self.decisive.retain_until if self.decisive else None

    def shortens(self, before: Retention) -> bool:
        """Whether one of the rules ends earlier than it did before."""
        ends = {term.rule: term.retain_until for term in self.terms}
        return any(
            ends.get(term.rule, term.retain_until) < term.retain_until for term in before.terms
        )


def retention_of(definition: Mapping[str, Any], end: CaseEnd) -> Retention:
    """The term of every rule that applies; of each rule the row in force when its term began."""
    group = "granted" if end.granted else "not_granted"
    rules = sorted(
        (each for each in _section(definition)["rules"] if each["applies_to"] == group),
        key=lambda each: str(each["id"]),
    )
    terms: list[RetentionTerm] = []
    missing: list[str] = []
    for name, rows in groupby(rules, key=lambda each: str(each["id"])):
        found = _term(name, list(rows), end)
        if isinstance(found, str):
            missing.append(found)
        else:
            terms.append(found)
    return Retention(tuple(terms), tuple(dict.fromkeys(missing)))


def erasure_due(definition: Mapping[str, Any], received_on: date) -> tuple[date, str]:
    """The last day for answering a request, and the rule (Art. 12(3) GDPR; R99).

    A day for which the calendar has no holidays is invalid.
    """
    section = _section(definition)
    land = definition["decision"]["holidays_of"]
    try:
        due_on = remedy_period_end(received_on, months=section["erasure_months"], land=land)
    except (OverflowError, ValueError) as unknown:
        expected = f"expected a day whose legal days can be computed ({unknown})"
        raise Invalid("received_on", expected) from unknown
    return due_on, section["erasure_source"]


def basis_of(definition: Mapping[str, Any], purpose: str) -> str:
    """Why data are kept for a purpose. What an older definition does not name is kept by law."""
    bases: dict[str, str] = {
        each["purpose"]: each["basis"] for each in _section(definition)["purposes"]
    }
    return bases.get(purpose, "legal_obligation")


def purposes_of(definition: Mapping[str, Any]) -> tuple[str, ...]:
    """All purposes that a disposal ends: those of the definition, and whatever it left out."""
    named = (str(each["purpose"]) for each in _section(definition)["purposes"])
    return tuple(dict.fromkeys((*named, *PURPOSES)))


def _section(definition: Mapping[str, Any]) -> Mapping[str, Any]:
    section: Mapping[str, Any] | None = definition.get("retention")
    if section is None:
        raise Invalid("reference", "expected a case of a programme with rules of retention")
    return section


def _term(name: str, rows: list[Mapping[str, Any]], end: CaseEnd) -> RetentionTerm | str:
    """The term of one rule, or what it waits for.

    A day before the first row is no day on which nothing has to be kept: nobody has said yet what
    counts for it.
    """
    counts_from: str = rows[0]["counts_from"]
    started_on = end.days.get(counts_from)
    if started_on is None:
        return counts_from
    try:
        in_force = _table(name, rows).on(started_on)
    except NothingInForce:
        return RULE_IN_FORCE
    row = in_force.value
    if row["interrupted_by_holds"] and end.interrupted_on:
        started_on = max(started_on, end.interrupted_on)
    until = retention_end(started_on, row["years"], end_of_year=row["end_of_year"])
    return RetentionTerm(name, counts_from, started_on, until, in_force.source)


def _table(name: str, rows: list[Mapping[str, Any]]) -> DatedTable[Mapping[str, Any]]:
    return DatedTable(
        name,
        tuple(
            DatedValue(date.fromisoformat(row["valid_from"]), row, row["source"]) for row in rows
        ),
    )
