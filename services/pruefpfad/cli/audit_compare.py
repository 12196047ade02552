"""`pruefpfad audit compare`: whether two installations have decided the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from grant_store.errors import StoreError
from pruefpfad.cli.as_of import progress_bars
from pruefpfad.cli.installation import Installation
from pruefpfad.cli.output import json_option, say_json, say_table
from pruefpfad.compared.differences import Comparison, compared
from pruefpfad.compared.entries import NO_CASE
from pruefpfad.processes.configuration import LANE

EXIT_DIFFERENT = 1
EXIT_UNUSABLE = 3
SHOWN_CHARACTERS = 200

EPILOG = """\b
Example: pruefpfad audit compare var/demo var/demo-again
Example: pruefpfad audit compare var/demo postgresql://auditor@db.example/grants

Exit codes: 0 the same · 1 different · 2 wrong use · 3 one of them cannot be read
"""


class Unusable(click.ClickException):
    """One of the two cannot be read: then nothing is said about either."""

    exit_code = EXIT_UNUSABLE


@click.command("compare", epilog=EPILOG)
@click.argument("a")
@click.argument("b")
@click.option("--lane", default="main", show_default=True, envvar=LANE.name, help="Lane.")
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=100,
    show_default=True,
    help="Of how many differing cases the differences are told.",
)
@json_option
def compare(a: str, b: str, lane: str, limit: int, as_json: bool) -> None:
    """Compare what two installations have recorded: data directories, or database URLs.

    They are the same when both have the same cases with the same checks, findings, decisions,
    reasons, terms, amounts, budget lines, payments and refusals, given by the same persons, in the
    same order on each thing. Ids, positions and recorded times may differ, the order in which cases
    came, what the logs have signed, who has looked, and accounts and names, which are sealed with
    keys of each installation.
    """
    found = _compared(a, b, lane, limit)
    if as_json:
        say_json(_as_json(found))
    else:
        _say(found)
    raise SystemExit(0 if found.are_same else EXIT_DIFFERENT)


def _compared(a: str, b: str, lane: str, limit: int) -> Comparison:
    try:
        with _stores(a, lane) as of_a, _stores(b, lane) as of_b, progress_bars() as progress:
            return compared(of_a, of_b, limit, progress)
    except (StoreError, ValueError, OSError) as error:
        raise Unusable(str(error)) from error


@contextmanager
def _stores(place: str, lane: str) -> Iterator[Any]:
    is_url = "://" in place
    installation = Installation(Path(place), place if is_url else None, lane=lane)
    if not is_url and not installation.data.is_dir():
        raise Unusable(f"{place}: expected a data directory, or a URL such as postgresql://HOST/DB")
    try:
        with installation.stores() as stores:
            yield stores
    except click.UsageError as error:
        raise Unusable(error.message.replace("--data", place, 1)) from error


def _say(found: Comparison) -> None:
    if found.are_same:
        click.echo(
            f"The same: {found.cases:,} cases, {found.events_a:,} events of A and "
            f"{found.events_b:,} of B."
        )
        return
    rows = [
        (each.case, each.event, each.field, _short(each.a), _short(each.b))
        for each in found.differences
    ]
    title = f"{len(found.differing):,} of {found.cases:,} cases differ"
    title += ", and so do events on no case" if found.differs_without_case else ""
    say_table(title, ("case", "event", "field", "A", "B"), rows)
    untold = found.differing[len({each.case for each in found.differences} - {NO_CASE}) :]
    if untold:
        click.echo(f"{len(untold):,} more: --limit {len(found.differing)}")


def _as_json(found: Comparison) -> dict[str, Any]:
    return {
        "same": found.are_same,
        "cases": found.cases,
        "events": {"a": found.events_a, "b": found.events_b},
        "differing_cases": list(found.differing),
        "differs_without_case": found.differs_without_case,
        "differences": [each._asdict() for each in found.differences],
    }


def _short(value: Any) -> str:
    if value is None:
        return "–"
    text = str(value)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"


AUDIT_COMMANDS = (compare,)
