"""The border lets nothing in clear go on, in whatever form it is handed over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result

from grant_contracts.answers import Answer
from grant_contracts.commands import command_message
from grant_store.personal.vault import Vault
from pruefpfad.border import Border
from pruefpfad.cli.root import main
from pruefpfad.embedded import EmbeddedSystem
from support.authority import APPLICATION, CASE
from support.personal import a_vault

ACCOUNT = {"name": "Max Zwetschge", "iban": "DE89370400440532013000"}
SUBMIT, RECORD = "intake.submit_application", "intake.record_personal_data"
PROPER = {**APPLICATION, "payee": ACCOUNT}
WITHOUT_PAYEE = {name: value for name, value in APPLICATION.items() if name != "payee"}
OF_A_LINE = {"programme": "ZIQ", "fund": "ESF", "year": 2021, "payee": ACCOUNT}
PARTICIPANT = {"kind": "participant", "number": 1, "name": "Max Zwetschge", "born": "1999-01-01"}
HEALTH = {"kind": "participant_special_categories", "number": 1, "disability": "Zwetschge"}
CONTACT = {"number": 1, "name": "Max Zwetschge"}


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    vault = a_vault(tmp_path / "vault")
    yield vault
    vault.close()


def sealed(vault: Vault, command: Any, payload: Any, **further: Any) -> Any:
    message = command_message(command, "k", "token", payload, **further)
    [found] = Border(vault).seal([message])
    return found


def records(*given: Any) -> dict[str, Any]:
    return {"reference": CASE, "effective_on": "2021-01-05", "records": list(given)}


IN_CLEAR = {
    "no reference": (SUBMIT, {**WITHOUT_PAYEE, "payee": ACCOUNT, "reference": None}),
    "a number as reference": (SUBMIT, {**PROPER, "reference": 17}),
    "no text as reference": (SUBMIT, {**PROPER, "reference": "\ud800"}),
    "a list for the payee": (SUBMIT, {**PROPER, "payee": [ACCOUNT]}),
    "an object for the contacts": (SUBMIT, {**PROPER, "contacts": {"name": "Max Zwetschge"}}),
    "sealed, and nothing in it": (SUBMIT, {**PROPER, "payee": {**ACCOUNT, "sealed": None}}),
    "enclosed, and nothing in it": (SUBMIT, {**PROPER, "payee": {**ACCOUNT, "envelope": None}}),
    "a misspelt field": (SUBMIT, {**WITHOUT_PAYEE, "payes": ACCOUNT}),
    "a misspelt field within": (
        SUBMIT,
        {**PROPER, "applicant": {**APPLICATION["applicant"], "nmae": "Max Zwetschge"}},
    ),
    "a misspelt command": ("intake.submit_aplication", PROPER),
    "a misspelt service": ("intaek.submit_application", PROPER),
    "no command": (None, PROPER),
    "another command": ("budgeting.open_budget_line", OF_A_LINE),
    "a list for the payload": (SUBMIT, [PROPER]),
    "a participant": (RECORD, records(PARTICIPANT)),
    "health": (RECORD, records(HEALTH)),
    "a misspelt kind": (RECORD, records({**CONTACT, "kind": "contact-person"})),
    "a list for the kind": (RECORD, records({**CONTACT, "kind": ["contact_person"]})),
    "a text for a record": (RECORD, records("Max Zwetschge")),
    "an object for the records": (RECORD, {**records(), "records": {"name": "Max Zwetschge"}}),
    "no number": (RECORD, records({"kind": "contact_person", "name": "Max Zwetschge"})),
}


@pytest.mark.parametrize("form", sorted(IN_CLEAR))
def test_what_has_not_the_form_of_its_command_goes_no_further(vault: Vault, form: str) -> None:
    command, payload = IN_CLEAR[form]

    answer = sealed(vault, command, payload)

    assert isinstance(answer, Answer)
    assert answer.kind == "invalid"
    assert answer.errors
    assert "Zwetschge" not in str(answer)
    assert "DE8937" not in str(answer)
    assert vault.keys.counts() == {}


def test_what_is_personal_beside_the_payload_goes_no_further(vault: Vault) -> None:
    answer = sealed(vault, SUBMIT, PROPER, payee="Max Zwetschge")

    assert answer.errors == {"payee": ["expected no field of this name"]}


def test_a_command_that_is_none_is_answered_with_those_that_there_are(vault: Vault) -> None:
    answer = sealed(vault, "intake.submit_aplication", PROPER)

    assert (answer.kind, answer.code) == ("invalid", "no_such_command")
    assert "intake.submit_application" in answer.errors["command"][0]


def test_what_has_the_form_goes_sealed_or_as_it_is(vault: Vault) -> None:
    lone = {"kind": "contact_person", **CONTACT}
    application, record = sealed(vault, SUBMIT, PROPER), sealed(vault, RECORD, records(lone))
    line = {"reference": CASE, "reason": "x", "effective_on": "2021-01-05"}
    other = sealed(vault, "intake.withdraw_application", line)
    enclosed = {"to": str(uuid4()), "envelope": "AAAA"}
    letter = sealed(vault, SUBMIT, {**PROPER, "payee": enclosed})

    for found in (application, record):
        assert "Zwetschge" not in str(found)
        assert "'sealed'" in str(found)
    assert other["payload"] == line
    assert letter["payload"]["payee"] == enclosed
    assert sealed(vault, SUBMIT, application["payload"])["payload"] == application["payload"]


def seal(folder: Path, command: str, payload: Any) -> Result:
    with EmbeddedSystem(folder):
        file = folder / "payload.json"
        file.write_text(json.dumps(payload), encoding="utf-8")
    return CliRunner().invoke(main, ["--data", str(folder), "keys", "seal", command, str(file)])


@pytest.mark.parametrize("form", ["a misspelt command", "a participant", "no reference"])
def test_the_command_line_prints_nothing_of_what_it_could_not_seal(
    tmp_path: Path, form: str
) -> None:
    command, payload = IN_CLEAR[form]

    refused = seal(tmp_path / "data", str(command), payload)

    assert (refused.exit_code, refused.stdout) == (4, ""), refused.output
    assert "Zwetschge" not in refused.output
    assert "expected" in refused.stderr
