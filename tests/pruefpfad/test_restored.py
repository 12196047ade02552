"""A data directory whose stores were restored from a backup: nothing goes on unsaid."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from grant_store.log.checkpoint import Checkpoint
from grant_store.log.known_heads import TamperedFolder
from grant_store.log.log_keys import keys_of_log, signed_note
from grant_store.sqlite import utc_now
from grant_values.shapes import Actor
from pruefpfad.cli.root import main
from pruefpfad.embedded import EmbeddedSystem
from pruefpfad.keys import signing_key, token_for
from pruefpfad.scripted import script, story
from pruefpfad.scripted.script import Cast
from pruefpfad.sources.definitions import checked

ZIQ = Path(__file__).resolve().parents[2] / "examples" / "zusammen-im-quartier"
LEDGERS, LOGS = "*.main.sqlite3", "*.main.log.sqlite3"


def run(data: Path, *words: str, heads: Path | None = None) -> Result:
    environment = {"PRUEFPFAD_ACTOR_TOKEN": a_token(data, "S-1801")}
    if heads:
        environment["PRUEFPFAD_HEADS_DIR"] = str(heads)
    return CliRunner().invoke(main, ["--data", str(data), *words], env=environment)


def a_token(data: Path, by: str, role: str = "operator") -> str:
    return token_for(signing_key(data / "keys"), Actor(by, role), date(2020, 1, 1), date.max)


def register(data: Path, key: str, heads: Path | None = None) -> Any:
    """A command of the ministry to intake, and its answer."""
    with EmbeddedSystem(data, heads=heads) as system:
        cast = Cast(system.key, *story.MANDATES)
        definition = {**checked(ZIQ / "programme.toml"), "code": f"ziq-{key.lower()}"}
        message = cast.message(
            *(script.MANAGING_AUTHORITY, "intake.register_programme", key),
            {"definition": definition},
        )
        return system.ask(message)


def events(data: Path, service: str = "intake") -> list[str]:
    with EmbeddedSystem(data) as system:
        return [row.topic for row in system.stores[service].events_after(0, 1000)]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Signed and exported after three events of intake; a backup was taken after two."""
    data = tmp_path / "data"
    with EmbeddedSystem(data) as system:
        system.declare_demonstration("test")
    register(data, "A")
    assert run(data, "log", "checkpoint").exit_code == 0
    copy(data, tmp_path / "backup")
    register(data, "B")
    assert run(data, "log", "checkpoint").exit_code == 0
    assert run(data, "log", "export", "--to", str(tmp_path / "heads")).exit_code == 0
    return data


def copy(origin: Path, target: Path, *kinds: str) -> None:
    """The files of these kinds, with what SQLite keeps beside them, in place of those there."""
    target.mkdir(exist_ok=True)
    for kind in kinds or (LEDGERS, LOGS):
        for old in target.glob(f"{kind}*"):
            old.unlink()
        for path in origin.glob(f"{kind}*"):
            shutil.copy(path, target / path.name)


