"""One store alone was restored from a backup, and services that follow it are ahead of it.

They notice it at each start, follow nothing more and decide nothing more. All can be read, and what
has to be put on record can be.
"""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from grant_contracts.answers import Answer
from grant_contracts.commands import command_message
from grant_values.shapes import Actor
from pruefpfad.assembly import SERVICES
from pruefpfad.cli.root import main
from pruefpfad.embedded import EmbeddedSystem
from pruefpfad.keys import signing_key, token_for
from support.story import REFERENCE, record_more, tell_story

DECIDING = ["intake", "eligibility", "budgeting", "disbursement"]
STOPPED = "an upstream is not the one that was followed"
COMMANDS = {
    "intake": "close_call",
    "eligibility": "sign_finding",
    "budgeting": "waive_remedy",
    "disbursement": "order_payment",
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup, and in `data` what came after it: signed, exported, and followed by all."""
    folder = tmp_path_factory.mktemp("told")
    tell_story(folder / "data")
    run(folder, "log", "checkpoint")
    shutil.copytree(folder / "data", folder / "backup")
    record_more(folder / "data")
    run(folder, "log", "checkpoint")
    run(folder, "log", "export", "--to", str(folder / "heads"))
    return folder


@pytest.fixture
def folder(told: Path, tmp_path: Path) -> Path:
    """A copy of it, in which stores may be restored."""
    return Path(shutil.copytree(told, tmp_path / "installation"))


@pytest.fixture(params=DECIDING)
def restored(folder: Path, request: pytest.FixtureRequest) -> tuple[Path, str]:
    restore(folder, request.param)
    return folder, request.param


def restore(folder: Path, service: str) -> None:
    """Ledger and log of this service as the backup has them; no other store is touched."""
    for old in (folder / "data").glob(f"{service}.main.*"):
        old.unlink()
    for path in (folder / "backup").glob(f"{service}.main.*"):
        shutil.copy(path, folder / "data" / path.name)


def run(folder: Path, *words: str) -> Result:
    heads = folder / "heads"
    environment = {
        "PRUEFPFAD_ACTOR_TOKEN": a_token(folder, "S-1801"),
        "PRUEFPFAD_SECOND_ACTOR_TOKEN": a_token(folder, "S-1802"),
        **({"PRUEFPFAD_HEADS_DIR": str(heads)} if heads.is_dir() else {}),
    }
    result = CliRunner().invoke(main, ["--data", str(folder / "data"), *words], env=environment)
    assert not result.exception or isinstance(result.exception, SystemExit), result.exception
    return result


def a_token(folder: Path, by: str, role: str = "operator") -> str:
    return token_for(signing_key(folder / "data/keys"), Actor(by, role), date(2020, 1, 1), date.max)


def system(folder: Path) -> EmbeddedSystem:
    return EmbeddedSystem(folder / "data", heads=folder / "heads")


def command(folder: Path, service: str, key: str) -> Answer:
    """One that its actor may not give: where it is decided, the refusal is on record."""
    of_case = {"reference": REFERENCE}
    of_call = {"programme": "none", "call": "none"}
    about = {"intake": of_call, "disbursement": {**of_case, "claim": "2021-1"}}
    payload = {**about.get(service, of_case), "effective_on": "2021-01-01"}
    token = a_token(folder, "S-9", "auditor")
    with system(folder) as opened:
        name = f"{service}.{COMMANDS[service]}"
        return opened.ask(command_message(name, key, token, payload))


def followers_of(service: str) -> set[str]:
    return {name for name, each in SERVICES.items() if service in each.policies.upstreams}


def followed(folder: Path, upstream: str) -> dict[str, tuple[int, bytes]]:
    with system(folder) as opened:
        return {
            name: tuple(opened.stores[name].tracked(f"{upstream}/main"))
            for name in sorted(followers_of(upstream))
        }


def positions(folder: Path) -> dict[str, int]:
    with system(folder) as opened:
        return opened.heads()


def record_incident(folder: Path, service: str) -> Any:
    looked = run(folder, "log", "continues", "--json", "--heads", str(folder / "heads"))
    assert looked.exit_code == 3, looked.output
    [broken] = [each for each in json.loads(looked.stdout) if each["service"] == service]
    result = run(
        *(folder, "log", "incident", service, "--known-size", str(broken["known_size"])),
        *("--known-root", broken["known_root"], "--reason", "restored, the tail is lost"),
        *("--json",),
    )
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_it_can_be_read_and_says_which_services_stand_still(
    restored: tuple[Path, str], caplog: pytest.LogCaptureFixture
) -> None:
    folder, service = restored

    result = run(folder, "case", "list")

    assert result.exit_code == 0 and REFERENCE in result.stdout
    said = [record.getMessage() for record in caplog.records]
    for name in followers_of(service):
        assert any(STOPPED in line and f"'{name}'" in line for line in said), name


def test_whoever_is_ahead_decides_nothing_and_follows_nothing(restored: tuple[Path, str]) -> None:
    folder, service = restored
    before, ledgers = followed(folder, service), positions(folder)

    for name in followers_of(service) & set(DECIDING):
        answer = command(folder, name, "k-10")

        assert (answer.kind, answer.code) == ("not_yet", "upstream_changed"), name
        assert answer.reason.startswith(f"{service}/main announces its head at "), name

    assert (followed(folder, service), positions(folder)) == (before, ledgers)


def test_whoever_does_not_follow_it_goes_on(folder: Path) -> None:
    restore(folder, "disbursement")
    [apart, *_] = sorted(set(DECIDING) - followers_of("disbursement") - {"disbursement"})

    assert command(folder, apart, "k-10").kind == "refused"


def test_the_incident_is_put_on_record_and_does_not_make_the_followers_go_on(
    restored: tuple[Path, str],
) -> None:
    """However long the restored store grows: at the position that was followed stands another
    event."""
    folder, service = restored
    before = followed(folder, service)

    assert record_incident(folder, service)["kind"] == "recorded"

    for key in ("k-10", "k-11", "k-12"):
        assert command(folder, service, key).kind == "refused"
        assert followed(folder, service) == before
        with system(folder) as opened:
            assert set(opened.bus.stopped) == followers_of(service)


def test_the_heads_that_can_be_anchored_are(restored: tuple[Path, str]) -> None:
    folder, service = restored
    record_incident(folder, service)
    run(folder, "log", "checkpoint")

    result = run(folder, "log", "anchor", "--json")

    waiting = followers_of(service) & set(DECIDING)
    answers = json.JSONDecoder().raw_decode(result.stdout)[0]
    kinds = {each["command"].partition(".")[0]: each["kind"] for each in answers}
    assert kinds == {name: "not_yet" if name in waiting else "recorded" for name in SERVICES}
    assert result.exit_code == (5 if waiting else 0)


def test_the_check_of_what_is_served_names_what_is_no_longer_there(
    restored: tuple[Path, str],
) -> None:
    folder, service = restored

    result = run(folder, "replay", "check", "--json")

    assert result.exit_code == 1
    found = {
        (report["service"], each["what"])
        for report in json.loads(result.stdout)["reports"]
        for each in report["named"]
    }
    assert found >= {(name, "tracking") for name in followers_of(service)}
    assert ("audit", "document") in found


def test_the_read_model_can_begin_anew_on_what_there_is(restored: tuple[Path, str]) -> None:
    folder, service = restored
    record_incident(folder, service)

    replayed = run(folder, "feeds", "replay", "--follower", "audit", "--from", "0")

    assert replayed.exit_code == 0, replayed.output
    checked = run(folder, "replay", "check", "--service", "audit", "--json")
    assert json.loads(checked.stdout)["equal"], checked.stdout
    with system(folder) as opened:
        assert "audit" not in opened.bus.stopped


def test_followers_restored_to_the_same_hour_go_on_after_an_incident_of_their_own(
    folder: Path,
) -> None:
    """All that is ahead of it, and all that is ahead of those. Audit has lost no event of its own,
    and so there is no incident of it."""
    restore(folder, "disbursement")
    ahead = {"disbursement"}
    while more := set().union(*map(followers_of, ahead)) - ahead:
        ahead |= more
    for name in ahead - {"disbursement"}:
        restore(folder, name)

    for name in sorted(ahead - {"audit"}):
        record_incident(folder, name)

    with system(folder) as opened:
        assert not opened.bus.stopped
    for number, name in enumerate(DECIDING):
        assert command(folder, name, f"k-2{number}").kind == "refused"
    feeds = json.loads(run(folder, "feeds", "--json").stdout)
    assert {each["lag_events"] for each in feeds} == {0}
