"""Which events a bundle holds: all of them, or those of some cases.

A case is told by the `caseid` in an event's metadata. What belongs to no case, but to a programme
of the cases, goes with them: its definition, its calls and its budget lines, as they were opened.
So does every incident: after one, heads of the log before it cannot be understood without it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from grant_contracts.intake import ApplicationSubmitted
from grant_store.lifted import lifted_state
from grant_store.log.origins import INCIDENT
from grant_store.log.store import LedgerView
from grant_store.rows import LedgerEvent
from grant_values.cases import case_id_of
from grant_values.invalid import Invalid

PAGE = 2_000
_CASE = re.compile(rb'"caseid":"([0-9a-f-]{36})"')


class Application(NamedTuple):
    """Which case an application made, and under which programme."""

    case_id: UUID
    reference: str
    programme: str


class _Submitted(msgspec.Struct):
    reference: str
    programme: str


@dataclass(frozen=True)
class Scope:
    """The whole history, where `cases` is None, or these cases with their programmes."""

    cases: frozenset[Application] | None = None

    @property
    def is_whole(self) -> bool:
        return self.cases is None

    def selection(self) -> Selection:
        """What to take of one log."""
        if self.cases is None:
            return Selection()
        return PartialSelection(
            frozenset(str(each.case_id).encode() for each in self.cases),
            frozenset(each.programme for each in self.cases),
        )

    def as_json(self) -> dict[str, Any]:
        if self.cases is None:
            return {"kind": "all"}
        return {
            "kind": "cases",
            "cases": sorted(each.reference for each in self.cases),
            "programmes": sorted({each.programme for each in self.cases}),
        }


class Selection:
    """Takes every event."""

    def takes(self, row: LedgerEvent) -> bool:
        return True

    @property
    def shared(self) -> list[str]:
        """The aggregates that belong to others too, of which only some events were taken."""
        return []


@dataclass
class PartialSelection(Selection):
    """Takes the events of some cases, and what their programmes have without a case."""

    cases: frozenset[bytes]
    programmes: frozenset[str]
    _taken: set[UUID] = field(default_factory=set)
    _left: set[UUID] = field(default_factory=set)
    _of_programme: set[UUID] = field(default_factory=set)

    def takes(self, row: LedgerEvent) -> bool:
        is_taken = self._belongs(row)
        (self._taken if is_taken else self._left).add(row.originator_id)
        return is_taken

    @property
    def shared(self) -> list[str]:
        return sorted(str(each) for each in self._taken & self._left)

    def _belongs(self, row: LedgerEvent) -> bool:
        case = _CASE.search(row.metadata)
        if case:
            return case[1] in self.cases
        if row.topic.endswith(f".{INCIDENT}"):
            return True
        if row.originator_id in self._of_programme:
            return True
        if b'"programme":' in row.state and _programme(row.state) in self.programmes:
            self._of_programme.add(row.originator_id)
            return True
        return False


def rows_of(ledger: LedgerView, after: int = 0) -> Iterator[LedgerEvent]:
    """Every event of a ledger in order, a page at a time."""
    while page := ledger.events_after(after, PAGE):
        yield from page
        after = page[-1].position


def scope_of(intake: LedgerView, references: Collection[str], programmes: Collection[str]) -> Scope:
    """The cases with these references, and all cases of these programmes, as intake knows them."""
    found = frozenset(
        each
        for each in _applications(intake)
        if each.reference in references or each.programme in programmes
    )
    for reference in references:
        if reference not in {each.reference for each in found}:
            raise Invalid("case", f"expected the reference of an application, not {reference!r}")
    for programme in programmes:
        if programme not in {each.programme for each in found}:
            raise Invalid("programme", f"expected one that has applications, not {programme!r}")
    return Scope(found)


def _applications(intake: LedgerView) -> Iterator[Application]:
    for row in rows_of(intake):
        if row.topic == ApplicationSubmitted.TOPIC:
            submitted = lifted_state(row, _Submitted)
            case_id = case_id_of(submitted.reference)
            yield Application(case_id, submitted.reference, submitted.programme)


def _programme(state: bytes) -> str:
    try:
        value = msgspec.json.decode(state)
    except msgspec.DecodeError:
        return ""
    return str(value.get("programme", "")) if isinstance(value, dict) else ""
