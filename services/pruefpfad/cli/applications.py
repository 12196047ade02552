"""`pruefpfad applications import`: a published list of operations as applications."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from grant_contracts.commands import command_message
from pruefpfad.cli.installation import embedded_system
from pruefpfad.cli.output import EXIT_INVALID, json_option, say_json
from pruefpfad.cli.tokens import actor_token_option
from pruefpfad.embedded import EmbeddedSystem
from pruefpfad.scripted.stages import CHUNK
from pruefpfad.sources.files import read_text
from pruefpfad.sources.list_mapping import read_mapping
from pruefpfad.sources.operation_list import BrokenRow, ListedOperation, read_list

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(
    epilog="Example: pruefpfad applications import operations.csv.gz --programme"
    " esf-nrw-2014-2020 --call 2014-2020 --mapping mapping.toml --actor-token TOKEN"
)
def applications() -> None:
    """Applications, many at a time."""


@applications.command(
    "import",
    epilog="Example: pruefpfad applications import operations.csv.gz --programme"
    " esf-nrw-2014-2020 --call 2014-2020 --mapping mapping.toml --actor-token TOKEN",
)
@click.argument("file", type=FILE)
@click.option("--programme", required=True, help="The code of a registered programme.")
@click.option("--call", required=True, help="The call that the applications answer.")
@click.option("--mapping", required=True, type=FILE, help="Which column is what.")
@click.option("--leave-out", multiple=True, help="Funding lines that begin so are left out.")
@actor_token_option()
@json_option
@click.pass_obj
def import_list(
    data: Path,
    file: Path,
    programme: str,
    call: str,
    mapping: Path,
    leave_out: tuple[str, ...],
    actor_token: str,
    as_json: bool,
) -> None:
    """Hand in each row of a list. A broken row is reported and costs no other row."""
    known = read_mapping(read_text(mapping))
    rows = read_list(file, known, programme=programme, call=call, leave_out=leave_out)
    with embedded_system(data) as system:
        recorded, broken = _submit(system, rows, actor_token)
    if as_json:
        say_json({"recorded": recorded, "broken": [row.__dict__ for row in broken]})
    else:
        click.echo(f"{recorded} applications recorded, {len(broken)} rows broken")
        for row in broken:
            click.echo(f"row {row.number}, line {row.line}: {row.field}: {row.expected}", err=True)
    raise SystemExit(EXIT_INVALID if broken else 0)


def _submit(
    system: EmbeddedSystem, rows: Iterable[ListedOperation | BrokenRow], actor_token: str
) -> tuple[int, list[BrokenRow]]:
    recorded, broken, chunk = 0, list[BrokenRow](), list[ListedOperation]()
    for row in rows:
        if isinstance(row, BrokenRow):
            broken.append(row)
        else:
            chunk.append(row)
        if len(chunk) == CHUNK:
            recorded += _submit_chunk(system, chunk, actor_token, broken)
            chunk = []
    return recorded + _submit_chunk(system, chunk, actor_token, broken), broken


def _submit_chunk(
    system: EmbeddedSystem,
    chunk: Sequence[ListedOperation],
    actor_token: str,
    broken: list[BrokenRow],
) -> int:
    messages = [
        command_message(
            "intake.submit_application", f"{row.reference}:submit", actor_token, row.payload
        )
        for row in chunk
    ]
    answers = system.send(messages)
    for row, answer in zip(chunk, answers, strict=True):
        if answer.kind != "recorded":
            field, expected = next(iter(answer.errors.items()), ("command", [answer.reason]))
            broken.append(BrokenRow(row.number, row.line, field, "; ".join(expected)))
    system.bus.settle()
    return sum(answer.kind == "recorded" for answer in answers)


COMMANDS = (applications,)
