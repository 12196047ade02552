"""Every command of the page of questions runs on a demonstration and answers what the page says."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from contextlib import chdir
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from grant_values.shapes import Actor
from journeys.published_list import play_embedded
from journeys.short_list import shorten
from pruefpfad.cli.root import main
from pruefpfad.embedded import EmbeddedSystem
from pruefpfad.keys import token_for

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "questions.md").read_text(encoding="utf-8")
COMMANDS = [shlex.split(found)[1:] for found in re.findall(r"\| `(pruefpfad [^`]+)` \|", PAGE)]
BLOCKS = re.findall(r"^```\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
PASTED = [
    shlex.split(line)[1:]
    for block in BLOCKS
    for line in block.replace("\\\n", " ").splitlines()
    if line.startswith("pruefpfad ")
]
INCOMPLETE = {("audit", "matrix"), ("audit", "documents")}
"""These say by exit code 1 that something is missing, and in a demonstration it is."""
QUESTIONS = range(1, 12)


@pytest.fixture(scope="module")
def auditor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The token of an auditor, in a directory with the demonstration that the page speaks of."""
    folder = tmp_path_factory.mktemp("questions")
    data = folder / "var" / "demo"
    play_embedded(shorten(folder / "example"), data)
    with EmbeddedSystem(data) as system:
        actor = Actor("S-1901", "auditor", scripted=True)
        token = token_for(system.key, actor, date(2018, 1, 1), date(2099, 12, 31))
    with chdir(folder):
        yield token


def test_every_question_is_answered_in_the_order_of_the_page(auditor: str) -> None:
    for words in (*COMMANDS, *PASTED):
        told = [auditor if word == "$AUDITOR" else word for word in words]

        result = CliRunner().invoke(main, told, env={"PRUEFPFAD_ACTOR_TOKEN": auditor})

        expected = (0, 1) if (words[2], words[3]) in INCOMPLETE else (0,)
        assert result.exit_code in expected, (words, result.output)
        assert result.stdout.strip(), words
        assert "pruefpfad:" not in result.stderr, words


def test_the_page_has_many_commands_and_draws_a_sample_before_it_repeats_it() -> None:
    assert len(COMMANDS) > 15
    drawn = [words for words in COMMANDS if words[2:4] == ["audit", "sample"]]

    assert "--id" in drawn[0]
    assert "--repeat" in drawn[1]


def test_every_question_of_the_trail_is_on_the_page_as_one_that_can_be_asked_or_not_yet() -> None:
    first_cells = [line[2:].split("|")[0] for line in PAGE.splitlines() if line.startswith("| ")]
    numbers = {int(number) for cell in first_cells for number in re.findall(r"(\d+)\.", cell)}

    assert numbers == set(QUESTIONS)


def test_every_command_of_auditors_is_on_the_page() -> None:
    group = main.commands["audit"]
    told = {words[3] for words in COMMANDS if words[2] == "audit"}

    assert set(group.commands) - told == {"compare"}  # type: ignore[attr-defined]