@pytest.fixture(params=["the ledgers alone", "the logs with them"])
def restored(data: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    copy(tmp_path / "backup", data, *((LEDGERS,) if "alone" in request.param else ()))
    return data


@pytest.fixture
def heads(tmp_path: Path) -> Path:
    return tmp_path / "heads"


def test_a_store_that_was_not_restored_goes_on(data: Path, heads: Path) -> None:
    assert register(data, "C", heads).kind == "recorded"
    result = run(data, "log", "continues", heads=heads)
    assert (result.exit_code, result.stdout) == (
        0,
        "Every store leads to the last head that is known of it.\n",
    )


def test_a_restored_store_takes_no_command_and_says_why(restored: Path, heads: Path) -> None:
    before = events(restored)

    answer = register(restored, "C", heads)

    assert (answer.kind, answer.code) == ("not_yet", "history_broken")
    assert answer.reason.startswith("intake/main, position 3: ")
    assert events(restored) == before


def test_a_store_whose_positions_were_used_again_is_noticed_too(
    data: Path, tmp_path: Path, heads: Path
) -> None:
    copy(tmp_path / "backup", data)  # With its log, and without looking at the exported heads.
    assert register(data, "C").kind == "recorded"
    assert register(data, "D").kind == "recorded"

    assert register(data, "E", heads).code == "history_broken"
    result = run(data, "log", "checkpoint", "--service", "intake", heads=heads)
    assert result.exit_code == 3
    assert "the events up to it are others" in result.stderr


def test_a_restored_service_follows_nothing_until_the_incident_is_on_record(
    data: Path, heads: Path
) -> None:
    """What intake records meanwhile reaches eligibility afterwards."""
    sign_known_head(data, heads, "eligibility")
    with EmbeddedSystem(data, heads=heads) as system:
        before = system.stores["eligibility"].tracked("intake/main").position
    register(data, "C", heads)
    with EmbeddedSystem(data, heads=heads) as system:
        assert system.stores["eligibility"].tracked("intake/main").position == before

    record_incident(data, heads, "eligibility")

    with EmbeddedSystem(data, heads=heads) as system:
        head = system.stores["intake"].head().position
        assert system.stores["eligibility"].tracked("intake/main").position == head


def sign_known_head(data: Path, heads: Path, service: str, keys: str = "log") -> Path:
    """A head of a hundred events that this service no longer has."""
    origin = f"pruefpfad.local/{service}/main"
    path = heads / origin / "000000000100.note"
    signing = keys_of_log(data / "keys" / keys, origin)
    path.write_bytes(signed_note(Checkpoint(origin, 100, bytes(32)), signing, utc_now()))
    return path


# Heads in the folder that are not the log's own.


def test_a_head_that_the_log_has_not_signed_stops_all_work_and_is_no_incident(
    data: Path, heads: Path
) -> None:
    (data / "keys" / "others").mkdir()
    path = sign_known_head(data, heads, "intake", "others")
    before = events(data)

    with pytest.raises(TamperedFolder, match=r"it is not signed by pruefpfad\.local/intake/main"):
        register(data, "C", heads)
    result = run(data, "log", "continues", heads=heads)

    assert events(data) == before
    assert result.exit_code == 3
    assert result.stderr.startswith(f"pruefpfad: {path} is not a head of ours: it is not signed")
    assert incident(data, heads, "intake", 100, "0" * 64, "S-1802").exit_code == 1
    assert run(data, "log", "checkpoint", heads=heads).exit_code == 3


@pytest.mark.parametrize("content", [b"", b"nothing\n", b"a\n1\n\n"])
def test_a_file_that_is_no_head_stops_all_work_too(data: Path, heads: Path, content: bytes) -> None:
    (heads / "pruefpfad.local/intake/main/000000000100.note").write_bytes(content)

    with pytest.raises(TamperedFolder):
        register(data, "C", heads)


def test_a_head_under_another_size_or_name_stops_all_work_too(data: Path, heads: Path) -> None:
    path = sign_known_head(data, heads, "intake")
    path.rename(path.with_name("000000000200.note"))

    with pytest.raises(TamperedFolder, match=r"it is of pruefpfad\.local/intake/main, size 100"):
        register(data, "C", heads)


def test_an_epoch_of_which_no_key_is_at_hand_is_not_believed(data: Path, heads: Path) -> None:
    path = sign_known_head(data, heads, "intake")
    (path.parent / "2").mkdir()
    path.rename(path.parent / "2" / path.name)

    with pytest.raises(TamperedFolder, match=r"expected public keys of .*/main/2 beside"):
        register(data, "C", heads)


def test_without_public_keys_a_head_is_believed_and_stops_work_until_it_is_looked_at(
    data: Path, heads: Path
) -> None:
    """Work stops in every case; only then an incident about it could be recorded."""
    (data / "keys" / "others").mkdir()
    sign_known_head(data, heads, "intake", "others")
    for path in (data / "keys" / "log").glob("*.vkey"):
        path.unlink()

    assert register(data, "C", heads).code == "history_broken"


def test_two_operators_put_it_on_record_and_the_service_goes_on(
    restored: Path, heads: Path
) -> None:
    answer = record_incident(restored, heads)

    assert answer["kind"] == "recorded"
    assert register(restored, "C", heads).kind == "recorded"
    assert events(restored) == [
        "intake.DemonstrationDeclared",
        "intake.ProgrammeRegistered",
        "intake.IncidentRecorded",
        "intake.ProgrammeRegistered",
    ]
    assert run(restored, "log", "continues", heads=heads).exit_code == 0


def test_the_log_begins_anew_under_another_origin_and_the_old_head_stays_known(
    restored: Path, heads: Path
) -> None:
    record_incident(restored, heads)
    register(restored, "C", heads)

    result = run(restored, "log", "checkpoint", "--service", "intake", "--json", heads=heads)

    [head] = json.loads(result.stdout)
    assert (head["log"], head["size"]) == ("pruefpfad.local/intake/main/2", 4)
    checked = run(restored, "log", "check", "--service", "intake", "--json")
    assert {row["log"] for row in json.loads(checked.stdout)} >= {head["log"]}
    assert {row["signatures_verified"] for row in json.loads(checked.stdout)} == {True}
    assert run(restored, "log", "export", "--to", str(heads)).exit_code == 0
    assert run(restored, "log", "continues", heads=heads).exit_code == 0
    old = heads / "pruefpfad.local" / "intake" / "main"
    assert {path.name for path in old.glob("*.note")} == {"000000000003.note"}
    assert {path.name for path in (old / "2").glob("*.note")} == {"000000000004.note"}


def test_an_incident_names_the_head_that_is_known(restored: Path, heads: Path) -> None:
    answer = record_incident(restored, heads, size=99)

    assert (answer["kind"], answer["code"]) == ("invalid", "wrong_field")
    assert answer["errors"]["payload.known_size"][0].startswith(
        "expected the last known head: 3 events, root "
    )


def test_an_incident_needs_a_second_person(restored: Path, heads: Path) -> None:
    answer = record_incident(restored, heads, second="S-1801")

    assert (answer["kind"], answer["reason"]) == ("refused", "second_person_missing")


def test_nobody_records_an_incident_of_a_store_that_goes_on(data: Path, heads: Path) -> None:
    result = incident(data, heads, "intake", 3, "0" * 64, "S-1802")

    assert result.exit_code == 4
    assert "expected a store that does not lead to its last known head" in result.output


def record_incident(
    data: Path, heads: Path, service: str = "intake", second: str = "S-1802", size: int = 0
) -> Any:
    looked = run(data, "log", "continues", "--json", heads=heads)
    assert looked.exit_code == 3, looked.output
    [broken] = [row for row in json.loads(looked.stdout) if row["service"] == service]
    known = size or broken["known_size"]
    return json.loads(incident(data, heads, service, known, broken["known_root"], second).stdout)


def incident(data: Path, heads: Path, service: str, size: int, root: str, second: str) -> Result:
    return run(
        *(data, "log", "incident", service, "--known-size", str(size), "--known-root", root),
        *("--reason", "restored from the backup", "--json"),
        *("--second-actor-token", a_token(data, second)),
        heads=heads,
    )


# Heads that are carried into the history.


def anchored(data: Path) -> Any:
    result = run(data, "log", "anchor", "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_the_last_head_of_each_log_is_carried_into_its_history_once(data: Path) -> None:
    first, again = anchored(data), anchored(data)

    assert {answer["command"] for answer in first} >= {"intake.anchor_head", "audit.anchor_head"}
    assert {answer["kind"] for answer in first} == {"recorded"}
    assert events(data)[-1] == "intake.HeadAnchored"
    assert "intake.anchor_head" not in {answer["command"] for answer in again}


def test_a_head_is_anchored_again_when_something_else_was_recorded(data: Path) -> None:
    anchored(data)
    register(data, "C")
    run(data, "log", "checkpoint")

    assert "intake.anchor_head" in {answer["command"] for answer in anchored(data)}


def test_the_anchor_names_the_signed_note(data: Path) -> None:
    anchored(data)
    with EmbeddedSystem(data) as system:
        row = system.stores["intake"].events_after(3, 1)[0]

    [head] = [
        each
        for each in json.loads(run(data, "log", "heads", "--service", "intake", "--json").stdout)
        if each["size"] == 3
    ]
    said = json.loads(row.state)
    assert (said["origin"], said["size"], said["root"]) == (head["log"], 3, head["root"])
    assert len(said["note_sha256"]) == 64
