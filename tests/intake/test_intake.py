"""Programmes, calls and applications: what is recorded, and what is refused at the door."""

from __future__ import annotations

from typing import Any

import pytest

from grant_contracts.answers import Answer
from grant_values.cases import case_id_of
from intake.conftest import A_DOCUMENT, CALL
from support.authority import (
    APPLICATION,
    CASE,
    DEFINITION,
    OF_HISTORY,
    PERSON_IN,
    Bureau,
    person,
)
from support.bad_input import (
    MONEY,
    NO_DATE,
    NO_MONEY,
    assert_form_is_checked,
    assert_invalid,
    changed,
)

AUTHORITY = "managing_authority"
ON_CASE = {"reference": CASE, "effective_on": "2021-01-05"}
FILE_KEEPERS = {
    AUTHORITY,
    "formal_checker",
    "expert",
    "decider",
    "claim_checker",
    "payment_authoriser",
}
ABOUT_PERSONS = {
    *("record_personal_data", "destroy_keys", "destroy_restored_key"),
    *("enrol_participant", "record_departure", "count_participants"),
}
DECLARERS = {AUTHORITY, "formal_checker", "claim_checker"}
ENTITLED: dict[str, tuple[set[str], dict[str, Any]]] = {
    "register_programme": ({AUTHORITY}, {"definition": DEFINITION}),
    "open_call": ({AUTHORITY}, CALL | {"call": "2021-02"}),
    "close_call": (
        {AUTHORITY},
        {"programme": CALL["programme"], "call": "2020-11", "effective_on": "2021-01-05"},
    ),
    "submit_application": ({"applicant", "formal_checker"}, APPLICATION),
    "check_completeness": ({"formal_checker"}, {**ON_CASE, "checklist": "ziq-2020"}),
    "withdraw_application": (
        {"applicant", "formal_checker"},
        {**ON_CASE, "reason": "Die Eigenmittel fehlen."},
    ),
    "file_document": (FILE_KEEPERS, A_DOCUMENT),
    "supersede_document": (
        FILE_KEEPERS,
        {**ON_CASE, "document": "report-1", "superseded_by": "report-2", "reason": "Neufassung"},
    ),
    "declare_not_applicable": (DECLARERS, {**ON_CASE, "item": 4, "reason": "Kein Bau."}),
    "declare_applicable": (DECLARERS, {**ON_CASE, "item": 4, "reason": "Doch ein Bau."}),
}


def submit(intake: Bureau, **changes: Any) -> Answer:
    return intake.ask("submit_application", person("applicant"), **(APPLICATION | changes))


def on_case(intake: Bureau, command: str, **changes: Any) -> Answer:
    payload = ENTITLED[command][1] | changes
    return intake.ask(command, person("formal_checker"), **payload)


def test_every_command_of_intake_is_in_the_matrix(intake: Bureau) -> None:
    """But those about personal data, which have files of tests of their own."""
    assert set(ENTITLED) | ABOUT_PERSONS == set(intake.service.commands) - OF_HISTORY


@pytest.mark.parametrize("command", ENTITLED)
def test_only_the_entitled_roles_give_a_command_and_others_go_on_record(
    intake: Bureau, command: str
) -> None:
    entitled, payload = ENTITLED[command]
    for role in sorted(set(PERSON_IN) - entitled):
        head = intake.head
        answer = intake.ask(command, person(role), **payload)
        assert (answer.kind, answer.reason) == ("refused", "role_not_entitled")
        assert intake.kinds(after=head) == ["AccessRefused"]
    for role in sorted(entitled):
        assert intake.ask(command, person(role), **payload).kind != "refused"


