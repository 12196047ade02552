"""Where a data directory holds no run, every command says so and makes nothing in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pruefpfad.cli.root import main

READS = [
    "case list",
    "case show ZIQ-1",
    "case history ZIQ-1",
    "case known ZIQ-1",
    "budget show",
    "payments list",
    "audit matrix --case ZIQ-1",
    "audit drill --case ZIQ-1",
    "audit documents --case ZIQ-1",
    "audit samples",
    "audit changes",
    "audit overrides",
    "audit roles --used",
    "audit bundle --all -o {folder}/bundle.zip",
    "access list",
    "export operations",
    "export summary",
    "log check",
    "log checkpoint",
    "log proofs --to {folder}/proofs",
    "keys status",
    "keys rewrap",
    "replay check",
    "replay decisions",
    "parked list",
    "retention show ZIQ-1",
    "erasure list",
    "events tail intake",
    "whatif --rules examples/zusammen-im-quartier/programme.toml",
]


def call(data: Path, words: str) -> Result:
    named = words.format(folder=data.parent).split()
    return CliRunner().invoke(main, ["--data", str(data), *named])


@pytest.mark.parametrize("words", READS)
def test_an_empty_folder_is_no_run_and_stays_empty(tmp_path: Path, words: str) -> None:
    data = tmp_path / "data"
    data.mkdir()

    result = call(data, words)

    assert result.exit_code == 2, result.output
    assert f"expected that of an embedded run, and {data} holds none" in result.stderr
    assert "`pruefpfad programme register` begins one" in result.stderr
    assert list(data.iterdir()) == []


@pytest.mark.parametrize("words", READS)
def test_a_folder_that_is_not_there_is_no_run_and_is_not_made(tmp_path: Path, words: str) -> None:
    result = call(tmp_path / "data", words)

    assert result.exit_code == 2, result.output
    assert "expected that of an embedded run, not" in result.stderr
    assert not (tmp_path / "data").exists()


def test_a_comparison_names_the_place_that_holds_no_run(tmp_path: Path) -> None:
    result = call(tmp_path, f"audit compare {tmp_path} {tmp_path}")

    assert result.exit_code == 3
    assert f"{tmp_path}: expected that of an embedded run" in result.stderr


def test_another_lane_than_that_of_the_run_is_named(tmp_path: Path) -> None:
    (tmp_path / "intake.main.sqlite3").touch()

    result = call(tmp_path, "audit samples --lane other")

    assert result.exit_code == 2
    assert "none of the lane other" in result.stderr
