"""`pruefpfad log` on a data directory: heads are signed, listed, recomputed and proved."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from grant_store.log.tree import check_inclusion
from pruefpfad.cli.root import main
from pruefpfad.embedded import EmbeddedSystem

SERVICES = {"intake", "eligibility", "budgeting", "disbursement", "audit"}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory with one event in each ledger."""
    with EmbeddedSystem(tmp_path) as system:
        system.declare_demonstration("test")
    return tmp_path


def log(data: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["--data", str(data), "log", *words])


def said(data: Path, *words: str) -> Any:
    result = log(data, *words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_head_of_each_ledger_is_signed_once(data: Path) -> None:
    first, again = said(data, "checkpoint"), said(data, "checkpoint")

    assert {row["log"] for row in first} == {f"pruefpfad.local/{name}/main" for name in SERVICES}
    assert [(row["size"], row["new"]) for row in first] == [(1, 1)] * 5
    assert [(row["size"], row["new"]) for row in again] == [(1, 0)] * 5
    keys = data / "keys" / "log"
    assert {path.stat().st_mode & 0o777 for path in keys.glob("*.private")} == {0o600}


def test_heads_are_listed_with_their_origin(data: Path) -> None:
    log(data, "checkpoint", "--log-name", "grants.example")

    [head] = said(data, "heads", "--service", "budgeting")

    assert head["log"] == "grants.example/budgeting/main"
    assert (head["size"], head["cosignatures"], head["timestamps"]) == (1, 0, 0)


def test_tables_are_for_people(data: Path) -> None:
    for words in (["checkpoint"], ["heads"], ["check"], ["prove", "intake/1"]):
        result = log(data, *words)
        assert result.exit_code == 0, result.output
        assert "pruefpfad.local/intake/main" in result.stdout


def test_a_clean_log_is_recomputed(data: Path) -> None:
    said(data, "checkpoint")

    assert [(row["events"], row["heads"], row["unsigned"]) for row in said(data, "check")] == [
        (1, 1, 0)
    ] * 5


def test_the_logs_signatures_are_verified_with_the_keys_in_its_folder(data: Path) -> None:
    said(data, "checkpoint")

    assert {row["signatures_verified"] for row in said(data, "check")} == {True}
    for path in (data / "keys" / "log").glob("*.vkey"):
        path.unlink()
    assert {row["signatures_verified"] for row in said(data, "check")} == {False}
    assert "no keys given" in log(data, "check").stdout


def test_heads_of_exchanged_keys_are_found_with_keys_that_came_another_way(data: Path) -> None:
    said(data, "checkpoint")
    trust = data / "trusted.vkey"
    keys = data / "keys" / "log"
    trust.write_text("".join(path.read_text() for path in sorted(keys.glob("*.vkey"))))
    assert log(data, "check", "--trust", str(trust)).exit_code == 0
    for path in [*data.glob("*.log.sqlite3*"), *keys.iterdir()]:
        path.unlink()
    said(data, "checkpoint")  # Somebody who has the databases signs them anew.

    assert log(data, "check").exit_code == 0
    result = log(data, "check", "--trust", str(trust), "--service", "intake")

    assert result.exit_code == 3
    assert "it is not signed with the keys of the log given here" in result.stderr


def test_keys_to_trust_must_be_those_of_the_log(data: Path) -> None:
    said(data, "checkpoint")
    trust = data / "keys" / "log" / "pruefpfad.local.intake.main.vkey"

    result = log(data, "check", "--trust", str(trust), "--service", "budgeting")

    assert result.exit_code == 4
    assert result.stderr.startswith("trust: expected keys of pruefpfad.local/budgeting/main in ")


def test_an_event_is_proved_to_be_below_the_newest_head(data: Path) -> None:
    said(data, "checkpoint")

    proof = said(data, "prove", "intake/1")

    check_inclusion(
        bytes.fromhex(proof["leaf"]),
        proof["index"],
        proof["size"],
        [bytes.fromhex(each) for each in proof["proof"]],
        bytes.fromhex(proof["root"]),
    )
    assert proof["event"] == "intake/main/1 intake.DemonstrationDeclared"


def test_an_event_without_a_head_is_not_proved_yet(data: Path) -> None:
    said(data, "checkpoint")

    result = log(data, "prove", "intake/2")

    assert (result.exit_code, result.stderr) == (5, "intake/2: no signed head covers it yet.\n")


def test_an_event_is_proved_by_its_place_as_events_print_it(data: Path) -> None:
    said(data, "checkpoint")

    assert said(data, "prove", "intake/main/1") == said(data, "prove", "intake/1")


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("intake", "expected SERVICE/N or SERVICE/LANE/N with one of "),
        ("intake/0", "expected a position of at least 1, not 'intake/0'"),
        ("nobody/1", "expected SERVICE/N or SERVICE/LANE/N with one of "),
        ("intake/x", "expected SERVICE/N or SERVICE/LANE/N with one of "),
        ("intake/other/1", "expected a place in the lane main, the one in use"),
    ],
)
def test_a_place_is_a_service_and_a_position(data: Path, place: str, expected: str) -> None:
    result = log(data, "prove", place)

    assert result.exit_code == 4
    assert result.stderr.startswith(f"place: {expected}")


@pytest.mark.parametrize(
    "words",
    [
        ("log", "check"),
        ("log", "checkpoint"),
        ("log", "heads"),
        ("log", "continues"),
        ("log", "prove", "intake/1"),
        ("log", "proofs", "--to", "proofs"),
        ("case", "list"),
        ("parked", "list"),
        ("feeds",),
        ("replay", "check"),
        ("audit", "roles", "--used"),
        ("audit", "bundle", "--all", "-o", "b.zip"),
        ("events", "tail", "intake"),
    ],
)
def test_a_data_directory_that_is_not_there_gets_one_answer_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: Sequence[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    result = CliRunner().invoke(main, ["--data", "nothere", *words])

    assert result.exit_code == 2
    assert "--data: expected that of an embedded run, not nothere" in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [["check"], ["checkpoint"]])
def test_a_ledger_that_was_changed_is_named_and_the_others_are_still_seen_to(
    data: Path, words: Sequence[str]
) -> None:
    said(data, "checkpoint")
    with closing(sqlite3.connect(data / "budgeting.main.sqlite3")) as connection:
        connection.execute("DROP TRIGGER ledger_events_stay")
        connection.execute("UPDATE ledger_events SET topic = 'budgeting.Forged'")
        connection.commit()

    result = log(data, *words, "--json")

    assert result.exit_code == 3
    assert result.stderr.startswith("pruefpfad: budgeting/main, position 1: the stored leaf hash")
    assert len(json.loads(result.stdout)) == 4


def test_a_directory_without_ledgers_gets_no_log(tmp_path: Path) -> None:
    result = log(tmp_path, "checkpoint")

    assert (result.exit_code, list(tmp_path.iterdir())) == (2, [])
    assert f"{tmp_path} holds none of the lane main" in result.stderr


def test_on_servers_the_keys_must_be_named(data: Path) -> None:
    result = log(data, "checkpoint", "--database-url", "postgresql://nobody@127.0.0.1:1/x")

    assert (result.exit_code, result.stderr) == (
        4,
        "keys: expected the folder with the logs' private keys\n",
    )
