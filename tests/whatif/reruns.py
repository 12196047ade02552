"""A published list played under its rules and again under others, by the same scripts.

What the two runs have recorded is compared by their own records; what was said before the second
run stands beside it.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from grant_store.opening import open_store
from journeys.published_list import scenario_of
from pruefpfad.decided_again.replay import CALLS
from pruefpfad.embedded import EmbeddedSystem
from pruefpfad.scripted.bulk import BulkRun
from pruefpfad.scripted.records import StoredRecords
from pruefpfad.scripted.scenario import Scenario
from pruefpfad.scripted.stages import Stages
from pruefpfad.sources.files import read_text
from pruefpfad.sources.list_mapping import read_mapping
from pruefpfad.sources.operation_list import read_list
from pruefpfad.whatif.courses import CaseStudy, Course
from pruefpfad.whatif.rules import NewRules, Window
from pruefpfad.whatif.study import Study, study
from whatif.records import Record

EDUCATION_VOUCHERS = "3.2."
AS_RECORDED = NewRules({"money": {}})
"""A change that changes nothing: then both courses of a case are as recorded."""
ALWAYS = Window(None, None)


def play_under(
    rules: NewRules, example: Path, folder: Path, leave_out: tuple[str, ...] = ()
) -> None:
    """The whole list under these rules, in a data directory of its own."""
    before = scenario_of(example)
    scenario = Scenario(dict(rules.in_place_of(before.definition)), before.settings)
    rows = read_list(
        example / "operations.csv.gz",
        read_mapping(read_text(example / "mapping.toml")),
        programme=scenario.programme,
        call=scenario.call,
        leave_out=leave_out,
    )
    with EmbeddedSystem(folder) as system:
        system.declare_demonstration(scenario.settings["purpose"])
        stages = Stages(system, scenario.cast(system.key), lambda *_: None)
        assert BulkRun(stages, StoredRecords(system.stores["audit"]), scenario).play(rows) == []


def study_of(folder: Path, rules: NewRules = AS_RECORDED, window: Window = ALWAYS) -> Study:
    """What other rules would have made of a data directory; without any, what is recorded."""
    with ExitStack() as opened:
        stores = {name: open_store(f"sqlite:///{folder}", name, read_only=True) for name in CALLS}
        for store in stores.values():
            opened.callback(store.close)
        return study(stores, rules, None, window, lambda *_: None)


@dataclass(frozen=True)
class Rerun:
    """What was said of a change, and what came of it when it was played."""

    said: Study
    second: Study
    first_records: dict[str, Record]
    second_records: dict[str, Record]

    @property
    def named(self) -> set[str]:
        return {case.reference for case in self.said.differing}

    @cached_property
    def differing(self) -> set[str]:
        """The cases that the two runs have recorded otherwise. Payments are left out: a scripted
        applicant claims what was granted, and claims are held."""
        assert self.first_records.keys() == self.second_records.keys()
        return {
            reference
            for reference, record in self.first_records.items()
            if record != self.second_records[reference]
        }

    @property
    def held(self) -> list[CaseStudy]:
        """Cases whose finding scripts would not have made: there the second run decides anew."""
        return [
            case
            for case in self.said.cases
            if any(held.reason.startswith("found_") for held in case.held)
        ]


def by_reference(found: Study) -> dict[str, CaseStudy]:
    return {case.reference: case for case in found.cases}


def computed(course: Course) -> tuple[Any, ...]:
    """What rules alone say of a case."""
    return course.objections, course.calculated


def decided(course: Course) -> tuple[Any, ...]:
    """The same with what lines and persons made of it."""
    days = course.deemed_on, course.remedy_ends_on, course.final_on
    return *computed(course), course.earmark, course.granted, course.terms, days
