"""Personal data come in sealed, and end with their key: what is recorded, and what is refused."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import msgspec
import pytest

from grant_contracts.answers import Answer
from grant_contracts.commands import command_message
from grant_contracts.personal import EXPECTED_SEALED
from grant_store.personal.vault import DESTROYED
from grant_values.cases import case_id_of
from grant_values.personal import PURPOSES, Sealed, place_of
from support.authority import APPLICATION, CASE, PERSON_IN, Bureau, a_token, person
from support.personal import a_sealed_account, a_vault, as_sealed

KEEPER, SECOND = person("records_keeper"), person("records_keeper", "S-1702")
CASE_ID = case_id_of(CASE)
CONTACT = {"name": "Erika Mustermann", "function": "Leitung", "email": "e@m.example", "phone": "1"}
IBAN, NAME = APPLICATION["payee"]["iban"], APPLICATION["payee"]["name"]
DESTROY = {
    "reference": CASE,
    "purpose": "payment",
    "reason": "retention_ended",
    "effective_on": "2026-01-15",
}


def submit(intake: Bureau, **changes: Any) -> Answer:
    return intake.ask("submit_application", person("applicant"), **(APPLICATION | changes))


def take(intake: Bureau, payload: dict[str, Any], key: str = "as-it-is") -> Answer:
    """The command as it is, not over the border."""
    message = command_message(
        "intake.submit_application", key, a_token(person("applicant")), payload
    )
    return intake.take(message)


@pytest.fixture
def disposed(intake: Bureau) -> Bureau:
    """Of all cases it was decided that they may be disposed of."""
    intake.ends.say("retention_ended", *PURPOSES)
    return intake


def destroy(intake: Bureau, second: Any = SECOND, **changes: Any) -> Answer:
    return intake.ask("destroy_keys", KEEPER, second, **(DESTROY | changes))


def sealed_payload(intake: Bureau, **changes: Any) -> dict[str, Any]:
    """An application whose account is sealed well, but for the changes."""
    assert intake.vault
    account = msgspec.to_builtins(a_sealed_account(intake.vault, CASE))
    return {**deepcopy(APPLICATION), "payee": {**account, **changes}}


def everything(intake: Bureau) -> bytes:
    """All bytes that the store of the bureau keeps."""
    rows = intake.store.events_after(0, 1_000)
    return b"".join(row.state + row.metadata for row in rows)


# What is recorded.


def test_an_application_leaves_its_account_and_contact_persons_sealed(intake: Bureau) -> None:
    answer = submit(intake, contacts=[CONTACT])

    assert answer.kind == "recorded"
    submitted, account, contact = intake.events()[-3:]
    assert (submitted.payee.subject, submitted.payee.record) == (account.subject, account.record)
    assert (account.kind, account.purpose, account.case_id) == ("account", "payment", CASE_ID)
    assert (contact.kind, contact.purpose) == ("contact_person", "contact")
    for clear in (IBAN, "Mustermann", "e@m.example"):
        assert clear.encode() not in everything(intake)
    assert NAME.encode() not in intake.store.events_after(0, 100)[-1].state


def test_sent_again_the_same_application_is_the_same_command(intake: Bureau) -> None:
    """The ciphertext is the same, or the repeat would look like another command."""
    message = command_message(
        "intake.submit_application",
        "k",
        a_token(person("applicant")),
        {**APPLICATION, "contacts": [CONTACT]},
    )

    first, again = intake.send(deepcopy(message)), intake.send(deepcopy(message))

    assert first.kind == "recorded"
    assert again == first


def test_what_is_sealed_opens_with_the_vault(intake: Bureau) -> None:
    submit(intake, contacts=[CONTACT])
    account, contact = intake.events("PersonalDataRecorded")

    assert intake.vault
    assert intake.vault.open(_sealed(account)) == {
        "name": NAME,
        "iban": IBAN,
        "bic": APPLICATION["payee"]["bic"],
    }
    assert intake.vault.open(_sealed(contact)) == CONTACT


def test_further_records_of_a_case_come_sealed_too(intake: Bureau) -> None:
    submit(intake)
    record = {"kind": "contact_person", "number": 3, **CONTACT}

    answer = intake.ask(
        "record_personal_data",
        person("applicant"),
        reference=CASE,
        records=[record],
        effective_on="2021-01-05",
    )

    assert answer.kind == "recorded"
    added = intake.events("PersonalDataRecorded")[-1]
    assert added.record == place_of(CASE_ID, "contact_person", 3).record


# What is refused.


def test_an_account_in_clear_is_refused_and_never_repeated(intake: Bureau) -> None:
    head = intake.head

    answer = take(intake, APPLICATION)

    assert answer.errors == {"payload.payee": [EXPECTED_SEALED]}
    assert IBAN not in str(answer)
    assert intake.head == head


def test_a_contact_person_in_clear_is_refused_and_never_repeated(intake: Bureau) -> None:
    payload = {**as_sealed(APPLICATION), "contacts": [CONTACT]}

    answer = take(intake, payload)

    assert answer.errors == {"payload.contacts.0": [EXPECTED_SEALED]}
    assert "Mustermann" not in str(answer)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "contact_person"}, "payee.kind"),
        ({"purpose": "contact"}, "payee.purpose"),
        ({"subject": str(case_id_of("ZIQ-9999"))}, "payee.subject"),
        ({"record": str(case_id_of("ZIQ-9999"))}, "payee.record"),
        ({"key": str(case_id_of("ZIQ-9999"))}, "payee"),
        ({"sealed": "AAAA"}, "payee"),
        ({"sealed": "no base64!"}, "payee.sealed"),
    ],
)
def test_a_seal_that_does_not_fit_its_place_names_the_field(
    intake: Bureau, changes: dict[str, Any], field: str
) -> None:
    head = intake.head

    answer = take(intake, sealed_payload(intake, **changes))

    assert list(answer.errors) == [f"payload.{field}"]
    assert intake.head == head


def test_a_seal_of_another_case_does_not_open(intake: Bureau) -> None:
    assert intake.vault
    other = a_sealed_account(intake.vault, "ZIQ-2020-0002")
    moved = {"key": str(other.key), "sealed": other.sealed}

    answer = take(intake, sealed_payload(intake, **moved))

    assert answer.errors == {"payload.payee": ["expected an account sealed with this vault"]}


def test_a_seal_of_another_vault_does_not_open(intake: Bureau, tmp_path: Any) -> None:
    other = a_sealed_account(a_vault(tmp_path / "other"), CASE)

    answer = take(intake, {**APPLICATION, "payee": msgspec.to_builtins(other)})

    assert answer.errors == {"payload.payee": ["expected an account sealed with this vault"]}


def test_what_was_sealed_as_an_account_and_is_none_is_refused_without_its_number(
    intake: Bureau,
) -> None:
    assert intake.vault
    wrong = a_sealed_account(intake.vault, CASE, iban="DE00370400440532013000")

    answer = take(intake, {**APPLICATION, "payee": msgspec.to_builtins(wrong)})

    assert list(answer.errors) == ["payload.payee"]
    assert "mod 97" in str(answer.errors)
    assert "0532013000" not in str(answer)


def test_a_record_comes_once_and_an_account_only_with_an_application(intake: Bureau) -> None:
    submit(intake, contacts=[CONTACT])

    def add(**record: Any) -> Answer:
        on_case = {"reference": CASE, "effective_on": "2021-01-05"}
        return intake.ask("record_personal_data", person("applicant"), records=[record], **on_case)

    again = add(kind="contact_person", number=1, **CONTACT)
    account = add(kind="account", number=2, **APPLICATION["payee"])

    assert list(again.errors) == ["payload.records.0.number"]
    assert list(account.errors) == ["payload.records.0.kind"]


# How it ends.


def test_two_persons_destroy_a_key_and_what_it_sealed_cannot_be_read(disposed: Bureau) -> None:
    intake = disposed
    submit(intake, contacts=[CONTACT])
    account, contact = map(_sealed, intake.events("PersonalDataRecorded"))

    answer = destroy(intake)

    assert answer.kind == "recorded"
    [destroyed] = intake.events("KeyDestroyed")
    assert (destroyed.subject, destroyed.key) == (account.subject, account.key)
    assert (destroyed.destroyed_by, destroyed.seconded_by) == (KEEPER.id, SECOND.id)
    assert (destroyed.reason, destroyed.case_id) == ("retention_ended", CASE_ID)
    assert intake.vault
    assert intake.vault.open(account) is DESTROYED
    assert intake.vault.open(contact) == CONTACT


def test_nobody_destroys_a_key_alone(intake: Bureau) -> None:
    submit(intake)

    for second in (None, KEEPER):
        answer = destroy(intake, second)
        assert (answer.kind, answer.reason) == ("refused", "second_person_missing")
    assert destroy(intake, person("decider")).reason == "second_actor_not_entitled"
    assert not intake.events("KeyDestroyed")


@pytest.mark.parametrize("command", ["record_personal_data", "destroy_keys"])
def test_only_the_entitled_roles_give_a_command_and_others_go_on_record(
    intake: Bureau, command: str
) -> None:
    submit(intake)
    record = {"kind": "contact_person", "number": 2, **CONTACT}
    payload = {
        "record_personal_data": {
            "reference": CASE,
            "records": [record],
            "effective_on": "2021-01-05",
        },
        "destroy_keys": DESTROY,
    }[command]
    for role in sorted(set(PERSON_IN) - intake.service.commands[command].roles):
        answer = intake.ask(command, person(role), **payload)
        assert (answer.kind, answer.reason) == ("refused", "role_not_entitled")


def test_a_program_destroys_nothing_outside_a_demonstration(intake: Bureau) -> None:
    submit(intake)
    scripted = type(KEEPER)("script", "records_keeper", scripted=True)

    answer = intake.ask("destroy_keys", scripted, SECOND, **DESTROY)

    assert (answer.kind, answer.reason) == ("refused", "scripted_actor")


def test_one_persons_key_goes_and_the_others_stay(disposed: Bureau) -> None:
    intake = disposed
    submit(intake, contacts=[CONTACT, {**CONTACT, "name": "Max Mustermann"}])
    _, first, second = map(_sealed, intake.events("PersonalDataRecorded"))

    assert destroy(intake, purpose="contact", subject=str(second.subject)).kind == "recorded"

    assert intake.vault
    assert intake.vault.open(first) == CONTACT
    assert intake.vault.open(second) is DESTROYED


def test_a_key_that_was_destroyed_and_is_not_on_record_is_recorded_by_the_same_command(
    intake: Bureau,
) -> None:
    """A crash between the vault and the ledger."""
    submit(intake)
    [account] = map(_sealed, intake.events("PersonalDataRecorded"))
    assert intake.vault
    intake.vault.destroy(account.holder)

    assert destroy(intake).kind == "recorded"

    [destroyed] = intake.events("KeyDestroyed")
    assert destroyed.key == account.key


def test_two_persons_destroy_nothing_that_nobody_decided_to_end(intake: Bureau) -> None:
    submit(intake, contacts=[CONTACT])
    intake.ends.say("retention_ended", "contact")

    answer = destroy(intake)

    assert (answer.kind, answer.reason) == ("refused", "end_not_decided")
    assert intake.kinds()[-1] == "AccessRefused"
    [account, _] = map(_sealed, intake.events("PersonalDataRecorded"))
    assert intake.vault
    assert intake.vault.has_key(account.holder)
    assert destroy(intake, purpose="contact").kind == "recorded"


def test_of_one_persons_erasure_nobody_elses_key_is_destroyed(intake: Bureau) -> None:
    submit(intake, contacts=[CONTACT, {**CONTACT, "name": "Max Mustermann"}])
    _, first, second = map(_sealed, intake.events("PersonalDataRecorded"))
    intake.ends.say("consent_withdrawn", "contact", subject=first.subject)
    asked = {"purpose": "contact", "reason": "consent_withdrawn"}

    assert destroy(intake, **asked).reason == "end_not_decided"
    assert destroy(intake, **asked, subject=str(second.subject)).reason == "end_not_decided"
    assert intake.events("KeyDestroyed") == []
    assert destroy(intake, **asked, subject=str(first.subject)).kind == "recorded"


def test_r100_under_a_hold_no_key_is_destroyed_whatever_was_decided_before(
    disposed: Bureau,
) -> None:
    submit(disposed)
    disposed.ends.hold("OLAF-1")

    assert destroy(disposed).reason == "legal_hold"

    disposed.ends.hold()
    assert destroy(disposed).reason == "end_not_decided"
    assert disposed.events("KeyDestroyed") == []


def test_a_key_that_is_gone_already_goes_on_record_under_a_hold_too(disposed: Bureau) -> None:
    """The crash came between vault and ledger, and the hold after it: the record must be true."""
    submit(disposed)
    [account] = map(_sealed, disposed.events("PersonalDataRecorded"))
    assert disposed.vault
    disposed.vault.destroy(account.holder)
    disposed.ends.hold("OLAF-1")

    assert destroy(disposed).kind == "recorded"


def test_nothing_is_decided_on_a_case_while_its_keys_are_destroyed(
    disposed: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit(disposed)
    vault = disposed.vault
    assert vault
    was_still = []
    destroys = vault.keys.destroy

    def watched(*holder: Any) -> Any:
        was_still.append(disposed.ends.is_still)
        return destroys(*holder)

    monkeypatch.setattr(vault.keys, "destroy", watched)
    destroy(disposed)

    assert was_still == [True]


def test_a_key_is_destroyed_once(disposed: Bureau) -> None:
    intake = disposed
    submit(intake)
    destroy(intake)

    assert list(destroy(intake).errors) == ["payload.purpose"]
    assert len(intake.events("KeyDestroyed")) == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"purpose": "contact"}, "purpose"),
        ({"purpose": "anything"}, "purpose"),
        ({"subject": str(case_id_of("ZIQ-9999"))}, "subject"),
        ({"subject": "S-1"}, "subject"),
        ({"reason": "because"}, "reason"),
        ({"reason": "consent_withdrawn"}, "reason"),
        ({"effective_on": "2026-01-14"}, "effective_on"),
        ({"effective_on": "2026-01-16"}, "effective_on"),
    ],
)
def test_a_destruction_that_cannot_be_names_the_field(
    disposed: Bureau, changes: dict[str, Any], field: str
) -> None:
    intake = disposed
    submit(intake)
    head = intake.head

    answer = destroy(intake, **changes)

    assert list(answer.errors) == [f"payload.{field}"]
    assert intake.head == head


def test_nothing_new_is_sealed_for_a_person_whose_key_was_destroyed(disposed: Bureau) -> None:
    intake = disposed
    submit(intake, contacts=[CONTACT])
    destroy(intake, purpose="contact")

    answer = intake.ask(
        "record_personal_data",
        person("applicant"),
        reference=CASE,
        records=[{"kind": "contact_person", "number": 1, **CONTACT}],
        effective_on="2026-01-03",
    )

    assert answer.errors == {"payload.records.0": ["expected a person whose key was not destroyed"]}


def test_the_ledger_is_read_as_before_after_a_key_was_destroyed(disposed: Bureau) -> None:
    intake = disposed
    submit(intake)
    before = intake.rebuilt(CASE_ID)
    destroy(intake)

    after = intake.rebuilt(CASE_ID)

    assert vars(after) == vars(before)


def _sealed(event: Any) -> Sealed:
    return Sealed(event.subject, event.record, event.purpose, event.kind, event.key, event.sealed)
