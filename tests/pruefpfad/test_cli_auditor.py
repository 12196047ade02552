"""An auditor reads everything and changes nothing, and each look is on record before its answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from grant_contracts.questions import AUDITOR as ROLE
from pruefpfad.assembly import SERVICES
from pruefpfad.embedded import EmbeddedSystem
from support.auditing import AUDITOR, DECIDER, PURPOSE, asked, call, tell_story, token
from support.authority import CASE

MATRIX = ("audit", "matrix", "--case", CASE)
OWN_COMMANDS = {"audit.record_access", "audit.draw_sample"}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tell_story(tmp_path_factory.mktemp("auditor"))


def look(data: Path, *words: str, purpose: str = PURPOSE) -> Any:
    return call(data, *words, "--actor-token", token(data, ROLE), "--purpose", purpose)


def looks(data: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = asked(data, "access", "list", "--only", "looks")["events"]
    return found


def test_a_look_is_on_record_with_who_what_whom_and_why(data: Path) -> None:
    before = len(looks(data))

    result = look(data, *MATRIX)

    assert result.exit_code == 1  # Something is missing, and the auditor is told.
    assert "on record: audit, position" in result.stderr
    [new] = looks(data)[before:]
    assert new["data"]["question"] == "audit matrix"
    assert (new["data"]["scope"], new["data"]["subject"]) == ("case", CASE)
    assert (new["data"]["actor_id"], new["data"]["purpose"]) == (AUDITOR, PURPOSE)
    assert new["data"]["positions"]["disbursement/main"] > 0
    assert "Einsicht durch S-1901: „audit matrix“ (Fall ZIQ-2020-0001)" in new["sentence"]


def test_a_look_is_on_record_although_its_answer_is_that_there_is_no_such_case(
    data: Path,
) -> None:
    before = len(looks(data))

    result = look(data, "audit", "matrix", "--case", "ZIQ-2099-0001")

    assert result.exit_code == 4
    assert [each["data"]["subject"] for each in looks(data)[before:]] == ["ZIQ-2099-0001"]


def test_who_is_no_auditor_is_refused_on_record_and_gets_no_answer(data: Path) -> None:
    signed = token(data, "decider", DECIDER)

    result = call(data, *MATRIX, "--actor-token", signed, "--purpose", PURPOSE)

    assert result.exit_code == 3
    assert "role_not_entitled" in result.output
    assert "FEHLT" not in result.output
    refusals = asked(data, "access", "list", "--only", "refusals")["events"]
    assert refusals[-1]["data"]["command"] == "audit.record_access"


def test_a_look_without_a_purpose_is_not_taken(data: Path) -> None:
    result = look(data, *MATRIX, purpose=" ")

    assert result.exit_code == 4
    assert "purpose: expected why" in result.output


def test_where_auditors_are_required_nobody_looks_without_a_token(data: Path) -> None:
    result = call(data, *MATRIX, PRUEFPFAD_REQUIRE_AUDITOR="1")

    assert result.exit_code == 4
    assert "actor-token: expected that of an auditor" in result.output


def test_on_servers_nobody_looks_without_a_token(data: Path) -> None:
    result = call(data, *MATRIX, "--database-url", "postgresql://nobody@nowhere/none")

    assert result.exit_code == 4
    assert "actor-token: expected that of an auditor" in result.output


def test_on_servers_a_look_needs_the_broker_that_puts_it_on_record(data: Path) -> None:
    result = look(data, *MATRIX, "--database-url", "postgresql://nobody@nowhere/none")

    assert result.exit_code == 4
    assert "amqp-url: expected the broker" in result.output


def test_the_list_of_looks_is_a_look_itself(data: Path) -> None:
    before = len(looks(data))

    assert look(data, "access", "list").exit_code == 0

    assert [each["data"]["question"] for each in looks(data)[before:]] == ["access list"]


def test_the_same_key_is_the_same_look(data: Path) -> None:
    before = len(looks(data))

    for _ in range(2):
        look(data, *MATRIX, "--key", "look-1")

    assert len(looks(data)) == before + 1


def test_a_replay_of_the_feeds_forgets_no_look_and_builds_the_same_case_file(data: Path) -> None:
    before, matrix = looks(data), asked(data, *MATRIX)
    operator = token(data, "operator", "S-1801")

    replay = ("feeds", "replay", "--follower", "audit", "--from", "0")
    assert call(data, *replay, "--actor-token", operator).exit_code == 0

    assert looks(data) == before
    assert asked(data, *MATRIX) == matrix


def test_audit_stays_a_read_model_although_it_has_a_ledger_of_its_own() -> None:
    assert [name for name, each in SERVICES.items() if each.is_read_model] == ["audit"]
    assert SERVICES["audit"].aggregates
    assert "discard_parked" not in SERVICES["audit"].commands


def test_an_auditor_may_give_no_command_that_changes_anything() -> None:
    open_to_auditors = {
        f"{service.name}.{name}"
        for service in SERVICES.values()
        for name, command in service.commands.items()
        if ROLE in command.roles
    }

    assert open_to_auditors == OWN_COMMANDS


def test_a_command_of_an_auditor_is_refused_and_on_record(data: Path) -> None:
    from grant_contracts.commands import command_message

    payload = {"reference": CASE, "reason": "x", "effective_on": "2021-05-01"}
    signed = token(data, ROLE)
    with EmbeddedSystem(data) as system:
        message = command_message("intake.withdraw_application", "w-1", signed, payload)
        answer = system.ask(message)

    assert (answer.kind, answer.reason) == ("refused", "role_not_entitled")
