"""The table of docs/time.md: what can be asked takes the axes, or stands there with a reason."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from grant_contracts.questions import ASKED_AS_OF, AXES, QUESTIONS
from pruefpfad.assembly import SERVICES
from pruefpfad.cli.root import main
from support.story import REFERENCE, tell_story

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "time.md").read_text(encoding="utf-8")
[TABLES] = re.findall(r"^## What takes the axes\n(.*?)^## ", PAGE, re.M | re.S)
OPTIONS = {f"--{axis}" for axis in AXES}
CASE = ("--case", REFERENCE)
ARGUMENTS: dict[str, tuple[str, ...]] = {
    "case show": (REFERENCE,),
    "case history": (REFERENCE,),
    "retention show": (REFERENCE,),
    "audit drill": CASE,
    "audit matrix": CASE,
    "audit documents": CASE,
    "audit roles": ("--used",),
    "participants list": (REFERENCE,),
    "case known": (REFERENCE,),
}


def cells_of(columns: int) -> Iterator[list[str]]:
    for line in TABLES.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == columns and cells[0].startswith("`"):
            yield cells


def commands_of(node: click.Group, before: str = "") -> Iterator[tuple[str, click.Command]]:
    for name, command in node.commands.items():
        if isinstance(command, click.Group):
            yield from commands_of(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


COMMANDS = dict(commands_of(main))
ROWS = [
    (name, axes, why)
    for names, axes, why in cells_of(3)
    for name in re.findall(r"`([^`]+)`", names)
]
AXES_OF = {name: axes for name, axes, _ in ROWS}
QUESTION_ROWS = [
    (name, rpc, message, why)
    for names, rpc, message, why in cells_of(4)
    for name in re.findall(r"`([^`]+)`", names)
]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tell_story(tmp_path_factory.mktemp("told") / "story")


def call(told: Path, command: str, *words: str) -> Result:
    line = ["--data", str(told), *command.split(), *ARGUMENTS.get(command, ()), *words]
    return CliRunner().invoke(main, line)


def test_every_command_stands_once_in_the_table_with_a_reason() -> None:
    listed = sorted(name for name, *_ in ROWS)
    assert listed == sorted(COMMANDS), (
        "Say in docs/time.md which axes it takes, or why it takes none."
    )
    assert all(why for *_, why in ROWS)
    assert set(AXES_OF.values()) == {"all", "recorded, position", "–"}


def test_a_command_that_takes_axes_has_their_options_and_another_refuses_them(told: Path) -> None:
    for name, command in COMMANDS.items():
        has = {opt for parameter in command.params for opt in parameter.opts} & OPTIONS
        if AXES_OF[name] == "–":
            refused = [call(told, name, "--effective", "2021-01-20").exit_code] if has else []
            assert set(refused) <= {4}, name
        else:
            assert has == OPTIONS, name


@pytest.mark.parametrize("name", sorted(name for name, axes in AXES_OF.items() if axes != "–"))
def test_an_answer_as_of_then_says_of_what_it_was_computed(told: Path, name: str) -> None:
    axes = {
        "effective": ("--effective", "2021-02-01"),
        "recorded": ("--recorded", "2099-01-01T00:00:00+01:00"),
        "position": ("--position", "disbursement/main/2"),
    }
    asked = list(axes) if AXES_OF[name] == "all" else AXES_OF[name].split(", ")
    for axis in asked:
        result = call(told, name, *axes[axis], *json_of(name))
        assert result.exit_code in (0, 1), (name, axis, result.output)
        origin = origin_in(result)
        assert origin["positions"], (name, axis)
        assert origin.get("effective") == ("2021-02-01" if axis == "effective" else None)
    assert set(axes) - set(asked) <= {"effective"}


def json_of(name: str) -> tuple[str, ...]:
    return () if name.startswith("export ") else ("--json",)


def origin_in(result: Result) -> Any:
    """Beside a list on standard output stands its origin on standard error."""
    shown = json.loads(result.stdout if result.stdout.startswith("{") else result.stderr)
    return {"positions": shown.get("events"), **shown} if "events" in shown else shown


def queries_of(path: str) -> dict[str, set[str]]:
    """The questions of a service's class by their arguments; read as text, because the class cannot
    be imported outside a green process."""
    return {
        node.name: {each.arg for each in node.args.args}
        for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
        and any(getattr(each, "id", "") == "query" for each in node.decorator_list)
    }


def test_every_question_over_the_bus_stands_in_the_table_as_it_is() -> None:
    taken = {
        f"{service}.{name}": arguments
        for service in SERVICES
        for name, arguments in queries_of(f"services/grant_{service}/service.py").items()
    }
    common = queries_of("shared/grant_bus/nameko/service.py")
    taken |= {f"<service>.{name}": arguments for name, arguments in common.items()}

    assert sorted(name for name, *_ in QUESTION_ROWS) == sorted(taken)
    for name, rpc, _, why in QUESTION_ROWS:
        day = "as_of" if name == "audit.operations_csv" else "effective"
        expected = {day, "recorded", "position"} if rpc == "all" else set()
        assert taken[name] & {day, *AXES} == expected, name
        assert why


def test_every_question_by_message_stands_in_the_table_as_it_is() -> None:
    by_message = {name: message for name, _, message, _ in QUESTION_ROWS if message != "not asked"}
    assert set(by_message) == {
        re.sub(r"^\w+(?=\.outcome)", "<service>", each) for each in QUESTIONS
    }
    assert {name for name, message in by_message.items() if message == "all"} == set(ASKED_AS_OF)
