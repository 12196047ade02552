"""Senders without the vault: what comes in an envelope is sealed, and kept in no other form."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import msgspec
import pytest

from grant_contracts.answers import Answer
from grant_contracts.commands import command_message
from grant_contracts.personal import EXPECTED_SEALED, NOT_ENCLOSED
from grant_store.personal.envelope import bound_to, enclose
from grant_values.personal import PARTICIPANT_RECORDS, Sealed
from support.authority import APPLICATION, CASE, Bureau, a_token, person
from support.participants import a_participant
from support.personal import a_sealed_account

ENROL = "intake.enrol_participant"
SUBMIT, RECORD = "intake.submit_application", "intake.record_personal_data"
CONTACT = {"name": "Erika Mustermann", "function": "Leitung", "email": "e@m.example", "phone": "1"}
IBAN = APPLICATION["payee"]["iban"]


def enclosed(
    intake: Bureau,
    content: Any,
    kind: str = "account",
    number: int = 1,
    command: str = SUBMIT,
    reference: str = CASE,
) -> dict[str, str]:
    """A record as a sender of another make encloses it."""
    assert intake.vault
    key_id, public_key = intake.vault.border_keys.public_key()
    clear = content if isinstance(content, bytes) else json.dumps(content).encode() + b"   "
    bound = bound_to(command, reference, kind, number)
    return {"to": str(key_id), "envelope": enclose(public_key, bound, clear)}


def application(intake: Bureau, **changes: Any) -> dict[str, Any]:
    return {
        **deepcopy(APPLICATION),
        "payee": enclosed(intake, APPLICATION["payee"]),
        "contacts": [enclosed(intake, CONTACT, "contact_person")],
        **changes,
    }


def take(intake: Bureau, payload: dict[str, Any], key: str = "k", name: str = SUBMIT) -> Answer:
    return intake.take(command_message(name, key, a_token(person("applicant")), payload))


def everything(folder: Path) -> bytes:
    """All bytes of the files that store and vault keep."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


@pytest.fixture(autouse=True)
def border(intake: Bureau) -> None:
    assert intake.vault
    intake.vault.border_keys.create()


def test_an_application_in_envelopes_is_recorded_as_if_it_had_come_sealed(intake: Bureau) -> None:
    answer = take(intake, application(intake))

    assert answer.kind == "recorded"
    submitted, account, contact = intake.events()[-3:]
    assert (submitted.payee.subject, submitted.payee.invented) == (account.subject, True)
    assert intake.vault
    assert intake.vault.open(_sealed(account)) == {
        name: value for name, value in APPLICATION["payee"].items() if name != "invented"
    }
    assert intake.vault.open(_sealed(contact)) == CONTACT


def test_neither_the_content_nor_the_envelope_is_kept_anywhere(
    intake: Bureau, tmp_path: Path
) -> None:
    payload = application(intake)

    take(intake, payload)

    kept = everything(tmp_path)
    for text in (IBAN, CONTACT["name"], payload["payee"]["envelope"], payload["payee"]["to"]):
        assert text.encode() not in kept
    assert b"ApplicationSubmitted" in kept


def test_an_envelope_made_anew_of_the_same_content_is_the_same_command(intake: Bureau) -> None:
    """Each envelope has other bytes; what is sealed has not, and that is what counts."""
    first, again = take(intake, application(intake)), take(intake, application(intake))
    changed = enclosed(intake, {**APPLICATION["payee"], "name": "Jemand anders"})

    assert first.kind == "recorded"
    assert again == first
    assert take(intake, application(intake, payee=changed)).code == "key_reused"


def test_sealed_and_enclosed_records_may_come_together(intake: Bureau) -> None:
    assert intake.vault
    account = msgspec.to_builtins(a_sealed_account(intake.vault, CASE))

    assert take(intake, application(intake, payee=account)).kind == "recorded"


def test_further_records_of_a_case_come_in_envelopes_too(intake: Bureau) -> None:
    take(intake, application(intake))
    record = enclosed(intake, CONTACT, "contact_person", 3, RECORD)
    given = {"kind": "contact_person", "number": 3, **record}

    answer = take(
        intake,
        {"reference": CASE, "records": [given], "effective_on": "2021-01-05"},
        "further",
        RECORD,
    )

    assert answer.kind == "recorded", answer
    assert intake.vault
    assert intake.vault.open(_sealed(intake.events()[-1])) == CONTACT


def test_an_older_key_of_the_border_opens_until_it_is_retired(intake: Bureau) -> None:
    payload = application(intake)
    assert intake.vault
    intake.vault.border_keys.rotate()

    assert take(intake, payload).kind == "recorded"

    [old, _] = intake.vault.border_keys.all()
    intake.vault.border_keys.retire(old.key_id)
    assert list(take(intake, payload, "other").errors) == ["payload.payee.to"]


