"""What `whatif` says of a change is what comes of it when the same scripts play it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from journeys.published_list import scenario_of
from journeys.short_list import EXAMPLE, NUMBERS, shorten
from pruefpfad.sources.files import read_text
from pruefpfad.sources.list_mapping import read_mapping
from pruefpfad.sources.operation_list import ListedOperation, read_list
from pruefpfad.whatif.courses import PROMISED
from pruefpfad.whatif.rules import NewRules, Window
from whatif.records import records_of
from whatif.reruns import (
    AS_RECORDED,
    EDUCATION_VOUCHERS,
    Rerun,
    by_reference,
    computed,
    decided,
    play_under,
    study_of,
)
from whatif.rule_changes import CHANGES

EVERY = 75
every_change = pytest.mark.parametrize("name", CHANGES)


def numbers_of_a_sample() -> Iterator[str]:
    """Each so-many-th operation of the demonstration, and the short list with its repeat."""
    scenario = scenario_of(EXAMPLE)
    rows = read_list(
        EXAMPLE / "operations.csv.gz",
        read_mapping(read_text(EXAMPLE / "mapping.toml")),
        programme=scenario.programme,
        call=scenario.call,
        leave_out=(EDUCATION_VOUCHERS,),
    )
    for index, row in enumerate(rows):
        if index % EVERY == 0 and isinstance(row, ListedOperation):
            yield str(row.number)


@pytest.fixture(scope="session")
def reruns(tmp_path_factory: pytest.TempPathFactory) -> Reruns:
    return Reruns(tmp_path_factory.mktemp("reruns"))


class Reruns:
    """Each change, asked about and played once for all tests."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._example = shorten(folder, NUMBERS | frozenset(numbers_of_a_sample()))
        self.first = folder / "first"
        play_under(AS_RECORDED, self._example, self.first)
        self.of = cache(self._rerun)

    def _rerun(self, name: str) -> Rerun:
        rules, second = NewRules.read(CHANGES[name]), self._folder / name.replace(" ", "-")
        said = study_of(self.first, rules)
        play_under(rules, self._example, second)
        return Rerun(said, study_of(second), records_of(self.first), records_of(second))


@every_change
def test_the_cases_that_are_named_are_exactly_those_that_differ(name: str, reruns: Reruns) -> None:
    rerun = reruns.of(name)

    assert rerun.named == rerun.differing
    assert rerun.named


@every_change
def test_every_result_and_amount_is_the_one_that_comes_of_it(name: str, reruns: Reruns) -> None:
    rerun = reruns.of(name)
    second = by_reference(rerun.second)

    for case in rerun.said.cases:
        assert computed(case.new) == computed(second[case.reference].recorded), case.reference


@every_change
def test_where_no_finding_is_held_against_the_rule_the_whole_decision_is_the_same(
    name: str, reruns: Reruns
) -> None:
    rerun = reruns.of(name)
    second, held = by_reference(rerun.second), {case.reference for case in rerun.held}

    for case in rerun.said.cases:
        if case.reference not in held:
            assert decided(case.new) == decided(second[case.reference].recorded), case.reference


@every_change
def test_where_one_is_held_the_script_has_found_otherwise(name: str, reruns: Reruns) -> None:
    """Or it has found the same with the reasons that the rule asks for."""
    rerun = reruns.of(name)
    second = by_reference(rerun.second)

    for case in rerun.held:
        [held] = [each.reason for each in case.held if each.reason.startswith("found_")][:1]
        anew = second[case.reference].recorded
        if held == "found_ineligible_though_met":
            assert (case.new.granted, anew.earmark) == ((), PROMISED)
        elif held == "found_eligible_without_reasons":
            assert decided(case.new) == decided(anew)
        else:
            assert (anew.earmark, anew.granted) == ("", ())


@every_change
def test_the_lines_differ_by_what_the_held_cases_are_promised(name: str, reruns: Reruns) -> None:
    rerun = reruns.of(name)
    second = by_reference(rerun.second)

    said = sum(line.new_promised_cents for line in rerun.said.lines)
    came = sum(line.promised_cents for line in rerun.second.lines)
    held = sum(
        sum(each.amount_cents for each in case.new.granted)
        - sum(each.amount_cents for each in second[case.reference].recorded.granted)
        for case in rerun.held
    )
    assert said - came == held
    if not held:
        new = {(line.fund, line.year): line.new_free_cents for line in rerun.said.lines}
        assert new == {(line.fund, line.year): line.free_cents for line in rerun.second.lines}


def test_a_change_that_changes_nothing_differs_nowhere(reruns: Reruns) -> None:
    found = study_of(reruns.first)

    assert len(found.cases) > len(NUMBERS)
    assert found.differing == []


def test_only_what_was_received_in_the_window_is_judged_by_other_rules(reruns: Reruns) -> None:
    rules = NewRules.read(CHANGES["a lower rate"])
    until, since = date(2015, 6, 30), date(2015, 7, 1)
    early = study_of(reruns.first, rules, Window(None, until))
    late = study_of(reruns.first, rules, Window(since, None))

    first = {case.reference for case in early.differing}
    last = {case.reference for case in late.differing}
    assert first and last and not first & last
    assert first | last == reruns.of("a lower rate").named
