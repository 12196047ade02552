"""What commands write is asked for early, appears whole, and takes the place of what was there."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pruefpfad.cli import whole_files
from pruefpfad.cli.root import main
from pruefpfad.cli.whole_files import PRIVATE, write_whole
from support.story import REFERENCE, tell_story

RULES = "examples/zusammen-im-quartier/programme.toml"
WRITES = {
    "export operations": ("export", "operations", "-o"),
    "export summary": ("export", "summary", "-o"),
    "audit bundle": ("audit", "bundle", "--all", "-o"),
    "audit matrix": ("audit", "matrix", "--case", REFERENCE, "-o"),
    "audit drill": ("audit", "drill", "--case", REFERENCE, "-o"),
    "payments rebuild": ("payments", "rebuild", "2021-0001", "-o"),
    "whatif --csv": ("whatif", "--rules", RULES, "--csv"),
    "whatif --picture": ("whatif", "--rules", RULES, "--picture"),
    "broker definitions": ("broker", "definitions", "-o"),
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tell_story(tmp_path_factory.mktemp("whole"))


def call(data: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["--data", str(data), *words])


@pytest.mark.parametrize("command", WRITES)
def test_a_folder_that_is_not_there_is_said_before_anything_is_read(
    tmp_path: Path, command: str
) -> None:
    result = call(tmp_path / "no-run", *WRITES[command], str(tmp_path / "nowhere" / "file"))

    assert result.exit_code == 4, result.output
    assert "expected a folder that exists and takes files" in result.stderr


@pytest.mark.parametrize("command", WRITES)
def test_what_was_there_is_replaced_and_nothing_else_is_left(
    data: Path, tmp_path: Path, command: str
) -> None:
    target = tmp_path / "file"
    target.write_text("what was there")

    result = call(data, *WRITES[command], str(target))

    assert result.exit_code in (0, 1), result.output
    assert target.read_bytes() != b"what was there"
    assert {each.name for each in tmp_path.iterdir()} <= {"file", "file.sha256", "file.json"}


@pytest.mark.parametrize("command", WRITES)
def test_the_help_says_what_becomes_of_a_file_that_is_there(command: str) -> None:
    words = [each for each in command.split() if not each.startswith("-")]

    told = " ".join(CliRunner().invoke(main, [*words, "--help"]).output.split())

    assert "One that is there is replaced." in told


def test_a_file_that_cannot_be_finished_leaves_the_old_one_and_no_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "file"
    target.write_text("old")

    def full(_: int) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(whole_files.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(target, b"new")

    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_what_is_private_stays_so_and_what_is_not_obeys_the_mask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "private", b"x", PRIVATE)
        write_whole(tmp_path / "readable", b"x")
    finally:
        os.umask(before)

    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()}
    assert modes == {"private": 0o600, "readable": 0o640}