@pytest.mark.parametrize(
    ("made", "field", "expected"),
    [
        ({"command": RECORD}, "envelope", "for this command, reference, kind and number"),
        ({"reference": "ZIQ-2020-0002"}, "envelope", "for this command, reference"),
        ({"kind": "contact_person"}, "envelope", "for this command, reference, kind"),
        ({"number": 2}, "envelope", "for this command, reference, kind and number"),
        ({"content": b"no json"}, "envelope", "expected a JSON object in it"),
        ({"content": b"[7]"}, "envelope", "expected a JSON object in it"),
        ({"content": b"\xff"}, "envelope", "expected a JSON object in it"),
        ({"content": b"[" * 5_000}, "envelope", "expected a JSON object in it"),
        ({"content": {"DE04 7777": 1}}, "envelope", "no other fields in it than name, iban"),
        ({"content": {**APPLICATION["payee"], "iban": "DE00"}}, "iban", "expected"),
        ({"content": {"iban": IBAN}}, "name", "expected a value"),
    ],
)
def test_an_envelope_that_does_not_fit_names_the_field_and_not_its_content(
    intake: Bureau, made: dict[str, Any], field: str, expected: str
) -> None:
    head = intake.head
    payee = enclosed(intake, **{"content": APPLICATION["payee"], **made})

    answer = take(intake, application(intake, payee=payee))

    assert answer.kind == "invalid"
    assert list(answer.errors) == [f"payload.payee.{field}"]
    assert expected in str(answer.errors)
    assert "7777" not in str(answer)
    assert IBAN not in str(answer)
    assert intake.head == head


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"to": "nobody"}, "to"),
        ({"to": "00000000-0000-7000-8000-000000000000"}, "to"),
        ({"envelope": "no base64!"}, "envelope"),
        ({"envelope": "AAAA"}, "envelope"),
        ({"envelope": 7}, "envelope"),
        ({"name": "Erika"}, "name"),
    ],
)
def test_what_is_no_envelope_of_this_border_names_the_field(
    intake: Bureau, changes: dict[str, Any], field: str
) -> None:
    answer = take(
        intake, application(intake, payee=enclosed(intake, APPLICATION["payee"]) | changes)
    )

    assert list(answer.errors) == [f"payload.payee.{field}"]


def test_beside_an_envelope_nothing_may_come_in_clear(intake: Bureau) -> None:
    answer = take(intake, application(intake, contacts=[CONTACT]))

    assert answer.errors == {"payload.contacts.0": [EXPECTED_SEALED]}
    assert "Mustermann" not in str(answer)


def test_a_participant_is_enrolled_in_envelopes_and_the_age_is_worked_out(intake: Bureau) -> None:
    take(intake, application(intake))
    payload = a_participant(3, CASE)
    payload["characteristics"].pop("age", None)
    for field, kind in PARTICIPANT_RECORDS.items():
        if field in payload:
            payload[field] = enclosed(intake, payload[field], kind, 3, ENROL)
    message = command_message(ENROL, "e", a_token(person("formal_checker")), payload)

    answer = intake.take(message)

    assert answer.kind == "recorded", answer
    assert intake.vault
    contents = [intake.vault.open(_sealed(each)) for each in intake.events("PersonalDataRecorded")]
    assert any(isinstance(each, dict) and "age" in each for each in contents)


def test_of_an_unknown_kind_nothing_comes_in_an_envelope(intake: Bureau) -> None:
    record = {"kind": "relative", "number": 1, **enclosed(intake, CONTACT)}
    payload = {"reference": CASE, "records": [record], "effective_on": "2021-01-05"}

    answer = take(intake, payload, "k", RECORD)

    assert answer.errors == {"payload.records.0": [NOT_ENCLOSED]}


def test_nothing_is_opened_for_whoever_cannot_prove_who_they_are(intake: Bureau) -> None:
    message = command_message(SUBMIT, "k", "no token", application(intake))

    assert intake.take(message).code == "token_refused"
    assert intake.vault
    assert intake.vault.keys.counts() == {"envelopes": (1, 0)}


def test_after_a_persons_key_was_destroyed_no_envelope_brings_their_data_back(
    intake: Bureau,
) -> None:
    payload = application(intake)
    take(intake, payload)
    keepers = person("records_keeper"), person("records_keeper", "S-1702")
    on_case = {"reference": CASE, "reason": "retention_ended", "effective_on": "2026-01-15"}
    intake.ends.say("retention_ended", "payment")
    intake.ask("destroy_keys", *keepers, **on_case, purpose="payment")

    answer = take(intake, payload, "once more")

    assert answer.errors == {"payload.payee": ["expected a person whose key was not destroyed"]}


def _sealed(event: Any) -> Sealed:
    names = ("subject", "record", "purpose", "kind", "key", "sealed")
    return Sealed(**{name: getattr(event, name) for name in names})
