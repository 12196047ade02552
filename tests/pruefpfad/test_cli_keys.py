"""`pruefpfad keys`: what can be read of a case, and how that ends."""

from __future__ import annotations

import json
import stat
from base64 import b64decode
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from click.testing import CliRunner, Result

from pruefpfad.cli.root import main
from pruefpfad.vaults import embedded_vault
from support.authority import example_by_consent
from support.story import EXAMPLE, REFERENCE, decide_to_erase, tell_story

ON_CASE = ("--case", REFERENCE, "--purpose", "payment")
DESTROY = (*ON_CASE, "--reason", "no_longer_necessary")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tell_story(tmp_path / "data", example_by_consent(tmp_path / "example"))


def call(data: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["--data", str(data), *words])


def tokens(data: Path) -> list[str]:
    """Two persons of the records office."""
    mandate = ("--role", "records_keeper", "--from", "2020-01-01", "--until", "2099-12-31")
    made = [call(data, "actor", "token", "--id", each, *mandate).output for each in ("S-1", "S-2")]
    first, second = (each.strip() for each in made)
    return ["--actor-token", first, "--second-actor-token", second]


def test_two_persons_end_what_can_be_read_of_a_case(data: Path, tmp_path: Path) -> None:
    [before] = json.loads(call(data, "keys", "status", "--case", REFERENCE, "--json").output)
    rebuild = ("payments", "rebuild", "2021-0001", "-o", str(tmp_path / "run.xml"))
    assert (before["purpose"], before["readable"]) == ("payment", True)
    assert call(data, *rebuild).exit_code == 0

    early = call(data, "keys", "destroy", *DESTROY, *tokens(data))
    assert (early.exit_code, "end_not_decided" in early.output) == (3, True)
    assert call(data, *rebuild).exit_code == 0
    decide_to_erase(data, "payment")

    done = call(data, "keys", "destroy", *DESTROY, *tokens(data))

    assert done.exit_code == 0, done.output
    [after] = json.loads(call(data, "keys", "status", "--case", REFERENCE, "--json").output)
    assert (after["readable"], after["destruction_on_record"]) == (False, True)
    assert call(data, "keys", "rewrap").exit_code == 0
    refused = call(data, *rebuild)
    assert refused.exit_code == 4
    assert "the key of the account of ZIQ-2020-0001-1 was destroyed" in refused.output


def test_a_destruction_that_was_interrupted_shows_and_is_finished(data: Path) -> None:
    vault = embedded_vault(data)
    [row] = json.loads(call(data, "keys", "status", "--case", REFERENCE, "--json").output)
    for key in vault.keys.of_subject(UUID(row["subject"])):
        vault.destroy(key.holder)
    vault.close()

    unfinished = call(data, "keys", "status", "--case", REFERENCE)
    assert unfinished.exit_code == 5
    assert "True" not in unfinished.output
    assert "False" not in unfinished.output
    assert unfinished.stdout.splitlines()[-2].count("nein") == 2
    assert "1 keys: destroyed and not on record" in unfinished.stderr
    assert call(data, "keys", "destroy", *DESTROY, *tokens(data)).exit_code == 0
    assert call(data, "keys", "status", "--case", REFERENCE).exit_code == 0


def test_keys_are_told_in_the_language_that_is_asked_for(data: Path) -> None:
    german = call(data, "keys", "status", "--case", REFERENCE).output
    english = call(data, "keys", "status", "--case", REFERENCE, "--lang", "en").output

    assert "lesbar" in german
    assert "Auszahlung" in german
    assert "readable" in english
    assert "readable" not in german
    assert "vernichtet" in call(data, "keys", "status").output
    assert "destroyed" in call(data, "keys", "status", "--lang", "en").output


def test_a_payload_is_sealed_for_whoever_sends_by_message(data: Path) -> None:
    file = str(EXAMPLE / "application.json")

    first = call(data, "keys", "seal", "intake.submit_application", file)
    again = call(data, "keys", "seal", "intake.submit_application", file)

    assert first.exit_code == 0
    assert again.output == first.output
    assert set(json.loads(first.output)["payee"]) >= {"subject", "key", "sealed"}
    assert "DE97999999972020000001" not in first.output


def test_the_borders_key_is_handed_out_and_an_older_one_ends(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "border.json"
    shown = json.loads(call(data, "keys", "border", "show").output)
    assert call(data, "keys", "border", "show", "-o", str(file)).exit_code == 0
    assert json.loads(file.read_text(encoding="utf-8")) == shown
    assert (shown["kem"], len(b64decode(shown["public_key"]))) == ("DHKEM(X25519, HKDF-SHA256)", 32)

    rewrapped = json.loads(call(data, "keys", "rewrap", "--json").output)

    assert rewrapped["retired"] == []
    assert json.loads(call(data, "keys", "border", "show").output)["id"] == rewrapped["border"]
    assert states(data) == ["opens", "current"]
    assert call(data, "keys", "rewrap", "--envelopes-open-for", "0").exit_code == 0
    assert states(data) == ["retired", "retired", "current"]
    assert call(data, "keys", "border", "rotate").exit_code == 0
    assert call(data, "keys", "border", "retire", rewrapped["border"]).exit_code == 0
    assert states(data) == ["retired", "retired", "opens", "current"]
    nobody = call(data, "keys", "border", "retire", str(UUID(int=7)))
    assert (nobody.exit_code, "key: expected the id of a key of the border" in nobody.output) == (
        4,
        True,
    )


def test_a_directory_whose_last_key_of_the_border_was_retired_gets_a_fresh_one(data: Path) -> None:
    vault = embedded_vault(data)
    [only] = vault.border_keys.all()
    vault.border_keys.retire(only.key_id)
    vault.close()

    assert states(data) == ["retired", "current"]


def test_a_key_that_cannot_be_read_is_told_when_keys_are_wrapped_anew(data: Path) -> None:
    vault = embedded_vault(data)
    [row] = json.loads(call(data, "keys", "status", "--case", REFERENCE, "--json").output)
    [key] = vault.keys.of_subject(UUID(row["subject"]))
    vault.keys.wrap_anew([replace(key, wrapped_under="forgotten")])
    vault.close()

    done = call(data, "keys", "rewrap", "--json")

    assert done.exit_code == 5
    assert json.loads(done.stdout)["unreadable"] == [str(key.key_id)]
    assert f"{key.key_id}: expected a key that can be read" in done.stderr


def test_the_banks_file_is_private_also_where_one_stood_that_was_not(
    data: Path, tmp_path: Path
) -> None:
    file = tmp_path / "run.xml"
    file.write_text("of last year", encoding="utf-8")
    file.chmod(0o644)

    assert call(data, "payments", "rebuild", "2021-0001", "-o", str(file)).exit_code == 0

    assert "IBAN" in file.read_text(encoding="utf-8")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def states(data: Path) -> list[str]:
    return [
        row["state"] for row in json.loads(call(data, "keys", "border", "list", "--json").output)
    ]


def test_a_data_directory_uses_no_other_vault_than_its_own(data: Path, tmp_path: Path) -> None:
    """Else a variable that is set would sweep another vault than the one in use."""
    elsewhere = ("--vault-url", f"sqlite:///{tmp_path}", "--vault-keys", str(tmp_path / "k.json"))

    refused = call(data, "keys", "rewrap", *elsewhere)

    assert refused.exit_code == 2
    assert "has a vault of its own" in refused.output
    assert not (tmp_path / "k.json").exists()
