"""As of a day and an instant, the case file says what a fold by brute force says.

Days and instants are drawn without order, so that entries are late, and withdrawals, returns and
corrections come in between.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from io import StringIO
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.json import encode

from audit.brute_force import Answers, Told, counting, told
from audit.generated import FIRST_DAY, LINES, days, histories
from audit.ledgers import START, Entry, Offices
from grant_audit import as_followed, queries
from grant_audit.as_followed import (
    computed_from,
    followed_by_all,
    followed_case,
)
from grant_audit.as_of import AsOf, rebuilt, rebuilt_case, rebuilt_without_cases
from grant_audit.asked_axes import read_as_of
from grant_audit.case_file import CaseFile
from grant_audit.documents import documents_of
from grant_audit.drill import of_programme
from grant_audit.matrix import matrix_of
from grant_audit.overrides import APPLIED, LATE, overrides
from grant_audit.pages import ALL_KINDS, CALL, HISTORY, RUN, SECTIONS, CaseFiles
from grant_audit.questions import Questions
from grant_audit.rebuilding import RebuiltPages
from grant_audit.retention import asked_erasures, kept_cases
from grant_audit.summary import summary
from grant_bus.feed import event_of, message_of
from grant_bus.parked import EVENT, ParkedEvent
from grant_bus.writer import CannotApply
from grant_store.rows import Document
from grant_values.cases import case_id_of
from grant_values.invalid import Invalid

slowly = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
instants = st.integers(-1, 2_000).map(lambda hours: START + timedelta(hours=hours))
AsOfs = st.builds(AsOf, st.none() | days, st.none() | instants)


def by_brute_force(offices: Offices, as_of: AsOf) -> Answers:
    def events(service: str) -> list[Told]:
        rows = offices.ledgers[service].rows
        known = [row for row in rows if as_of.recorded is None or row.recorded_at <= as_of.recorded]
        return counting(told(known), as_of.effective)

    return Answers({service: events(service) for service in SECTIONS})


def case_or_none(pages: CaseFiles, reference: str) -> CaseFile | None:
    try:
        return queries.case(pages, reference)
    except Invalid:
        return None


def check_case(file: CaseFile, answers: Answers) -> None:
    case = str(file.case_id)
    decision = answers.decision(case)
    assert file.state == answers.state(case)
    assert bool(file.intake.get("reference")) == bool(answers.of("ApplicationSubmitted", case))
    assert file.outcome == ("" if decision is None else _kind(decision))
    assert file.paid_cents == answers.paid_cents(case)
    assert sum(line["paid_cents"] for line in file.lines.values()) == sum(
        answers.sum_of(kind, case) * sign
        for kind, sign in (("FundsSpent", 1), ("SpendingReversed", -1))
    )
    assert len(file.disbursement.get("claims", {})) == len(answers.of("ClaimSubmitted", case))
    [*orders] = file.orders
    for kind, name in (
        ("PaymentTransmitted", "transmissions"),
        ("PaymentExecuted", "executions"),
        ("PaymentReturned", "returns"),
    ):
        found = [entry["effective_on"] for order in orders for entry in order[name]]
        assert found == [event.data["effective_on"] for event in answers.of(kind, case)]


def _kind(decision: Told) -> str:
    return {
        "GrantApproved": "approved",
        "GrantPartiallyApproved": "partially_approved",
        "ApplicationRejected": "rejected",
    }[decision.kind]


def check_retention(pages: CaseFiles, answers: Answers) -> None:
    for on in (FIRST_DAY, date(2019, 1, 20), date(2019, 3, 1)):
        kept = {each.reference: (each.state, each.holds) for each in kept_cases(pages, on)}
        assert kept == answers.kept(on)
        asked = {each.reference: (each.decision, each.late) for each in asked_erasures(pages, on)}
        assert asked == answers.erasures()


def check_papers(pages: CaseFiles, file: CaseFile, answers: Answers) -> None:
    """Documents, overrides and the matrix of one case."""
    case = str(file.case_id)
    filed = {each.document: each.superseded_by for each in documents_of(file) if each.document}
    assert filed == answers.documents(case)
    rows = {row.item: row for row in matrix_of(pages, file.reference).rows} if file.intake else {}
    evidence = {event.place for row in rows.values() for event in row.events}
    assert not rows or answers.places("PaymentExecuted", case) <= evidence
    kinds = {event.kind for event in in_order(answers, case)}
    told = {place for kind in kinds for place in answers.places(kind, case)}
    assert evidence <= told
    declared = len(answers.of("ItemDeclaredNotApplicable", case))
    taken_back = len(answers.of("ItemDeclaredApplicable", case))
    assert ("13" in file.intake.get("not_applicable", {})) == (declared > taken_back)
    check_overrides(pages, case, answers)


def check_overrides(pages: CaseFiles, case: str, answers: Answers) -> None:
    decision = answers.decision(case)
    late = bool(decision and decision.data.get("override_reason"))
    discarded = len(answers.of("ParkedEventDiscarded", case))
    found = [each.rule for each in overrides(pages) if case_in(each.reference) == case]
    assert sorted(found) == sorted([LATE] * late + [APPLIED] * discarded)


def case_in(reference: str) -> str:
    """A case that nothing has named yet is known by its id."""
    return str(case_id_of(reference)) if reference.startswith("ZIQ") else reference


def check_drill(pages: CaseFiles, answers: Answers) -> None:
    if not answers.of("BudgetLineOpened"):
        return
    programme = next(row for row in of_programme(pages, "ziq").rows if row.level == "programme")
    assert programme.amounts["ceiling_cents"] == sum(answers.ceilings().values())
    spent = answers.sum_of("FundsSpent") - answers.sum_of("SpendingReversed")
    assert programme.amounts["paid_cents"] == spent
    assert programme.amounts["committed_cents"] == answers.sum_of("FundsCommitted")


def check_above_cases(pages: CaseFiles, answers: Answers) -> None:
    check_lines(queries.budget(pages), answers)
    check_runs(queries.runs(pages), answers)
    assert len(queries.refused_access(pages)) == len(answers.of("AccessRefused"))
    assert len(pages.documents(CALL)) == len(answers.of("CallOpened"))


def check_lines(shown: Sequence[queries.LineRow], answers: Answers) -> None:
    lines = {line.fund: line for line in shown}
    opened = {event.data["fund"]: event for event in answers.of("BudgetLineOpened")}
    assert {fund: line.ceiling_cents for fund, line in lines.items()} == answers.ceilings()
    for fund, line in lines.items():
        booked = answers.booked(opened[fund].row.originator_id)
        assert {name: getattr(line, name) for name in booked} == booked


def check_runs(shown: Sequence[queries.Entry], answers: Answers) -> None:
    runs = {run["run"]: run for run in shown}
    assert set(runs) == {event.data["run"] for event in answers.of("PaymentRunOpened")}
    for kind, name in (("PaymentRunWritten", "file"), ("PaymentRunTransmitted", "transmitted")):
        done = {run for run, page in runs.items() if page[name]}
        assert done == {event.data["run"] for event in answers.of(kind)}


def told_history(pages: CaseFiles, answers: Answers, case: str) -> tuple[list[Any], list[Any]]:
    entries = queries._entries(pages, f"{case}/")
    expected = [
        (event.row.recorded_at, event.row.topic.partition(".")[0], event.row.position)
        for event in answers.events
        if event.name("case") == case
    ]
    shown = [
        (
            datetime.fromisoformat(entry["recorded_at"]),
            entry["source"].partition("/")[0],
            entry["position"],
        )
        for entry in entries
    ]
    return shown, sorted(expected)


@slowly
@given(histories(), AsOfs)
def test_as_of_a_day_and_an_instant_all_pages_say_what_brute_force_says(
    history: tuple[Offices, list[str]], as_of: AsOf
) -> None:
    offices, references = history
    answers = by_brute_force(offices, as_of)
    pages = rebuilt(offices.ledgers, as_of, with_history=True)
    check_above_cases(pages, answers)
    for reference in references:
        case = str(case_id_of(reference))
        file = case_or_none(pages, reference)
        if file is not None:
            check_case(file, answers)
        shown, expected = told_history(pages, answers, case)
        assert shown == expected
        if file is not None:
            check_papers(pages, file, answers)
    check_retention(pages, answers)
    check_drill(pages, answers)
    assert queries.is_demonstration(pages) == bool(answers.of("DemonstrationDeclared"))
    summary(pages)  # Whatever the day: every figure and every proof can be computed.


@slowly
@given(histories(), AsOfs)
def test_what_audit_has_followed_says_over_the_bus_what_brute_force_says(
    history: tuple[Offices, list[str]], as_of: AsOf
) -> None:
    """Audit may not read the ledgers of others: it folds the pages of its own history."""
    offices, references = history
    answers = by_brute_force(offices, as_of)
    followed = rebuilt(offices.ledgers, with_history=True)
    check_questions(followed, as_of, answers, references)
    for reference in references:
        pages = followed_case(followed, case_id_of(reference), as_of)
        file = case_or_none(pages, reference)
        if file is not None:
            check_case(file, answers)
        shown, expected = told_history(pages, answers, str(case_id_of(reference)))
        assert shown == expected


def check_questions(
    followed: RebuiltPages, as_of: AsOf, answers: Answers, references: Sequence[str]
) -> None:
    """Each question that takes the axes, as it is asked over the bus."""
    texts = (str(axis) if axis else None for axis in (as_of.effective, as_of.recorded))
    asked = Questions(followed, *texts)
    lines = {line.reference: line for line in _value(asked.cases(None, None), as_of)}
    files = {file.reference: file for file in _value(asked.case_files(), as_of)}
    applied = {
        reference
        for reference in references
        if answers.of("ApplicationSubmitted", str(case_id_of(reference)))
    }
    assert applied <= set(lines) == set(files)
    for reference in applied:
        case = str(case_id_of(reference))
        line = _value(asked.case_state(reference), as_of)
        assert line == lines[reference]
        assert (line.state, line.paid_cents) == (answers.state(case), answers.paid_cents(case))
        assert _value(asked.case(reference), as_of) == files[reference]
        told = [entry["type"] for entry in _value(asked.history(reference), as_of)]
        assert told == [event.row.topic for event in in_order(answers, case)]
    check_lines(_value(asked.budget(None), as_of), answers)
    check_runs(_value(asked.runs(), as_of), answers)
    check_operations(asked, as_of, answers, applied)


def check_operations(asked: Questions, as_of: AsOf, answers: Answers, applied: set[str]) -> None:
    if as_of.recorded is None or as_of.effective is None:
        return
    _, *rows = csv.reader(StringIO(_value(asked.operations_csv(str(as_of.effective)), as_of)))
    awarded = ("approved", "partially_approved", "final", "paid_in_part", "paid")
    assert [row[0] for row in rows] == sorted(
        each for each in applied if answers.state(str(case_id_of(each))) in awarded
    )


def _value(answer: Any, as_of: AsOf) -> Any:
    return answer if as_of.is_now else answer.value


def in_order(answers: Answers, case: str) -> list[Told]:
    def place(event: Told) -> tuple[object, ...]:
        return event.row.recorded_at, event.row.topic.partition(".")[0], event.row.position

    return sorted((each for each in answers.events if each.name("case") == case), key=place)


@slowly
@given(histories(), st.none() | days, st.none() | instants, st.data())
def test_over_the_bus_all_pages_are_those_of_the_ledgers_at_the_same_positions(
    history: tuple[Offices, list[str]], day: date | None, instant: datetime | None, data: Any
) -> None:
    offices, _ = history
    heads = {name: ledger.head().position for name, ledger in offices.ledgers.items()}
    positions = {name: data.draw(st.integers(0, head)) for name, head in heads.items()}
    as_of = AsOf(day, instant, data.draw(st.sampled_from([{}, positions])))
    followed = rebuilt(offices.ledgers, with_history=True)

    in_one_part = followed_by_all(followed, as_of)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(as_followed, "EVENTS_AT_ONCE", 1)
        in_many_parts = followed_by_all(followed, as_of)

    expected = rebuilt(offices.ledgers, as_of)
    for kind in set(ALL_KINDS) - {HISTORY}:
        assert in_one_part.documents(kind) == expected.documents(kind)
        assert in_many_parts.documents(kind) == expected.documents(kind)


@slowly
@given(histories(), st.none() | days, instants)
def test_an_answer_over_the_bus_is_the_same_again_of_what_it_was_computed_from(
    history: tuple[Offices, list[str]], day: date | None, instant: datetime
) -> None:
    offices, [reference, *_] = history
    followed = rebuilt(offices.ledgers, AsOf(None, instant), with_history=True)
    first = followed_case(followed, case_id_of(reference), AsOf(day, instant))
    told = computed_from(first, AsOf(day, instant))
    position = " ".join(f"{name}/{at}" for name, at in told["positions"].items())
    again = read_as_of(str(day) if day else None, str(told["recorded"]), position, "main")

    since = rebuilt(offices.ledgers, with_history=True)
    second = followed_case(since, case_id_of(reference), again)
    assert case_or_none(second, reference) == case_or_none(first, reference)


@slowly
@given(histories(), AsOfs, AsOfs)
def test_one_case_alone_says_what_it_says_among_all(
    history: tuple[Offices, list[str]], as_of: AsOf, followed: AsOf
) -> None:
    offices, references = history
    whole = rebuilt(offices.ledgers, as_of, with_history=True)
    # Audit may lag behind, by far or not at all.
    index = rebuilt(offices.ledgers, AsOf(None, followed.recorded), with_history=True)
    for reference in references:
        alone = rebuilt_case(offices.ledgers, index, case_id_of(reference), as_of)
        assert case_or_none(alone, reference) == case_or_none(whole, reference)
        prefix = f"{case_id_of(reference)}/"
        assert queries._entries(alone, prefix) == queries._entries(whole, prefix)
        assert queries.events_followed(alone) == queries.events_followed(whole)
    above = rebuilt_without_cases(offices.ledgers, index, as_of)
    assert queries.history_without_case(above) == queries.history_without_case(whole)
    assert above.documents(RUN) == whole.documents(RUN)


@slowly
@given(histories())
def test_as_of_the_end_of_time_the_pages_are_those_of_now(
    history: tuple[Offices, list[str]],
) -> None:
    offices, _ = history
    now = rebuilt(offices.ledgers)
    assert summary(rebuilt(offices.ledgers, AsOf(date.max))) == summary(now)
    assert summary(rebuilt(offices.ledgers, AsOf(None, offices.now))) == summary(now)


@slowly
@given(histories(), days, st.none() | days, st.data())
def test_a_report_is_the_same_again_at_the_positions_that_it_shows(
    history: tuple[Offices, list[str]], day: date, effective: date | None, data: Any
) -> None:
    offices, _ = history
    instant = START + timedelta(hours=data.draw(st.integers(0, 1_000)))
    shown = summary(rebuilt(offices.ledgers, AsOf(effective, instant)))
    again = rebuilt(offices.ledgers, AsOf(effective, positions=shown["events"]))
    assert summary(again) == shown


@slowly
@given(histories(), days)
def test_the_list_of_operations_as_of_a_day_is_that_of_the_pages_as_of_the_day(
    history: tuple[Offices, list[str]], day: date
) -> None:
    """The service answers it from the pages that it has; the command line rebuilds them."""
    offices, references = history
    answers = by_brute_force(offices, AsOf(day))
    presupposed = {
        reference
        for reference in references
        if answers.decision(str(case_id_of(reference)))
        and answers.of("ApplicationSubmitted", str(case_id_of(reference)))
    }
    as_of = queries.operations(rebuilt(offices.ledgers, AsOf(day)), date.max)
    asked = queries.operations(rebuilt(offices.ledgers), day)
    # No service records a decision that is dated before what it presupposes.
    assert as_of == [each for each in asked if each.reference in presupposed]


def an_office() -> Offices:
    offices = Offices()
    opened = {"fund": "ESF", "year": 2019, "ceiling_cents": 100, "effective_on": "2019-01-01"}
    offices.record(
        "budgeting", "", [Entry("budgeting.BudgetLineOpened", opened, LINES["ESF"], False)]
    )
    return offices


def ceiling(offices: Offices, cents: int, effective_on: str) -> None:
    given = {"ceiling_cents": cents, "effective_on": effective_on}
    offices.wait(1)
    entry = Entry("budgeting.CeilingChanged", given, LINES["ESF"], on_case=False)
    offices.record("budgeting", "", [entry])


def ceiling_as_of(offices: Offices, *axes: Any) -> int:
    [line] = queries.budget(rebuilt(offices.ledgers, AsOf(*axes)))
    return line.ceiling_cents


def test_a_late_entry_counts_from_its_day_and_is_known_from_its_instant() -> None:
    offices = an_office()
    ceiling(offices, 200, "2019-06-01")
    before = offices.now
    ceiling(offices, 150, "2019-03-01")

    assert ceiling_as_of(offices, date(2019, 2, 28)) == 100
    assert ceiling_as_of(offices, date(2019, 3, 1)) == 150
    assert ceiling_as_of(offices, date(2019, 3, 1), before) == 100
    assert ceiling_as_of(offices, date(2019, 6, 1), before) == 200
    # What was recorded later corrects what was recorded before, as it does in the ledger itself.
    assert ceiling_as_of(offices, date(2019, 6, 1)) == ceiling_as_of(offices) == 150


def test_a_service_that_is_not_named_has_what_it_had_when_the_named_position_was_recorded() -> None:
    offices = an_office()
    offices.record("intake", "ZIQ-1", [Entry("intake.ApplicationSubmitted")])
    ceiling(offices, 200, "2019-01-01")
    offices.wait(1)
    offices.record("intake", "ZIQ-2", [Entry("intake.ApplicationSubmitted")])

    pages = rebuilt(offices.ledgers, AsOf(positions={"budgeting": 2}))
    assert queries.events_followed(pages)["intake"] == 1
    # Named itself, a service goes as far as it is named, whatever the instant.
    pages = rebuilt(offices.ledgers, AsOf(positions={"budgeting": 2, "intake": 2}))
    assert queries.events_followed(pages)["intake"] == 2
    pages = rebuilt(offices.ledgers, AsOf(None, START, {"budgeting": 2}))
    assert queries.events_followed(pages) == {
        **dict.fromkeys(SECTIONS, 0),
        "budgeting": 1,
        "intake": 1,
    }


def test_a_position_beyond_the_head_is_refused_with_the_head() -> None:
    with pytest.raises(Invalid, match="at most budgeting/1") as refused:
        rebuilt(an_office().ledgers, AsOf(positions={"budgeting": 2}))
    assert refused.value.field == "position"


def test_an_event_that_cannot_be_read_is_named_instead_of_left_out() -> None:
    offices = an_office()
    [row] = offices.ledgers["budgeting"].rows
    offices.ledgers["budgeting"].rows[0] = row._replace(schema_version=99)
    with pytest.raises(CannotApply, match=r"BudgetLineOpened at budgeting/main/1: .*version 99"):
        rebuilt(offices.ledgers)


def test_a_case_is_whole_although_a_page_of_its_history_is_missing() -> None:
    """Pages can be tampered with: the aggregates that bear the id of the case are asked as well."""
    offices = an_office()
    offices.record("intake", "ZIQ-1", [Entry("intake.ApplicationSubmitted")])
    offices.record("intake", "ZIQ-1", [Entry("intake.ApplicationWithdrawn")])
    whole = rebuilt(offices.ledgers, with_history=True)
    tampered = Tampered(whole, without="ApplicationWithdrawn")
    case_id = case_id_of("ZIQ-1")
    alone = rebuilt_case(offices.ledgers, tampered, case_id, AsOf())
    assert queries.case(alone, "ZIQ-1").state == "withdrawn"


def test_what_audit_has_parked_of_a_case_is_in_the_answer_because_it_is_in_the_ledgers() -> None:
    offices = an_office()
    entry = Entry("budgeting.FundsEarmarked", {"amount_cents": 70}, LINES["ESF"])
    offices.record("intake", "ZIQ-1", [Entry("intake.ApplicationSubmitted")])
    position = offices.record("budgeting", "ZIQ-1", [entry])
    case_id = case_id_of("ZIQ-1")
    event = event_of("budgeting/main", offices.ledgers["budgeting"].rows[position - 1])
    parked = ParkedEvent(
        case_id=case_id,
        number=1,
        event=msgspec.Raw(message_of(event)),
        error="",
        parked_at=START,
        attempts=1,
    )
    whole = rebuilt(offices.ledgers, with_history=True)
    index = Tampered(whole, "FundsEarmarked", Document(EVENT, parked.key, encode(parked)))
    alone = rebuilt_case(offices.ledgers, index, case_id, AsOf())
    assert queries.case(alone, "ZIQ-1").lines["ESF/2019"]["earmarked_cents"] == 70


class Tampered:
    """Pages without the history of one kind of event, and with others put in."""

    def __init__(self, pages: CaseFiles, without: str, *instead: Document) -> None:
        self.lane, self.tracked = pages.lane, pages.tracked
        self._pages, self._without = pages, without.encode()
        self._instead = instead

    def documents(self, kind: str, prefix: str = "") -> list[Document]:
        pages = self._pages.documents(kind, prefix)
        put_in = [each for each in self._instead if each.kind == kind]
        return [page for page in pages if page.body and self._without not in page.body] + put_in
