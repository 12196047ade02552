"""The pages on witnesses and proofs run as they stand, one after the other, in one shell."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from docs.test_tutorial import run_blocks
from pruefpfad.cli.root import main
from pruefpfad.scripted import story

ROOT = Path(__file__).resolve().parents[2]
BLOCKS = {
    name: re.findall(
        r"^```bash\n(.*?)^```$",
        (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8"),
        re.MULTILINE | re.DOTALL,
    )
    for name in ("witness", "proofs")
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A place with the data directory of one grant, approved and paid, and its logs signed."""
    data = tmp_path / "var" / "demo"
    story.Story(ROOT / "examples" / "zusammen-im-quartier", data, Console(file=StringIO())).tell()
    signed = CliRunner().invoke(main, ["--data", str(data), "log", "checkpoint"])
    assert signed.exit_code == 0, signed.output
    return tmp_path


def test_a_stick_goes_there_and_back_and_each_decision_is_proven(folder: Path) -> None:
    printed = run_blocks([*BLOCKS["witness"], *BLOCKS["proofs"]], folder)

    said = "".join(printed)
    assert "0 refusals" in said
    assert said.count("proven: ") >= 2
    assert len(list((folder / "known-heads").glob("*.note"))) >= 4
    assert not (folder / "evidence").exists()


def test_the_pages_have_commands() -> None:
    assert all(BLOCKS.values())
