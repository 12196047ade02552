"""The second part of a case's life under other rules: promises of money, awards and legal days.

Budgeting's ledger is walked in its order, because who comes first gets the money. What persons did
is held: approvals, parts of what was asked for, rejections, dispatches, waivers, ceilings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

from grant_budgeting.award import Award
from grant_budgeting.domain import BudgetLine
from grant_budgeting.finding import Finding
from grant_budgeting.terms import announcement, grant_terms
from grant_store.rows import LedgerEvent
from grant_store.store import Store
from grant_values.invalid import Invalid
from grant_values.money import format_euro
from grant_values.shapes import Tranche
from pruefpfad.assembly import SERVICES
from pruefpfad.decided_again.units import Unit, units_of
from pruefpfad.whatif.courses import PROMISED, CaseStudy, Held, by_line
from pruefpfad.whatif.lines import Line, NewPromises
from pruefpfad.whatif.rules import Definition

Thing = TypeVar("Thing")
_FINDING_FIELDS = tuple(Finding.__dataclass_fields__)
_AMOUNTS = ("grant_cents", "tranches")


class Awarding:
    """Walks through budgeting's ledger. `held_on_lines` is held against no case but a line."""

    def __init__(
        self,
        studies: Mapping[UUID, CaseStudy],
        definition_of: Mapping[UUID, Definition],
        programme: str | None,
        told: Callable[[str, int], None],
    ) -> None:
        self._studies = studies
        self._programme = programme
        self._definition_of = definition_of
        self._told = told
        self._promises = NewPromises()
        self._line_ids: dict[UUID, Line] = {}
        self._findings: dict[UUID, Finding] = {}
        self._withdrawn: set[UUID] = set()
        self._final: set[UUID] = set()
        self.held_on_lines: list[tuple[Line, Held]] = []

    @property
    def lines(self) -> list[Line]:
        return sorted(self._line_ids.values(), key=lambda line: (line.year, line.fund))

    def walk(self, store: Store) -> None:
        catalogue = SERVICES["budgeting"].catalogue
        taken = self._taken()
        for unit in units_of(store):
            self._told("budgeting", unit.last_position)
            for row in unit.rows:
                take = taken.get(row.topic)
                if take:
                    take(row, catalogue.decode(row))
            self._try_again(unit)

    def _taken(self) -> dict[str, Callable[[LedgerEvent, Any], None]]:
        on_lines: dict[Any, Callable[[Line, Any], None]] = {
            BudgetLine.CeilingChanged: self._ceiling_changed,
            BudgetLine.FundsEarmarked: self._earmarked,
            BudgetLine.EarmarkRefused: self._earmark_refused,
            BudgetLine.EarmarkReleased: self._released,
        }
        on_cases: dict[Any, Callable[[CaseStudy, Any], None]] = {
            Award.FindingNoted: self._finding_noted,
            Award.PlacedOnReserveList: self._reserved,
            Award.WithdrawalNoted: self._withdrawal_noted,
            Award.GrantApproved: self._approved,
            Award.GrantPartiallyApproved: self._partially_approved,
            Award.ApplicationRejected: self._rejected,
            Award.ApprovalRefused: self._approval_refused,
            Award.DecisionNotified: self._notified,
            Award.RemedyWaived: self._waived,
            Award.DecisionBecameFinal: self._became_final,
        }
        of_lines = {kind.TOPIC: _only_of(self._line_ids, take) for kind, take in on_lines.items()}
        of_cases = {kind.TOPIC: _only_of(self._studies, take) for kind, take in on_cases.items()}
        return {BudgetLine.BudgetLineOpened.TOPIC: self._line_opened, **of_lines, **of_cases}

    # Lines: what is recorded of them.
    def _line_opened(self, row: LedgerEvent, event: Any) -> None:
        """Only of the chosen programme: of no other one are there studies to promise to."""
        if self._programme not in (None, event.programme):
            return
        line = Line(event.programme, event.fund, event.year, event.ceiling_cents)
        self._line_ids[row.originator_id] = line
        self._promises.lines[event.programme, event.fund, event.year] = line

    def _ceiling_changed(self, line: Line, event: Any) -> None:
        line.ceiling_cents = event.ceiling_cents
        if line.new_free_cents < 0:
            missing = format_euro(-line.new_free_cents)
            self.held_on_lines.append((line, Held("ceiling_below_promises", missing)))

    def _earmarked(self, line: Line, event: Any) -> None:
        line.promised_cents += event.amount_cents
        study = self._studies.get(event.case_id)
        if study:
            study.recorded.earmark = PROMISED

    def _earmark_refused(self, line: Line, event: Any) -> None:
        line.refused += 1
        study = self._studies.get(event.case_id)
        if study:
            study.recorded.earmark = event.reason

    def _released(self, line: Line, event: Any) -> None:
        line.promised_cents -= event.amount_cents

    # Cases: from the finding to the promise.
    def _finding_noted(self, study: CaseStudy, event: Any) -> None:
        finding = Finding(**{name: getattr(event, name) for name in _FINDING_FIELDS})
        self._findings[study.case_id] = finding
        if finding.eligible and study.case_id not in self._withdrawn:
            self._earmark(study)

    def _reserved(self, study: CaseStudy, event: Any) -> None:
        study.recorded.earmark = event.reason

    def _try_again(self, unit: Unit) -> None:
        """A person's command that tried to promise money to a case that waited."""
        first = unit.rows[0]
        if unit.cause.followed is not None or not _is_an_attempt(first):
            return
        study = self._studies.get(next(iter(unit.case_ids)))
        if study and study.case_id not in self._withdrawn:
            self._earmark(study)

    def _earmark(self, study: CaseStudy) -> None:
        found = self._promises.earmark(study.case_id, study.programme, study.new.calculated)
        study.new.earmark = found

    def _withdrawal_noted(self, study: CaseStudy, event: Any) -> None:
        self._withdrawn.add(study.case_id)
        if study.case_id not in self._final:
            self._promises.keep_only(study.case_id, study.programme, ())

    # Cases: the decision.
    def _approved(self, study: CaseStudy, event: Any) -> None:
        self._grant(study, event, study.new.calculated)

    def _partially_approved(self, study: CaseStudy, event: Any) -> None:
        most = by_line(study.new.calculated)
        held = [
            replace(each, amount_cents=min(each.amount_cents, most.get((each.fund, each.year), 0)))
            for each in event.terms.tranches
        ]
        kept = tuple(each for each in held if each.amount_cents)
        if kept != event.terms.tranches and study.new.earmark == PROMISED:
            beyond = event.terms.grant_cents - sum(each.amount_cents for each in kept)
            study.held.append(Held("partial_award_above_grant", format_euro(beyond)))
        self._grant(study, event, kept)
        self._promises.keep_only(study.case_id, study.programme, kept)

    def _grant(self, study: CaseStudy, event: Any, tranches: tuple[Tranche, ...]) -> None:
        study.recorded.granted = event.terms.tranches
        study.recorded.terms = _beside_amounts(event.terms)
        if study.new.late and not event.seconded_by:
            study.held.append(Held("approved_though_late", str(event.effective_on)))
        if study.new.earmark != PROMISED:
            study.held.append(Held("approved_without_funds", study.new.earmark))
            return
        definition = self._definition_of[study.case_id]
        new = grant_terms(definition, self._findings[study.case_id], tranches)
        study.new.granted, study.new.terms = tranches, _beside_amounts(new)

    def _rejected(self, study: CaseStudy, event: Any) -> None:
        self._promises.keep_only(study.case_id, study.programme, ())

    def _approval_refused(self, study: CaseStudy, event: Any) -> None:
        if event.reason == "no_funds_earmarked" and study.new.earmark == PROMISED:
            study.held.append(Held("refused_though_promised", str(event.effective_on)))
        if event.reason == "late_without_override" and not study.new.late:
            study.held.append(Held("refused_though_in_time", str(event.effective_on)))

    # Cases: legal days.
    def _notified(self, study: CaseStudy, event: Any) -> None:
        study.recorded.deemed_on = study.new.deemed_on = event.deemed_on
        study.recorded.remedy_ends_on = study.new.remedy_ends_on = event.remedy_ends_on
        if not study.applies:
            return
        try:
            days = announcement(self._definition_of[study.case_id], event.dispatched_on)
        except Invalid as none:
            study.new.deemed_on = study.new.remedy_ends_on = None
            study.held.append(Held("notified_without_legal_days", none.expected))
            return
        study.new.deemed_on, study.new.remedy_ends_on = days.deemed_on, days.remedy_ends_on

    def _waived(self, study: CaseStudy, event: Any) -> None:
        first, last = study.new.deemed_on, study.new.remedy_ends_on
        if first and last and not first <= event.effective_on <= last:
            study.held.append(Held("waived_outside_its_days", str(event.effective_on)))

    def _became_final(self, study: CaseStudy, event: Any) -> None:
        """A waiver makes it final on the day of the waiver; else the law does, after the last."""
        self._final.add(study.case_id)
        study.recorded.final_on = study.new.final_on = event.final_on
        if event.because == "waiver" or study.new.remedy_ends_on is None:
            return
        study.new.final_on = study.new.remedy_ends_on + timedelta(days=1)
        if study.new.final_on > event.final_on:
            study.held.append(Held("final_before_the_last_day", str(event.final_on)))


def _only_of(
    ours: Mapping[UUID, Thing], take: Callable[[Thing, Any], None]
) -> Callable[[LedgerEvent, Any], None]:
    """Take only the events of the lines, or of the cases, that are ours."""

    def taken(row: LedgerEvent, event: Any) -> None:
        if row.originator_id in ours:
            take(ours[row.originator_id], event)

    return taken


def _is_an_attempt(row: LedgerEvent) -> bool:
    return row.topic in (BudgetLine.FundsEarmarked.TOPIC, BudgetLine.EarmarkRefused.TOPIC)


def _beside_amounts(terms: Any) -> dict[str, Any]:
    return {name: value for name, value in asdict(terms).items() if name not in _AMOUNTS}
