"""A question is answered to whoever may ask it, and to nobody else."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from bus.till import KEY, NOW, a_token
from grant_bus.actors import TokenCheck
from grant_bus.question_desk import Plain, QuestionDesk, Readers, found, why_not_at_least
from grant_bus.rates import SenderRates
from grant_contracts.answers import Answer
from grant_contracts.questions import QUESTIONS, READERS, RECORD_ACCESS
from grant_store.errors import Unreachable
from grant_values.shapes import Actor

ROOT = Path(__file__).parents[2]
DECIDER = Actor("S-1201", "decider")
AUDITOR = Actor("S-1901", "auditor")
APPLICANT = Actor("client:portal", "applicant")


def ask(name: str, at_least: Mapping[str, int], arguments: Mapping[str, str]) -> Plain:
    return found([name, at_least, arguments])


def on_record(message: Plain) -> Answer:
    """A writer that records every look."""
    return Answer(kind="recorded", command=message["command"], key=message["key"], position=1)


def a_question(
    question: str = "audit.budget", by: Actor = DECIDER, **further: Any
) -> dict[str, Any]:
    return {"question": question, "actor_token": a_token(by), **further}


def answered(
    message: Any, service: str = "audit", asked: Any = ask, record: Any = on_record
) -> Plain:
    readers = Readers(TokenCheck(KEY, lambda: NOW), lambda: NOW)
    return QuestionDesk(service, asked, readers, record).answer(message)


@pytest.mark.parametrize("role", sorted(READERS))
def test_officials_and_auditors_may_read(role: str) -> None:
    message = a_question(
        by=Actor("S-1", role),
        purpose="Systemprüfung",
        arguments={"programme": "ZIQ"},
        at_least={"budgeting/main": 7},
    )

    assert answered(message) == {
        "kind": "found",
        "value": ["budget", {"budgeting/main": 7}, {"programme": "ZIQ"}],
    }


@pytest.mark.parametrize("role", ["applicant", "beneficiary", "system", "", "Decider"])
def test_others_may_not(role: str) -> None:
    answer = answered(a_question(by=Actor("S-1", role or "-")))

    assert (answer["kind"], answer["code"]) == ("invalid", "not_entitled")


def test_a_mandate_that_has_ended_lets_nobody_read() -> None:
    token = a_token(DECIDER, ends_on=date(2024, 5, 5))

    assert answered({**a_question(), "actor_token": token})["code"] == "not_entitled"


def test_of_one_case_a_message_may_ask_as_of_then_and_of_all_cases_it_may_not() -> None:
    axes = {"effective": "2024-05-01", "recorded": "2024-05-01T00:00:00Z", "position": "intake/1"}

    assert answered(a_question("audit.case_state", arguments=axes))["kind"] == "found"
    for axis, text in axes.items():
        answer = answered(a_question("audit.budget", arguments={axis: text}))
        assert (answer["kind"], list(answer["errors"])) == ("invalid", [axis])
        assert "audit.case_state takes it" in answer["errors"][axis][0]


def test_what_became_of_a_command_is_told_to_its_sender_and_to_an_auditor() -> None:
    def outcome(by: Actor, **arguments: str) -> Plain:
        return answered(a_question("intake.outcome", by, arguments=arguments), "intake")

    assert outcome(APPLICANT, sender=APPLICANT.id, key="k")["kind"] == "found"
    assert outcome(AUDITOR, sender=APPLICANT.id, key="k")["kind"] == "found"
    assert outcome(DECIDER, sender=APPLICANT.id, key="k")["code"] == "not_entitled"
    assert outcome(APPLICANT, key="k")["code"] == "not_entitled"


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"question": "audit.case_files"}, "no_such_command", "question"),
        ({"question": "audit.__init__"}, "no_such_command", "question"),
        ({"question": "intake.outcome"}, "no_such_command", "question"),
        ({"actor_token": "a.b.c"}, "token_refused", "actor_token"),
        ({"actor_token": None}, "wrong_field", "actor_token"),
        ({"arguments": {"programme": 7}}, "wrong_field", "arguments.programme.value"),
        ({"arguments": {"programme": "\0"}}, "not_readable", "arguments.programme"),
        ({"at_least": {"budgeting/main": "7"}}, "wrong_field", "at_least.budgeting/main.value"),
        ({"colour": "red"}, "wrong_field", "colour"),
    ],
)
def test_a_wrong_question_is_answered_with_the_field(
    change: dict[str, Any], code: str, field: str
) -> None:
    answer = answered({**a_question(), **change})

    assert (answer["kind"], answer["code"], list(answer["errors"])) == ("invalid", code, [field])


def test_an_expired_token_proves_nothing() -> None:
    token = a_token(DECIDER, valid_for=timedelta(0))

    assert answered({**a_question(), "actor_token": token})["code"] == "token_refused"


def test_a_fault_is_told_as_one_and_not_as_an_answer() -> None:
    def away(name: str, at_least: object, arguments: object) -> Plain:
        raise Unreachable("the database is away")

    answer = answered(a_question(), asked=away)

    assert (answer["kind"], answer["code"]) == ("unknown", "database_away")


def test_what_an_auditor_asks_is_on_record_before_it_is_answered() -> None:
    happened: list[Any] = []

    def record(message: Plain) -> Answer:
        happened.append(message)
        return on_record(message)

    def asked(name: str, at_least: Mapping[str, int], arguments: Mapping[str, str]) -> Plain:
        happened.append(name)
        return found(name)

    message = a_question("audit.case_state", AUDITOR, arguments={"reference": "ZIQ-1"})
    answered({**message, "purpose": "Vorhabenprüfung"}, asked=asked, record=record)

    look, name = happened
    assert name == "case_state"
    assert (look["command"], look["actor_token"]) == (RECORD_ACCESS, message["actor_token"])
    assert look["payload"] == {
        "question": "audit.case_state",
        "scope": "case",
        "subject": "ZIQ-1",
        "purpose": "Vorhabenprüfung",
        "arguments": {"reference": "ZIQ-1"},
    }


@pytest.mark.parametrize("purpose", ["", "  "])
def test_an_auditor_says_why(purpose: str) -> None:
    answer = answered(a_question(by=AUDITOR, purpose=purpose))

    assert list(answer["errors"]) == ["purpose"]


def test_a_look_that_cannot_be_recorded_is_not_answered() -> None:
    away = answered(
        a_question(by=AUDITOR, purpose="p"), record=lambda message: Unreachable("it is away")
    )
    refused = Answer(kind="refused", command=RECORD_ACCESS, key="k", reason="mandate_not_in_force")
    not_entitled = answered(a_question(by=AUDITOR, purpose="p"), record=lambda message: refused)

    assert (away["kind"], away["code"]) == ("unknown", "database_away")
    assert (not_entitled["kind"], not_entitled["reason"]) == ("refused", "mandate_not_in_force")


def test_what_officials_ask_is_no_look() -> None:
    def record(message: Plain) -> Answer:
        raise AssertionError(message)

    assert answered(a_question(), record=record)["kind"] == "found"
    outcome = a_question("intake.outcome", AUDITOR, arguments={"sender": "S-1", "key": "k"})
    assert answered(outcome, "intake", record=record)["kind"] == "found"


def test_who_asks_too_often_is_told_when_to_ask_again() -> None:
    readers = Readers(TokenCheck(KEY, lambda: NOW), lambda: NOW, SenderRates(0.1, lambda: 0.0))
    desk = QuestionDesk("audit", ask, readers, on_record)
    assert desk.answer(a_question())["kind"] == "found"

    refused = desk.answer(a_question())

    assert (refused["kind"], refused["code"]) == ("not_yet", "too_many_requests")
    assert refused["retry_after_seconds"] == pytest.approx(10.0)


@pytest.mark.parametrize(
    ("at_least", "expected"),
    [
        ({}, None),
        ({"budgeting/main": 7, "audit/main": 0}, None),
        ({"budgeting/koeln": 1}, "expected origins of audit/main, budgeting/main"),
        ({"budgeting/main": "7"}, "expected positions as whole numbers"),
        ({"budgeting/main": True}, "expected positions as whole numbers"),
        (["budgeting/main"], "expected positions by origin"),
    ],
)
def test_what_cannot_be_waited_for_is_named(at_least: object, expected: str | None) -> None:
    found = why_not_at_least(at_least, {"budgeting/main": 3, "audit/main": 9})

    assert found == ({"at_least": [expected]} if expected else {})


def test_every_question_is_one_that_the_service_answers_to_rpc_too() -> None:
    """Read as text: a service's class cannot be imported outside a green process."""
    common = _queries("shared/grant_bus/nameko/service.py")
    for question in QUESTIONS:
        service, _, name = question.partition(".")
        assert name in common | _queries(f"services/grant_{service}/service.py")


def _queries(path: str) -> set[str]:
    return {
        node.name
        for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
        and any(getattr(each, "id", "") == "query" for each in node.decorator_list)
    }
