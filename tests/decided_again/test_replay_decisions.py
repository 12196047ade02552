"""`pruefpfad replay decisions` on a data directory: counts, exit codes, and a tampered file."""

from __future__ import annotations

import json
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from grant_store.sqlite import SQLiteStore
from grant_values.cases import case_id_of
from grant_values.personal import place_of
from pruefpfad.cli.root import main
from pruefpfad.decided_again.replay import CALLS
from pruefpfad.scripted.story import Story
from pruefpfad.vaults import embedded_vault
from support.authority import CASE, EXAMPLE


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("told")
    Story(EXAMPLE, folder, Console(quiet=True)).tell()
    return folder


def replay(folder: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["--data", str(folder), "replay", "decisions", *options])


def alter(folder: Path, topic: str, before: str, after: str) -> int:
    """Change the text of a recorded event behind the triggers' back; its position."""
    service = topic.partition(".")[0]
    with sqlite3.connect(folder / f"{service}.main.sqlite3") as connection:
        for (trigger,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            connection.execute(f"DROP TRIGGER {trigger}")
        position, state = connection.execute(
            "SELECT position, state FROM ledger_events WHERE topic = ?", (topic,)
        ).fetchone()
        changed = bytes(state).replace(before.encode(), after.encode())
        assert changed != bytes(state)
        connection.execute(
            "UPDATE ledger_events SET state = ? WHERE position = ?", (changed, position)
        )
    connection.close()
    return int(position)


def test_an_untouched_history_comes_out_as_recorded(told: Path) -> None:
    result = replay(told)

    assert result.exit_code == 0, result.output
    assert "eligibility.CheckRecorded" in result.output
    assert "67 Ereignisse erneut entschieden, 0 weichen ab" in result.output
    assert "67 events decided again, 0 differ" in replay(told, "--lang", "en").output


def test_a_raised_grant_is_named_with_case_field_and_both_amounts(
    told: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(told, tmp_path / "copy")
    position = alter(copy, "budgeting.GrantApproved", '"grant_cents":', '"grant_cents":1')

    result = replay(copy, "--json")

    assert result.exit_code == 1
    report = json.loads(result.stdout)
    [found] = report["differences"]
    assert (found["origin"], found["position"]) == ("budgeting/main", position)
    assert found["field"] == "terms.grant_cents"
    assert str(found["recorded"]) == f"1{found['computed']}"
    assert report["events"]["budgeting.GrantApproved"]["differing"] == 1


def test_a_fault_of_the_program_is_no_difference_and_has_an_exit_code_of_its_own(
    told: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise TypeError("cents and days cannot be added")

    approval = replace(CALLS["budgeting"]["budgeting.GrantApproved"], decide=fails)
    calls = {**CALLS["budgeting"], "budgeting.GrantApproved": approval}
    monkeypatch.setitem(cast(dict[str, Any], CALLS), "budgeting", calls)

    result = replay(told, "--json")

    assert result.exit_code == 6
    report = json.loads(result.stdout)
    assert report["differences"] == []
    [fault] = report["faults"]
    assert fault["topic"] == "budgeting.GrantApproved"
    assert fault["error"] == "TypeError: cents and days cannot be added"
    assert fault["raised_at"].startswith("decided_again/test_replay_decisions.py:")
    assert report["events"]["budgeting.GrantApproved"]["failed"] == 1
    assert "Programmfehler: TypeError" in replay(told).stdout
    assert "1 not computed, because the program itself failed" in replay(told, "--lang=en").stdout


def test_where_something_differs_too_the_exit_code_says_so_and_both_are_named(
    told: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = shutil.copytree(told, tmp_path / "copy")
    alter(copy, "eligibility.CheckRecorded", '"result":"met"', '"result":"failed"')

    def fails(*_: object, **__: object) -> None:
        raise AttributeError("no such attribute")

    approval = replace(CALLS["budgeting"]["budgeting.GrantApproved"], decide=fails)
    calls = {**CALLS["budgeting"], "budgeting.GrantApproved": approval}
    monkeypatch.setitem(cast(dict[str, Any], CALLS), "budgeting", calls)

    result = replay(copy, "--json")

    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert report["differences"]
    assert len(report["faults"]) == 1


def test_a_case_can_be_named_by_its_reference(told: Path) -> None:
    result = replay(told, "--case", CASE, "--json")

    assert result.exit_code == 0
    counted = json.loads(result.stdout)["events"]
    assert counted["budgeting.GrantApproved"]["decided_again"] == 1
    assert "budgeting.BudgetLineOpened" not in counted


def counted(result: Result, topic: str) -> dict[str, int]:
    found: dict[str, int] = json.loads(result.stdout)["events"][topic]
    return found


WRITTEN = "disbursement.PaymentRunWritten"


def test_the_file_of_a_run_is_given_unless_accounts_are_opened(told: Path) -> None:
    closed, opened = replay(told, "--json"), replay(told, "--json", "--open-accounts")

    assert counted(closed, WRITTEN) == {"decided_again": 0, "differing": 0, "given": 1, "failed": 0}
    assert counted(opened, WRITTEN) == {"decided_again": 1, "differing": 0, "given": 0, "failed": 0}


def test_another_hash_of_a_file_is_found_where_accounts_are_opened(
    told: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(told, tmp_path / "copy")
    position = alter(copy, WRITTEN, '"sha256":"', '"sha256":"0')

    result = replay(copy, "--json", "--open-accounts")

    assert result.exit_code == 1
    [found] = json.loads(result.stdout)["differences"]
    assert (found["position"], found["topic"]) == (position, WRITTEN)


def test_what_rests_on_a_destroyed_account_is_given_and_nothing_else(
    told: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(told, tmp_path / "copy")
    vault = embedded_vault(copy)
    vault.destroy(place_of(case_id_of(CASE), "account").holder)
    vault.close()

    result = replay(copy, "--json", "--open-accounts")

    assert result.exit_code == 0, result.output
    assert counted(result, WRITTEN)["given"] == 1
    assert counted(result, "disbursement.PaymentOrdered")["decided_again"] == 1


def test_nothing_is_written_not_even_by_closing_the_file(told: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(told, tmp_path / "copy")
    store = SQLiteStore(copy / "intake.main.sqlite3", "intake")
    store.move_relay(store.head().position)  # Stands in the log beside the file, not yet in it.
    before = {path.name: path.read_bytes() for path in copy.glob("*.sqlite3*")}

    assert replay(copy).exit_code == 0

    after = {path.name: path.read_bytes() for path in copy.glob("*.sqlite3")}
    store.close()
    assert after == {name: before[name] for name in after}