def test_a_programme_is_registered_once_and_a_change_needs_a_new_version(intake: Bureau) -> None:
    [registered] = intake.events("ProgrammeRegistered")
    assert (registered.programme_version, registered.definition) == ("v1", DEFINITION)
    assert len(registered.definition_sha256) == 64
    head = intake.head
    authority = person(AUTHORITY)

    assert intake.ask("register_programme", authority, definition=DEFINITION).kind == "recorded"
    assert intake.head == head
    other = DEFINITION | {"title": "Anders"}
    assert intake.ask("register_programme", authority, definition=other).errors == {
        "payload.definition.version": ["expected a new version: v1 is registered otherwise"]
    }
    assert intake.head == head
    newer = other | {"version": "v2"}
    assert intake.ask("register_programme", authority, definition=newer).kind == "recorded"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"programme": "no-such"}, "programme"),
        ({"programme_version": "v9"}, "programme"),
        ({"closes_on": "2020-11-02"}, "closes_on"),
        ({"call": "2020-11"}, "call"),
    ],
)
def test_a_call_is_opened_once_for_a_registered_programme(
    intake: Bureau, changes: dict[str, str], field: str
) -> None:
    payload = ENTITLED["open_call"][1] | changes

    assert assert_invalid(intake, AUTHORITY, "open_call", payload, f"payload.{field}")


@pytest.mark.parametrize(
    ("received_at", "late"),
    [
        ("2021-01-31T23:59:59+01:00", False),
        ("2021-01-31T22:59:59Z", False),
        ("2021-01-31T23:00:00Z", True),
        ("2021-02-01T00:00:00+01:00", True),
    ],
)
def test_an_application_is_late_by_the_day_in_berlin_and_recorded_all_the_same(
    intake: Bureau, received_at: str, late: bool
) -> None:
    """§ 24 Abs. 3 VwVfG NRW: the authority must not refuse to take it (R3)."""
    assert submit(intake, received_at=received_at).kind == "recorded"

    [submitted] = intake.events("ApplicationSubmitted")
    assert submitted.late is late


def test_what_comes_after_an_early_close_is_late(intake: Bureau) -> None:
    close = ENTITLED["close_call"][1]
    intake.ask("close_call", person(AUTHORITY), **(close | {"effective_on": "2020-12-09"}))
    head = intake.head
    intake.ask("close_call", person(AUTHORITY), **close)
    assert intake.head == head

    submit(intake)

    assert intake.events("ApplicationSubmitted")[0].late
    [closed] = intake.events("CallClosed")
    assert closed.closed_by == PERSON_IN[AUTHORITY]


def test_an_application_bears_its_case_and_the_version_of_its_call(intake: Bureau) -> None:
    submit(intake)

    [submitted] = intake.events("ApplicationSubmitted")
    assert submitted.originator_id == case_id_of(CASE)
    assert submitted.programme_version == "v1"
    assert submitted.plan.requested_cents == 6_890_400


def test_a_reference_is_submitted_once(intake: Bureau) -> None:
    submit(intake)

    expected = assert_invalid(
        intake, "applicant", "submit_application", APPLICATION, "payload.reference"
    )
    assert expected == f"expected a new reference: {CASE} was submitted before"


@pytest.mark.parametrize("missing", [[], ["Konzept", "Finanzierungsplan"]])
def test_the_checklist_says_what_is_missing(intake: Bureau, missing: list[str]) -> None:
    submit(intake)

    assert on_case(intake, "check_completeness", missing=missing).kind == "recorded"

    [checked] = intake.events("CompletenessChecked")
    assert (checked.complete, checked.missing) == (not missing, tuple(missing))
    assert (checked.checklist, checked.checked_by) == ("ziq-2020", "S-1101")


def test_a_withdrawal_counts_once(intake: Bureau) -> None:
    submit(intake)

    on_case(intake, "withdraw_application")
    head = intake.head
    assert on_case(intake, "withdraw_application").kind == "recorded"

    assert intake.head == head
    [withdrawn] = intake.events("ApplicationWithdrawn")
    assert withdrawn.reason == "Die Eigenmittel fehlen."


@pytest.mark.parametrize("command", ["check_completeness", "withdraw_application"])
def test_nothing_happens_to_an_application_before_it_was_received(
    intake: Bureau, command: str
) -> None:
    head = intake.head
    assert on_case(intake, command).kind == "not_yet"
    assert intake.head == head
    submit(intake)

    answer = on_case(intake, command, effective_on="2020-12-09")

    assert answer.errors == {
        "payload.effective_on": ["expected a day not before the receipt on 2020-12-10"]
    }


