"""How the command line speaks: tables for people, JSON for programs, errors that name a field."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import click
from msgspec import to_builtins
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from grant_bus.desk import flat_errors
from grant_contracts.answers import Answer

EXIT_REFUSED = 3
EXIT_INVALID = 4
EXIT_NOT_YET = 5
WIDEST = 10_000
_EXIT_OF = {
    "recorded": 0,
    "refused": EXIT_REFUSED,
    "invalid": EXIT_INVALID,
    "not_yet": EXIT_NOT_YET,
    "unknown": 1,
}

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


def say_json(value: Any) -> None:
    """One JSON document on standard output, keys in their given order."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def say_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table; columns whose name ends in € are set flush right.

    Nothing is cut off, however narrow the terminal: the first column and amounts stay whole, and
    other texts go over several lines. A pipe or a file takes lines of any length.
    """
    table = Table(title=title, title_justify="left", header_style="bold")
    cells = [tuple(row) for row in rows]
    for index, column in enumerate(columns):
        is_amount = column.endswith("€")
        stays_whole = is_amount or index == 0
        table.add_column(
            column,
            justify="right" if is_amount else "left",
            no_wrap=stays_whole,
            overflow="fold",
            min_width=max((len(row[index]) for row in cells), default=0) if stays_whole else None,
        )
    for row in cells:
        table.add_row(*row)
    _wide_enough_for(table).print(table)


def _wide_enough_for(table: Table) -> Console:
    console = Console(markup=False, emoji=False)
    needed = Measurement.get(console, console.options.update(max_width=WIDEST), table)
    width = console.width if console.is_terminal else needed.maximum
    # What people have written is shown as it is: in brackets it is no style, in colons no picture.
    return Console(width=max(width, needed.minimum), markup=False, emoji=False)


def say_errors(messages: Any) -> None:
    """Each field with what was expected of it, on standard error."""
    for field, expectations in flat_errors(messages).items():
        for expected in expectations:
            click.echo(f"{field}: {expected}", err=True)


def finish(answer: Answer, *, as_json: bool = False) -> None:
    """Say what became of a command and end with the exit code that belongs to it."""
    say_answer(answer, as_json=as_json)
    raise SystemExit(_EXIT_OF[answer.kind])


def need_recorded(answer: Answer, *, as_json: bool = False) -> None:
    """Say what became of a command and go on if it is recorded; otherwise end as `finish` does."""
    if answer.kind != "recorded":
        finish(answer, as_json=as_json)
    say_answer(answer, as_json=as_json)


def need_all_recorded(answers: Iterable[Answer], *, as_json: bool = False) -> None:
    """Say what became of each command, and end at the first that is not recorded as `finish` does.
    Programs get one list."""
    said: list[Answer] = []
    for answer in answers:
        said.append(answer)
        if not as_json:
            say_answer(answer)
        if answer.kind != "recorded":
            break
    if as_json:
        say_json(to_builtins(said))
    if said and said[-1].kind != "recorded":
        raise SystemExit(_EXIT_OF[said[-1].kind])


def say_answer(answer: Answer, *, as_json: bool = False) -> None:
    if as_json:
        say_json(to_builtins(answer))
    elif answer.kind == "invalid":
        say_errors(answer.errors)
    else:
        reason = f": {answer.reason}" if answer.reason else ""
        place = f" at position {answer.position}" if answer.position else ""
        click.echo(f"{answer.command}: {answer.kind}{place}{reason}")


def _plain(value: Any) -> Any:
    if isinstance(value, UUID | Path):
        return str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form here.")
