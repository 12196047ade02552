"""The first part of a case's life under other rules: what they say, and what they calculate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import UUID

from grant_eligibility.domain import Assessment
from grant_eligibility.fingerprint import OperationFingerprint
from grant_eligibility.rules import Case, EarlierOperation, run, tranches
from grant_intake.domain import Call, GrantApplication, Programme
from grant_store.store import Store
from grant_values.legal_time import legal_date
from pruefpfad.assembly import SERVICES
from pruefpfad.decided_again.units import events_of
from pruefpfad.whatif.courses import CaseStudy, Course, Held, Said
from pruefpfad.whatif.rules import Definition, NewRules, Window

Submitted = GrantApplication.ApplicationSubmitted
Told = Callable[[str, int], None]


class Applications:
    """What intake has recorded: definitions, and calls and applications of the chosen programme."""

    def __init__(self, store: Store, programme: str | None, told: Told) -> None:
        self.definitions: dict[str, Definition] = {}
        self.calls: set[str] = set()
        self.of_case: dict[UUID, Any] = {}
        decode = SERVICES["intake"].catalogue.decode
        for row in events_of(store):
            told("intake", row.position)
            if row.topic == Programme.ProgrammeRegistered.TOPIC:
                event: Any = decode(row)
                key = f"{event.programme}/{event.programme_version}"
                self.definitions[key] = event.definition
            elif row.topic == Call.CallOpened.TOPIC:
                event = decode(row)
                if programme in (None, event.programme):
                    self.calls.add(event.call)
            elif row.topic == Submitted.TOPIC:
                event = decode(row)
                if programme in (None, event.programme):
                    self.of_case[row.originator_id] = event


class Assessing:
    """Walks through eligibility's ledger and makes a study of each case."""

    def __init__(
        self, applications: Applications, rules: NewRules, window: Window, told: Told
    ) -> None:
        self._applications = applications
        self._rules = rules
        self._window = window
        self._told = told
        self._first: dict[str, EarlierOperation] = {}
        self.definition_of: dict[UUID, Definition] = {}
        self.studies: dict[UUID, CaseStudy] = {}

    def walk(self, store: Store) -> None:
        decode = SERVICES["eligibility"].catalogue.decode
        taken: Mapping[str, Callable[[UUID, Any], None]] = {
            OperationFingerprint.FingerprintTaken.TOPIC: self._fingerprint,
            Assessment.AssessmentOpened.TOPIC: self._opened,
            Assessment.CheckRecorded.TOPIC: self._check,
            Assessment.FoundEligible.TOPIC: self._found_eligible,
            Assessment.FoundIneligible.TOPIC: self._found_ineligible,
        }
        for row in events_of(store):
            self._told("eligibility", row.position)
            take = taken.get(row.topic)
            if take and (take == self._fingerprint or self._is_ours(row.originator_id)):
                take(row.originator_id, decode(row))

    def _is_ours(self, case_id: UUID) -> bool:
        return case_id in self.studies or case_id in self._applications.of_case

    def _fingerprint(self, _: UUID, event: Any) -> None:
        self._first[event.fingerprint] = EarlierOperation(event.reference, event.number)

    def _opened(self, case_id: UUID, event: Any) -> None:
        applied = self._applications.of_case.pop(case_id)  # What it takes up is given back at once.
        received_on = legal_date(applied.received_at)
        recorded = self._applications.definitions[f"{event.programme}/{event.programme_version}"]
        applies = self._window.holds(received_on)
        study = CaseStudy(case_id, event.reference, event.programme, applies)
        study.recorded.calculated = study.new.calculated = event.tranches
        study.recorded.late = study.new.late = event.late
        definition = self._rules.in_place_of(recorded) if applies else recorded
        self.definition_of[case_id] = definition
        if applies:
            closes_on = self._rules.closes_on(applied.call)
            study.new.late = received_on > closes_on if closes_on else event.late
            case = self._case(applied, study.new.late)
            study.new.calculated = tuple(tranches(definition, case))
            for check in run(definition["rules"], case):
                _say(study.new, check.rule, Said(check.result, check.explanation_code))
        self.studies[case_id] = study

    def _check(self, case_id: UUID, event: Any) -> None:
        study, said = self.studies[case_id], Said(event.result, event.explanation)
        _say(study.recorded, event.rule, said)
        if not study.applies:
            _say(study.new, event.rule, said)

    def _found_eligible(self, case_id: UUID, event: Any) -> None:
        study = self.studies[case_id]
        for reason, rules in _against_eligible(study, event.reasons):
            study.held.append(Held(reason, ", ".join(rules)))

    def _found_ineligible(self, case_id: UUID, event: Any) -> None:
        """What spoke against it does not any more; who found so may have had other reasons."""
        study = self.studies[case_id]
        if study.recorded.objections and not study.new.objections:
            study.held.append(Held("found_ineligible_though_met", ", ".join(event.failed)))

    def _case(self, applied: Any, late: bool) -> Case:
        first = self._first.get(applied.fingerprint)
        is_first = first is None or first.reference == applied.reference
        return Case(
            applicant=applied.applicant,
            operation=applied.operation,
            plan=applied.plan,
            declarations=applied.declarations,
            received_on=legal_date(applied.received_at),
            is_late=late,
            original=None if is_first else first,
        )


def _say(course: Course, rule: str, said: Said) -> None:
    if said.result != "met":
        course.objections[rule] = said


def _against_eligible(study: CaseStudy, reasons: str) -> Iterator[tuple[str, list[str]]]:
    """What would have kept persons from finding a case eligible as they did."""
    said = study.new.objections
    if failed := [rule for rule, each in said.items() if each.result == "not_met"]:
        yield "found_eligible_though_not_met", failed
    if study.recorded.calculated and not study.new.calculated:
        yield "found_eligible_though_no_grant", []
    referred = [rule for rule, each in said.items() if each.result == "referred"]
    if referred and not reasons:
        yield "found_eligible_without_reasons", referred