@pytest.mark.parametrize("command", ENTITLED)
def test_a_malformed_command_is_invalid(intake: Bureau, command: str) -> None:
    entitled, payload = ENTITLED[command]
    assert_form_is_checked(intake, sorted(entitled)[0], command, payload)


@pytest.mark.parametrize("value", NO_MONEY)
@pytest.mark.parametrize("part", ["eligible", "requested", "own", "others"])
def test_money_is_text_with_two_decimals(intake: Bureau, part: str, value: Any) -> None:
    payload = changed(APPLICATION, f"plan.{part}", value)

    said = assert_invalid(
        intake, "applicant", "submit_application", payload, f"payload.plan.{part}"
    )
    assert said == MONEY or value is None


def test_a_plan_that_does_not_add_up_is_invalid(intake: Bureau) -> None:
    """VV 1.2 zu § 44 LHO NRW; R5."""
    payload = changed(APPLICATION, "plan.own", "7656.01")

    said = assert_invalid(
        intake, "applicant", "submit_application", payload, "payload.plan.eligible"
    )
    assert said == "expected requested + own + others"


def test_a_natural_person_is_recorded_without_name_and_with_a_sealed_account(
    intake: Bureau,
) -> None:
    """What is recorded is hashed, so that it could not be taken back."""
    natural = changed(APPLICATION, "applicant.legal_person", False)
    unnamed = changed(natural, "applicant.name", None)
    real_account = changed(unnamed, "payee.invented", False)

    name = assert_invalid(
        intake, "applicant", "submit_application", natural, "payload.applicant.name"
    )

    assert name == "expected null: the name of a natural person is not recorded"
    assert intake.ask("submit_application", person("applicant"), **real_account).kind == "recorded"
    [submitted] = intake.events("ApplicationSubmitted")
    assert submitted.payee.invented is False


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("programme", "no-such"),
        ("call", "1999-01"),
        ("payee.iban", "DE97999999972020000002"),
        ("payee.iban", "DE979999999720200000"),
        ("payee.bic", "DEUTDE"),
        ("channel", "fax"),
        ("received_at", "2020-12-10T10:15:00"),
        ("received_at", "2020-12-10"),
        ("declarations.not_begun", "yes"),
        ("applicant.legal_person", 1),
        ("operation.posts.0.share", "1.5"),
        ("operation.posts.0.months", 0),
        ("operation.starts_on", "2021-02-30"),
        ("attachments.0.sha256", "0" * 63),
        ("fingerprint", "X" * 64),
        ("reference", "ziq-2020-0001"),
    ],
)
def test_a_field_that_cannot_be_is_named(intake: Bureau, path: str, value: Any) -> None:
    payload = changed(APPLICATION, path, value)
    field = "call" if path == "programme" else path

    said = assert_invalid(intake, "applicant", "submit_application", payload, f"payload.{field}")
    assert said.startswith("expected")


@pytest.mark.parametrize("value", NO_DATE)
@pytest.mark.parametrize("command", ["close_call", "check_completeness", "withdraw_application"])
def test_a_day_is_text_as_year_month_day(intake: Bureau, command: str, value: Any) -> None:
    entitled, payload = ENTITLED[command]

    assert_invalid(
        intake,
        sorted(entitled)[-1],
        command,
        payload | {"effective_on": value},
        "payload.effective_on",
    )


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("money.esf_rate", 0.5),
        ("money.grant_rates.0.rate", "1.2"),
        ("decision.remedy.months", 0),
        ("debtor.iban", "DE00"),
        ("rules", []),
        ("code", "Not A Code"),
    ],
)
def test_a_broken_programme_definition_is_invalid(
    empty_intake: Bureau, path: str, value: Any
) -> None:
    payload = {"definition": changed(DEFINITION, path, value)}

    assert_invalid(
        empty_intake,
        AUTHORITY,
        "register_programme",
        payload,
        f"payload.definition.{path}",
    )
