"""The whole history under other rules: ledger after ledger, into one study of each case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from grant_store.store import Store
from grant_values.invalid import Invalid
from pruefpfad.whatif.assessing import Applications, Assessing, Told
from pruefpfad.whatif.awarding import Awarding
from pruefpfad.whatif.courses import CaseStudy, Held
from pruefpfad.whatif.lines import Line
from pruefpfad.whatif.ordering import Ordering
from pruefpfad.whatif.rules import NewRules, Window


@dataclass(frozen=True)
class Study:
    """All cases in order of their references, the lines in order of years, and what is held."""

    cases: list[CaseStudy]
    lines: list[Line]
    held_on_lines: list[tuple[Line, Held]]

    @property
    def differing(self) -> list[CaseStudy]:
        return [case for case in self.cases if case.differs]


def study(
    stores: Mapping[str, Store], rules: NewRules, programme: str | None, window: Window, told: Told
) -> Study:
    """What would differ. `Invalid` where the programme is not that of the rules, or unknown."""
    chosen = _chosen(rules, programme)
    applications = Applications(stores["intake"], chosen, told)
    _need_one(applications, chosen)
    _need_calls(applications, rules)
    assessing = Assessing(applications, rules, window, told)
    assessing.walk(stores["eligibility"])
    awarding = Awarding(assessing.studies, assessing.definition_of, chosen, told)
    awarding.walk(stores["budgeting"])
    Ordering(assessing.studies, told).walk(stores["disbursement"])
    cases = sorted(assessing.studies.values(), key=lambda case: case.reference)
    return Study(cases, awarding.lines, awarding.held_on_lines)


def _chosen(rules: NewRules, programme: str | None) -> str | None:
    if rules.programme and programme and rules.programme != programme:
        raise Invalid("programme", f"expected {rules.programme}, which the rules are for")
    return programme or rules.programme


def _need_one(applications: Applications, chosen: str | None) -> None:
    known = sorted({key.partition("/")[0] for key in applications.definitions})
    if chosen is None and len(known) > 1:
        raise Invalid("programme", f"expected one of {', '.join(known)}: there are several")
    if chosen is not None and chosen not in known:
        raise Invalid("programme", f"expected one of {', '.join(known) or 'none'}, not {chosen}")


def _need_calls(applications: Applications, rules: NewRules) -> None:
    known = ", ".join(sorted(applications.calls)) or "none"
    for call in rules.calls:
        if call not in applications.calls:
            raise Invalid(f"calls.{call}", f"expected a call that was opened: one of {known}")
