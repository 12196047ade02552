"""A run that was refused because of a destroyed account, as everybody reads it afterwards."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from histories.plays import lose_an_account
from pruefpfad.cli.root import main
from pruefpfad.scripted.story import RUN
from support.authority import CASE


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lost")
    lose_an_account(folder)
    return folder


def call(data: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["--data", str(data), *words])


def test_the_list_of_runs_says_that_it_was_refused_and_why(data: Path) -> None:
    [run] = json.loads(call(data, "payments", "list", "--json").output)["runs"]

    assert (run["run"], run["transmitted"], run["file"]) == (RUN, None, None)
    assert (run["refused"]["reason"], run["refused"]["order_id"]) == (
        "account_destroyed",
        f"{CASE}-1",
    )
    assert "verworfen" in call(data, "payments", "list").output
    assert "refused" in call(data, "payments", "list", "--lang", "en").output


def test_before_that_day_it_was_only_opened(data: Path) -> None:
    early = ("payments", "list", "--json", "--effective", "2021-03-23")
    assert json.loads(call(data, *early).output)["runs"] == []


@pytest.mark.parametrize("what", ["check", "decisions"])
def test_the_history_is_replayed_as_it_is_served(data: Path, what: str) -> None:
    result = call(data, "replay", what)

    assert result.exit_code == 0, result.output


def test_a_file_of_it_is_built_for_nobody(data: Path, tmp_path: Path) -> None:
    result = call(data, "payments", "rebuild", RUN, "-o", str(tmp_path / "run.xml"))

    assert result.exit_code == 4
    assert f"the key of the account of {CASE}-1 was destroyed" in result.output
    assert not (tmp_path / "run.xml").exists()
