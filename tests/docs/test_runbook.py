"""Every command that the runbook gives to paste is one that the command line has."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from pruefpfad.cli.root import main

RUNBOOK = Path(__file__).parents[2] / "docs" / "runbook.md"
BLOCKS = re.findall(r"^```\n(.*?)^```$", RUNBOOK.read_text(encoding="utf-8"), re.MULTILINE | re.S)
LINES = [line for block in BLOCKS for line in block.replace("\\\n", " ").splitlines()]
CALLS = [shlex.split(line)[1:] for line in LINES if line.startswith("pruefpfad ")]
REQUIRED_BY_ENVIRONMENT = {"actor_token"}


def _resolved(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that these words name, and what they give it."""
    command: click.Command = main
    if words[0] == "--data":
        words = words[2:]
    while isinstance(command, click.Group) and words and words[0] in command.commands:
        command, words = command.commands[words[0]], words[1:]
    return command, words


def _given(words: list[str]) -> Iterator[str]:
    return (word for word in words if word.startswith("--"))


@pytest.mark.parametrize("words", CALLS, ids=" ".join)
def test_a_command_of_the_runbook_can_be_given(words: list[str]) -> None:
    command, rest = _resolved(words)
    known = {name for each in command.params for name in each.opts}

    assert command is not main, words
    assert set(_given(rest)) <= known
    context = click.Context(command, obj=Path())
    parsed = command.make_parser(context).parse_args(list(rest))[0]
    missing = {
        each.name
        for each in command.params
        if each.required and each.name not in parsed and each.name not in REQUIRED_BY_ENVIRONMENT
    }
    assert missing == set()


def test_the_test_above_finds_commands() -> None:
    assert {tuple(words[:2]) for words in CALLS} >= {
        ("parked", "retry"),
        ("parked", "discard"),
        ("feeds", "replay"),
    }
