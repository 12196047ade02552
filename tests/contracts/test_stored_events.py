"""What really stands in the ledgers, and leaves them as messages, is what the schemas say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from grant_bus.feed import cloud_event
from grant_contracts.commands import command_message
from grant_contracts.programme import read_definition
from grant_values.shapes import Actor
from pruefpfad.embedded import EmbeddedSystem
from pruefpfad.keys import token_for
from pruefpfad.published.kinds import published_events, taken_commands
from pruefpfad.published.schemas import command_schema, event_schema, message_schemas

ZIQ = Path(__file__).parents[2] / "examples" / "zusammen-im-quartier"
PROGRAMME, CASE = "zusammen-im-quartier", "ZIQ-2020-0001"
EVENTS = {event.topic: Draft202012Validator(event_schema(event)) for event in published_events()}
COMMANDS = {each.full_name: Draft202012Validator(command_schema(each)) for each in taken_commands()}
FORMS = {
    name: Draft202012Validator(schema, format_checker=FormatChecker())
    for name, schema in message_schemas().items()
}
LATER = {"reference": CASE, "effective_on": "2021-01-20"}


def _application() -> dict[str, Any]:
    read: dict[str, Any] = json.loads((ZIQ / "application.json").read_text(encoding="utf-8"))
    return read


def _story() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Role, command and payload, from the programme to the final award and a refused command."""
    definition = read_definition((ZIQ / "programme.toml").read_text(encoding="utf-8"))
    application = _application()
    call = {
        "programme": PROGRAMME,
        "programme_version": definition["version"],
        "call": application["call"],
        "opens_on": "2020-11-01",
        "closes_on": "2021-02-28",
    }
    yield "managing_authority", "intake.register_programme", {"definition": definition}
    yield "managing_authority", "intake.open_call", call
    for fund in ("ESF", "Land"):
        for year in (2021, 2022):
            line = {"programme": PROGRAMME, "fund": fund, "year": year, "ceiling": "50000.00"}
            yield "budget_officer", "budgeting.open_budget_line", line | _on("2020-11-01")
    yield "applicant", "intake.submit_application", application
    complete = {"reference": CASE, "missing": [], "checklist": "form-2"}
    yield "formal_checker", "intake.check_completeness", complete | _on("2020-12-14")
    proposal = {"reference": CASE, "eligible": True, "reasons": "Alle Regeln sind erfüllt."}
    yield "formal_checker", "eligibility.propose_finding", proposal | _on("2021-01-11")
    yield "formal_checker", "eligibility.sign_finding", LATER
    yield "expert", "eligibility.sign_finding", LATER
    yield "applicant", "budgeting.approve_grant", LATER
    yield "decider", "budgeting.approve_grant", LATER
    yield "decider", "budgeting.approve_grant", LATER
    yield "decider", "budgeting.notify_decision", LATER | {"channel": "electronic"}
    waived = {"reference": CASE, "effective_on": "2021-02-10"}
    yield "formal_checker", "budgeting.waive_remedy", waived
    claim = {"claim": "1", "purpose": "Personal", "wanted": [_tranche("ESF", 2021, "1000.00")]}
    yield "beneficiary", "disbursement.submit_claim", waived | claim
    yield "payment_authoriser", "disbursement.order_payment", waived | {"claim": "1"}


def _on(day: str) -> dict[str, str]:
    return {"effective_on": day}


def _tranche(fund: str, year: int, amount: str) -> dict[str, Any]:
    return {"fund": fund, "year": year, "amount": amount}


def _tell(system: EmbeddedSystem) -> None:
    """Each role is one person. Every answer is one that the contract knows."""
    for number, (role, command, payload) in enumerate(_story()):
        actor = Actor(f"b-{role}", role)
        token = token_for(system.key, actor, date(2014, 1, 1), date(2099, 1, 1))
        message = command_message(command, f"k-{number}", token, payload)
        [sealed] = system.border.seal([message])
        assert isinstance(sealed, dict)
        FORMS["command_message"].validate(sealed)
        COMMANDS[command].validate(sealed["payload"])
        answer = system.ask(message)
        assert answer.kind in ("recorded", "refused"), answer


@pytest.fixture(scope="module")
def messages(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """All that the story left in the five ledgers, as it goes out."""
    with EmbeddedSystem(tmp_path_factory.mktemp("story")) as system:
        system.declare_demonstration("a story for the contracts")
        _tell(system)
        return [
            json.loads(cloud_event(store.origin, row))
            for store in system.stores.values()
            for row in store.events_after(0, 1_000)
        ]


def test_the_story_leaves_many_kinds_of_events(messages: list[dict[str, Any]]) -> None:
    topics = {message["type"].removeprefix("pruefpfad.") for message in messages}

    assert len(topics) > 25
    assert {"eligibility.AccessRefused", "budgeting.ApprovalRefused"} <= topics
    assert {"budgeting.DecisionBecameFinal", "disbursement.PaymentOrderRefused"} <= topics


def test_every_stored_event_is_valid_by_its_published_schema(
    messages: list[dict[str, Any]],
) -> None:
    for message in messages:
        FORMS["cloud_event"].validate(message)
        EVENTS[message["type"].removeprefix("pruefpfad.")].validate(message["data"])


def test_an_event_with_a_field_of_another_type_would_not_be(
    messages: list[dict[str, Any]],
) -> None:
    [opened, *_] = [each["data"] for each in messages if each["type"].endswith("BudgetLineOpened")]

    assert not EVENTS["budgeting.BudgetLineOpened"].is_valid(opened | {"ceiling_cents": "50000.00"})
