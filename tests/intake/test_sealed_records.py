"""What is said to be sealed is opened before the ledger keeps it for good."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from grant_contracts.answers import Answer
from grant_contracts.commands import command_message
from grant_store.personal.vault import Vault
from grant_values.cases import case_id_of
from grant_values.personal import Holder, place_of
from support.authority import APPLICATION, CASE, Bureau, a_token, person
from support.personal import a_sealed_account, a_vault

CASE_ID = case_id_of(CASE)
CONTACT = {"name": "Erika Mustermann", "function": "Leitung", "email": "e@m.example", "phone": "1"}
KINDS = ["contact_person", "participant", "participant_special_categories"]


def take(intake: Bureau, command: str, payload: dict[str, Any]) -> Answer:
    """The command as it is, not over the border."""
    name, token = f"intake.{command}", a_token(person("applicant"))
    return intake.take(command_message(name, str(uuid4()), token, payload))


def sealed_by(vault: Vault, kind: str, content: dict[str, Any], number: int = 1) -> dict[str, Any]:
    """A record on the wire, whatever is in it."""
    [sealed] = vault.seal_all([(place_of(CASE_ID, kind, number), content)])
    plain: dict[str, Any] = msgspec.to_builtins(asdict(sealed))
    return plain


def add(intake: Bureau, *records: dict[str, Any]) -> Answer:
    numbered = [{"number": number, **each} for number, each in enumerate(records, 1)]
    on_case = {"reference": CASE, "effective_on": "2021-01-05"}
    return take(intake, "record_personal_data", {**on_case, "records": numbered})


def submit(intake: Bureau, **changes: Any) -> Answer:
    assert intake.vault
    account = msgspec.to_builtins(a_sealed_account(intake.vault, CASE))
    return take(intake, "submit_application", {**APPLICATION, "payee": account, **changes})


@pytest.mark.parametrize("kind", KINDS)
def test_clear_text_that_is_called_sealed_does_not_reach_the_ledger(
    intake: Bureau, kind: str
) -> None:
    submit(intake)
    head, place = intake.head, place_of(CASE_ID, kind)
    record = {
        "subject": str(place.subject),
        "record": str(place.record),
        "purpose": place.purpose,
        "kind": kind,
        "key": str(uuid4()),
        "sealed": b64encode(b"Erika Mustermann, geb. 1.1.1999").decode(),
    }

    answer = add(intake, record)

    assert answer.kind == "invalid"
    assert all(field.startswith("payload.records.0") for field in answer.errors)
    assert record["sealed"] not in str(answer)
    assert intake.head == head


def test_a_record_of_another_vault_is_refused_wherever_it_stands(
    intake: Bureau, tmp_path: Path
) -> None:
    assert intake.vault
    other = a_vault(tmp_path / "other")
    ours = sealed_by(intake.vault, "contact_person", CONTACT)
    foreign = sealed_by(other, "contact_person", CONTACT, number=2)
    expected = ["expected a contact person sealed with this vault"]

    answer = submit(intake, contacts=[ours, foreign])

    assert answer.errors == {"payload.contacts.1": expected}
    assert not intake.events("ApplicationSubmitted")
    submit(intake)
    assert add(intake, ours, foreign).errors == {"payload.records.1": expected}


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ({"function": "Leitung"}, ".name"),
        ({**CONTACT, "email": "Zwetschge"}, ".email"),
        ({**CONTACT, "Zwetschge": "x"}, ""),
        ({"name": ["Zwetschge"]}, ".name"),
    ],
)
def test_a_sealed_record_without_the_form_of_its_kind_names_the_field_and_no_content(
    intake: Bureau, content: dict[str, Any], field: str
) -> None:
    assert intake.vault
    submit(intake)
    head = intake.head

    answer = add(intake, sealed_by(intake.vault, "contact_person", content))

    assert list(answer.errors) == [f"payload.records.0{field}"]
    assert "Zwetschge" not in str(answer)
    assert intake.head == head


def test_a_key_destroyed_beside_one_of_a_foreign_vault_goes_on_record(
    intake: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be undone is never answered as if nothing had happened."""
    assert intake.vault
    contacts = [sealed_by(intake.vault, "contact_person", CONTACT, number) for number in (1, 2)]
    submit(intake, contacts=contacts)
    destroy, foreign = intake.vault.destroy, UUID(contacts[1]["subject"])

    def all_but_one(holder: Holder) -> UUID | None:
        return None if holder.subject == foreign else destroy(holder)

    monkeypatch.setattr(intake.vault, "destroy", all_but_one)
    payload = {"reference": CASE, "purpose": "contact", "reason": "consent_withdrawn"}
    keepers = person("records_keeper"), person("records_keeper", "S-1702")

    def ask() -> Answer:
        by, second = keepers
        return intake.ask("destroy_keys", by, second, **payload, effective_on="2026-01-15")

    intake.ends.say("consent_withdrawn", "contact")
    assert ask().kind == "recorded"
    [destroyed] = intake.events("KeyDestroyed")
    assert str(destroyed.subject) == contacts[0]["subject"]
    assert list(ask().errors) == ["payload.purpose"]
