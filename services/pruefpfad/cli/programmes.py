"""`pruefpfad programme …`: from a published record to a registered definition."""

from __future__ import annotations

from pathlib import Path

import click

from grant_contracts.commands import command_message
from pruefpfad.cli.installation import embedded_system
from pruefpfad.cli.output import finish, json_option
from pruefpfad.cli.tokens import actor_token_option
from pruefpfad.sources import foerderfinder
from pruefpfad.sources.definitions import checked

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(
    epilog="Example: pruefpfad programme check examples/zusammen-im-quartier/programme.toml"
)
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
@actor_token_option()
@json_option
@click.pass_obj
def register(data: Path, file: Path, actor_token: str, as_json: bool) -> None:
    """Register a version of a programme."""
    definition = checked(file)
    key = f"programme:{definition['code']}:{definition['version']}"
    payload = {"definition": definition}
    with embedded_system(data) as system:
        message = command_message("intake.register_programme", key, actor_token, payload)
        finish(system.ask(message), as_json=as_json)


COMMANDS = (programme,)
