"""The commands of docs/log.md, run on a data directory, and the names that it must have right."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from grant_contracts.answer_codes import NOT_YET
from pruefpfad.cli.root import main
from pruefpfad.embedded import EmbeddedSystem
from pruefpfad.processes.configuration import FOR_CHECKPOINTER, FOR_SERVICE, HEADS_DIR, LOG_NAME

PAGE = (Path(__file__).parents[2] / "docs" / "log.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```\n(.+?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
COMMANDS = [
    shlex.split(line)
    for block in BLOCKS
    for line in block.replace("\\\n", " ").splitlines()
    if line.startswith("pruefpfad")
]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    with EmbeddedSystem(folder) as system:
        system.declare_demonstration("test")
    return folder


def test_its_commands_can_be_pasted(data: Path) -> None:
    pasted = [words for words in COMMANDS if "var/demo" in words]
    assert len(pasted) == 4
    for words in pasted:
        own = [str(data) if word == "var/demo" else word for word in words[1:]]
        result = CliRunner().invoke(main, own)
        assert result.exit_code == 0, (words, result.output)


def test_the_command_for_an_incident_is_understood() -> None:
    [incident] = [words for words in COMMANDS if "incident" in words]

    result = CliRunner().invoke(main, [*incident[1:], "--help"])

    assert result.exit_code == 0
    for option in (word for word in incident if word.startswith("--")):
        assert option in result.output


def test_it_names_settings_codes_and_events_as_they_are() -> None:
    names = {setting.name for setting in (*FOR_CHECKPOINTER, *FOR_SERVICE)}
    assert {LOG_NAME.name, HEADS_DIR.name} <= names
    assert set(re.findall(r"PRUEFPFAD_\w+", PAGE)) <= names
    for code in ("history_broken", "upstream_changed"):
        assert code in NOT_YET and f"`{code}`" in PAGE
    for event in ("IncidentRecorded", "HeadAnchored"):
        assert f"`<service>.{event}`" in PAGE
