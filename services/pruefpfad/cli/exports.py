"""`pruefpfad export …`: files for others. Each says from which positions it was computed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path

import click

from grant_audit.as_of import AsOf
from grant_audit.exports import operations_list
from grant_audit.summary import summary
from grant_values.invalid import Invalid
from pruefpfad.cli.as_of import Origin, case_files, origin_of, shows_case_files
from pruefpfad.cli.installation import Installation
from pruefpfad.cli.whole_files import file_option, write_text_whole


@click.group(epilog="Example: pruefpfad --data var/demo export operations --as-of 2016-06-30")
def export() -> None:
    """Files for others."""


@export.command(
    "operations",
    epilog="Example: pruefpfad --data var/demo export operations --as-of 2016-06-30 -o list.csv",
)
@click.option(
    "--as-of",
    "day",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Operations approved by this day: the same as --effective.",
)
@file_option("-o", "--output", help_text="A file; beside it FILE.json, which says of what.")
@shows_case_files
def operations(
    installation: Installation, as_of: AsOf, day: datetime | None, output: Path | None
) -> None:
    """Write the public list of operations as CSV in the columns that Kohesio reads."""
    if day and as_of.effective:
        raise Invalid("as-of", "expected either --as-of or --effective: both name the same day")
    asked = replace(as_of, effective=day.date()) if day else as_of
    with case_files(installation, asked) as pages:
        text = operations_list(pages, date.max)
        origin = origin_of(pages, asked)
    _write(text, output, origin)


@export.command(
    "summary", epilog="Example: pruefpfad --data var/demo export summary -o figures.json"
)
@file_option("-o", "--output", help_text="A file.")
@shows_case_files
def figures(installation: Installation, as_of: AsOf, output: Path | None) -> None:
    """Write counts, amounts and the proofs that they agree with each other, as JSON.

    Under "events" stand the positions of which they were computed.
    """
    with case_files(installation, as_of) as pages:
        day = {"effective": as_of.effective.isoformat()} if as_of.effective else {}
        found = {**summary(pages), **day}
    text = json.dumps(found, ensure_ascii=False, indent=2) + "\n"
    if output:
        write_text_whole(output, text)
    else:
        click.echo(text, nl=False)


def _write(text: str, output: Path | None, origin: Origin) -> None:
    """The list has the columns that its readers know, and no room for where it comes from."""
    digest = sha256(text.encode()).hexdigest()
    beside = json.dumps({"sha256": digest, **origin.plain()}, indent=2)
    if output:
        write_text_whole(output, text)
        write_text_whole(output.with_name(f"{output.name}.json"), f"{beside}\n")
    else:
        click.echo(text, nl=False)
        click.echo(beside, err=True)


COMMANDS = (export,)
