"""The vault is away for a while: what needs it waits, nothing is half done, and then it goes on."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from grant_contracts.commands import command_message
from grant_store.errors import VaultAway
from grant_store.personal import sqlite_keys
from grant_store.personal.envelope import bound_to, enclose
from pruefpfad.border import Border
from store.personal import faults
from support.authority import APPLICATION, CASE, Bureau, a_token, person

DESTROY = {
    "reference": CASE,
    "purpose": "payment",
    "reason": "retention_ended",
    "effective_on": "2026-01-15",
}


@pytest.fixture(autouse=True)
def impatient(intake: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_keys, "_BUSY_SECONDS", 0.05)
    assert intake.vault
    intake.vault.close()  # It is opened again when it is needed.


def a_sealed_application(intake: Bureau) -> dict[str, Any]:
    assert intake.vault
    message = command_message(
        "intake.submit_application", "k", a_token(person("applicant")), deepcopy(APPLICATION)
    )
    [sealed] = Border(intake.vault).seal([message])
    assert isinstance(sealed, dict)
    return sealed


def an_enclosed_application(intake: Bureau) -> dict[str, Any]:
    assert intake.vault
    intake.vault.border_keys.create()
    key_id, public_key = intake.vault.border_keys.public_key()
    bound = bound_to("intake.submit_application", CASE, "account", 1)
    envelope = enclose(public_key, bound, json.dumps(APPLICATION["payee"]).encode())
    payee = {"to": str(key_id), "envelope": envelope}
    payload = {**deepcopy(APPLICATION), "payee": payee}
    return command_message("intake.submit_application", "k", a_token(person("applicant")), payload)


def a_destruction(intake: Bureau) -> dict[str, Any]:
    intake.send(a_sealed_application(intake))
    intake.ends.say("retention_ended", "payment")
    second = a_token(person("records_keeper", "S-1702"))
    return command_message(
        *("intake.destroy_keys", "d", a_token(person("records_keeper")), DESTROY),
        second_actor_token=second,
    )


@pytest.mark.parametrize("fault", faults.ALL)
@pytest.mark.parametrize("make", [a_sealed_application, an_enclosed_application])
def test_an_application_waits_for_the_vault_and_nothing_of_it_is_recorded(
    intake: Bureau, tmp_path: Path, make: Callable[[Bureau], dict[str, Any]], fault: str
) -> None:
    message, head = make(intake), intake.head

    with faults.ALL[fault](tmp_path / "vault"):
        answers = intake.writer.answer([message])

    assert [type(each) for each in answers] == [VaultAway]
    assert intake.head == head
    assert intake.take(message).kind == "recorded"


@pytest.mark.parametrize("fault", faults.ALL)
def test_what_stands_behind_it_waits_too_and_keeps_its_place(
    intake: Bureau, tmp_path: Path, fault: str
) -> None:
    """A sender's commands are decided in their order, whatever is away."""
    first = a_sealed_application(intake)
    withdraw = {"reference": CASE, "reason": "doch nicht", "effective_on": "2021-01-05"}
    token = a_token(person("applicant"))
    second = command_message("intake.withdraw_application", "w", token, withdraw)

    with faults.ALL[fault](tmp_path / "vault"):
        away = intake.writer.answer([first, second])
    answers = intake.writer.answer([first, second])

    assert [type(each) for each in away] == [VaultAway, VaultAway]
    assert [getattr(each, "kind", each) for each in answers] == ["recorded", "recorded"]


@pytest.mark.parametrize("fault", faults.ALL)
def test_what_needs_no_personal_data_goes_on(intake: Bureau, tmp_path: Path, fault: str) -> None:
    close = {"programme": APPLICATION["programme"], "call": "2020-11", "effective_on": "2021-01-31"}

    with faults.ALL[fault](tmp_path / "vault"):
        answer = intake.ask("close_call", person("managing_authority"), **close)

    assert answer.kind == "recorded"


@pytest.mark.parametrize("fault", faults.OF_THE_KEYS)
def test_a_destruction_waits_and_destroys_nothing(
    intake: Bureau, tmp_path: Path, fault: str
) -> None:
    message, head = a_destruction(intake), intake.head

    with faults.OF_THE_KEYS[fault](tmp_path / "vault"):
        [away] = intake.writer.answer([message])

    assert isinstance(away, VaultAway)
    assert intake.head == head
    assert intake.vault
    assert intake.vault.keys.counts()["payment"] == (1, 0)
    assert intake.take(message).kind == "recorded"
    assert intake.vault.keys.counts()["payment"] == (0, 1)


@pytest.mark.parametrize("fault", faults.OF_WHAT_PROTECTS_THEM)
def test_a_key_is_destroyed_without_what_protects_it(
    intake: Bureau, tmp_path: Path, fault: str
) -> None:
    """An erasure must not fail for want of the key that it makes worthless."""
    message = a_destruction(intake)

    with faults.OF_WHAT_PROTECTS_THEM[fault](tmp_path / "vault"):
        assert intake.take(message).kind == "recorded"


@pytest.mark.parametrize("fault", faults.ALL)
def test_no_key_is_made_that_the_vault_would_not_know_afterwards(
    intake: Bureau, tmp_path: Path, fault: str
) -> None:
    """What was sealed under another vault's protection would be lost with it."""
    message = an_enclosed_application(intake)
    intake.take(message)
    assert intake.vault
    before = intake.vault.keys.counts()
    other = {**message, "key": "other", "payload": {**message["payload"], "reference": "ZIQ-7-7"}}

    with faults.ALL[fault](tmp_path / "vault"):
        intake.writer.answer([other])

    assert intake.vault.keys.counts() == before
