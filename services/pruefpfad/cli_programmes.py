"""`pruefpfad programme …`: from a published record to a registered definition."""

from __future__ import annotations

from pathlib import Path

import click
from marshmallow import ValidationError

from grant_contracts.commands import command_message
from grant_contracts.programme import read_definition
from grant_eligibility.rules import unknown_rules
from pruefpfad import foerderfinder
from pruefpfad.cli_output import finish, json_option, read_text
from pruefpfad.embedded import EmbeddedSystem

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def programme() -> None:
    """Programme definitions: dated, versioned files."""


@programme.command(
    epilog="Example: pruefpfad programme draft examples/zusammen-im-quartier/foerderfinder.txt"
)
@click.argument("file", type=FILE)
def draft(file: Path) -> None:
    """Turn a published record (label, tab, value) into a programme definition to be finished."""
    click.echo(foerderfinder.draft(foerderfinder.decode(file.read_bytes())), nl=False)


@programme.command(
    epilog="Example: pruefpfad programme check examples/zusammen-im-quartier/programme.toml"
)
@click.argument("file", type=FILE)
def check(file: Path) -> None:
    """Say whether a definition is complete, without registering it."""
    definition = checked(file)
    click.echo(f"{definition['code']} {definition['version']}: complete")


@programme.command(
    epilog="Example: pruefpfad programme register examples/zusammen-im-quartier/programme.toml"
    " --actor-token TOKEN"
)
@click.argument("file", type=FILE)
@click.option("--actor-token", required=True, envvar="PRUEFPFAD_ACTOR_TOKEN", help="Who acts.")
@json_option
@click.pass_obj
def register(data: Path, file: Path, actor_token: str, as_json: bool) -> None:
    """Register a version of a programme."""
    definition = checked(file)
    key = f"programme:{definition['code']}:{definition['version']}"
    payload = {"definition": definition}
    with EmbeddedSystem(data) as system:
        message = command_message("intake.register_programme", key, actor_token, payload)
        finish(system.ask(message), as_json=as_json)


def checked(file: Path) -> dict[str, object]:
    """A definition from a file that meets the schema and names only rules that exist."""
    definition = read_definition(read_text(file))
    complaints = unknown_rules(definition)
    if complaints:
        raise ValidationError({"rules": complaints})
    return definition


COMMANDS = (programme,)
