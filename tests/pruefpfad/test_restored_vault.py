"""A vault that is put back from a backup: what it brings back, what it lacks, and how that ends."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from grant_intake.personal_records import KeyDestruction
from grant_store.opening import open_store
from grant_store.personal.encryption_keys import FILE_NAME
from grant_store.personal.opening import KEYS_FILE
from grant_values.cases import case_id_of
from grant_values.personal import place_of
from pruefpfad.cli.days import day_of_act
from pruefpfad.cli.root import main
from pruefpfad.cli.tokens import ACTOR_TOKEN, SECOND_ACTOR_TOKEN
from support.authority import example_by_consent
from support.story import REFERENCE, decide_to_erase, tell_story

DESTROY = ("keys", "destroy", "--case", REFERENCE, "--purpose", "payment")
BECAUSE = ("--reason", "no_longer_necessary")
HOLDER = place_of(case_id_of(REFERENCE), "account").holder
Call = Callable[..., Result]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("told")
    data = tell_story(folder / "data", example_by_consent(folder / "example"))
    decide_to_erase(data, "payment")
    return data


@pytest.fixture
def data(told: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(told, tmp_path / "data"))


@pytest.fixture
def call(data: Path) -> Call:
    """Two keepers at the command line."""

    def run(*words: str, **environment: str) -> Result:
        return CliRunner().invoke(main, ["--data", str(data), *words], env=environment)

    mandate = ("--role", "records_keeper", "--from", "2020-01-01", "--until", "2099-12-31")
    first, second = (
        run("actor", "token", "--id", each, *mandate).output for each in ("S-1", "S-2")
    )
    tokens = {ACTOR_TOKEN: first.strip(), SECOND_ACTOR_TOKEN: second.strip()}
    return lambda *words: run(*words, **tokens)


def put_back(data: Path, backup: Path) -> None:
    shutil.rmtree(data / "vault")
    shutil.copytree(backup, data / "vault")


def state_of(call: Call) -> dict[str, Any]:
    [row] = json.loads(call("keys", "status", "--case", REFERENCE, "--json").stdout)
    return dict(row)


def destructions(data: Path) -> list[str]:
    store = open_store(f"sqlite:///{data}", "intake", "main", read_only=True)
    topics = [row.topic for row in store.stream(KeyDestruction.create_id(*HOLDER))]
    store.close()
    return topics


def test_what_a_backup_brings_back_is_told_and_two_keepers_end_it_on_record(
    data: Path, call: Call, tmp_path: Path
) -> None:
    backup = Path(shutil.copytree(data / "vault", tmp_path / "backup"))
    assert call(*DESTROY, *BECAUSE).exit_code == 0
    assert call("keys", "rewrap").exit_code == 0
    assert call("keys", "reconcile").output.startswith("no key")
    put_back(data, backup)

    told = call("keys", "status")
    assert told.exit_code == 5
    assert "1 keys: destroyed on record and back in the vault: `keys reconcile`" in told.stderr
    assert state_of(call)["state"] == "brought_back"

    done = call("keys", "reconcile")

    assert done.exit_code == 0, done.output
    assert state_of(call) == {
        "subject": str(HOLDER.subject),
        "purpose": "payment",
        "readable": False,
        "destruction_on_record": True,
        "state": "destroyed",
    }
    assert destructions(data) == ["intake.KeyDestroyed", "intake.RestoredKeyDestroyed"]
    assert call("keys", "status").exit_code == 0
    assert json.loads(call("keys", "reconcile", "--json").stdout) == []
    assert call("replay", "check").exit_code == 0
    history = call("case", "history", REFERENCE, "--lang", "en").output
    assert "destroyed once more" in history
    assert "S-2" in history


def test_nobody_destroys_a_restored_key_alone_and_none_that_is_not_on_record(
    data: Path, call: Call, tmp_path: Path
) -> None:
    backup = Path(shutil.copytree(data / "vault", tmp_path / "backup"))
    payload = tmp_path / "payload.json"
    person = {"case_id": str(case_id_of(REFERENCE)), "subject": str(HOLDER.subject)}
    asked = {**person, "purpose": "payment", "effective_on": day_of_act()}

    second = ("--second-actor-token", f"@{_second(call, tmp_path)}")

    def ask(key: str, *words: str, **changes: str) -> Result:
        payload.write_text(json.dumps({**asked, **changes}), encoding="utf-8")
        send = ("send", "intake.destroy_restored_key", "--key", key, "--payload", str(payload))
        return call(*send, *words)

    def both(key: str, **changes: str) -> Result:
        return ask(key, *second, **changes)

    alone = ask("a")
    assert (alone.exit_code, "second_person_missing" in alone.output) == (3, True)
    assert "on record as destroyed" in both("b").output
    call(*DESTROY, *BECAUSE)
    assert "expected a person whose key is back" in both("c").output
    put_back(data, backup)
    assert "payload.effective_on" in both("d", effective_on="2026-01-01").output
    other = both("e", case_id=str(case_id_of("ZIQ-2020-9999")))
    assert (other.exit_code, "payload.subject" in other.output) == (4, True)
    assert both("f").exit_code == 0
    assert "expected a person whose key is back" in both("g").output


def test_keys_put_back_without_the_file_of_their_time_are_told(
    data: Path, call: Call, tmp_path: Path
) -> None:
    """The backup of the key store is older than the last `keys rewrap`."""
    backup = Path(shutil.copytree(data / "vault", tmp_path / "backup"))
    call("keys", "rewrap")
    shutil.copy(backup / KEYS_FILE, data / "vault" / KEYS_FILE)

    told = call("keys", "status")

    assert told.exit_code == 5
    assert "1 keys: protected by a key that the key file lacks" in told.stderr
    assert state_of(call)["state"] == "unreadable"
    assert call("keys", "rewrap").exit_code == 1
    shutil.copy(backup / FILE_NAME, data / "vault" / FILE_NAME)
    assert (call("keys", "status").exit_code, state_of(call)["state"]) == (0, "readable")


def test_what_came_after_the_backup_is_told_as_missing(data: Path, call: Call) -> None:
    for file in (KEYS_FILE, FILE_NAME):
        (data / "vault" / file).unlink()

    told = call("keys", "status")

    assert told.exit_code == 5
    assert "1 keys: never in this vault" in told.stderr
    assert state_of(call)["state"] == "missing"


def _second(call: Call, tmp_path: Path) -> Path:
    mandate = ("--role", "records_keeper", "--from", "2020-01-01", "--until", "2099-12-31")
    file = tmp_path / "second.token"
    file.write_text(call("actor", "token", "--id", "S-2", *mandate).output, encoding="utf-8")
    return file
