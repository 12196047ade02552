"""Tokens need not stand on a command line, where everybody on the machine can read them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from pruefpfad.cli.root import main
from pruefpfad.cli.tokens import ACTOR_TOKEN, SECOND_ACTOR_TOKEN, read_token
from support.authority import example_by_consent
from support.story import REFERENCE, decide_to_erase, tell_story

DESTROY = ("keys", "destroy", "--case", REFERENCE, "--purpose", "payment")
BECAUSE = ("--reason", "no_longer_necessary")


def call(data: Path, *words: str, **environment: str) -> Result:
    return CliRunner().invoke(main, ["--data", str(data), *words], env=environment)


def a_token(data: Path, who: str) -> str:
    mandate = ("--role", "records_keeper", "--from", "2020-01-01", "--until", "2099-12-31")
    return call(data, "actor", "token", "--id", who, *mandate).output


def options_of(command: click.Command) -> Iterator[click.Option]:
    if isinstance(command, click.Group):
        for each in command.commands.values():
            yield from options_of(each)
    yield from (each for each in command.params if isinstance(each, click.Option))


def test_every_option_for_a_token_takes_a_file() -> None:
    tokens = [each for each in options_of(main) if each.name and each.name.endswith("actor_token")]

    assert len(tokens) > 10
    assert all(each.callback is read_token for each in tokens)


def test_two_persons_act_by_files_or_by_the_environment(tmp_path: Path) -> None:
    example, folder = example_by_consent(tmp_path / "example"), tmp_path / "tokens"
    data = tell_story(tmp_path / "data", example)
    decide_to_erase(data, "payment")
    folder.mkdir()
    first, second = folder / "first", folder / "second"
    first.write_text(a_token(data, "S-1"), encoding="utf-8")
    second.write_text(a_token(data, "S-2"), encoding="utf-8")
    by_files = ("--actor-token", f"@{first}", "--second-actor-token", f"@{second}")

    alone = call(data, *DESTROY, *BECAUSE, **{ACTOR_TOKEN: f"@{first}"})
    done = call(data, *DESTROY, *BECAUSE, *by_files)
    again = call(
        data, *DESTROY, *BECAUSE, **{ACTOR_TOKEN: f"@{first}", SECOND_ACTOR_TOKEN: f"@{second}"}
    )

    assert (alone.exit_code, "--second-actor-token" in alone.output) == (2, True)
    assert done.exit_code == 0, done.output
    assert (again.exit_code, again.output.startswith("payload.purpose:")) == (4, True)


@pytest.mark.parametrize("content", [None, "", "two words", "\xff"])
def test_a_file_without_a_token_is_named_and_not_shown(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_text(content, encoding="latin-1")
    tokens = ("--actor-token", f"@{file}", "--second-actor-token", "x")

    refused = call(tmp_path, *DESTROY, *BECAUSE, *tokens)

    assert refused.exit_code == 4
    assert refused.output.startswith("actor-token: expected ")
    assert str(file) in refused.output
    assert "two words" not in refused.output
