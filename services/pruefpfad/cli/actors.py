"""`pruefpfad actor token` and `pruefpfad send`: who acts, and what they ask for."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import click

from grant_contracts.commands import command_message
from grant_values.invalid import Invalid
from grant_values.persons import check_actor_id
from grant_values.shapes import Actor
from pruefpfad.cli.installation import embedded_system
from pruefpfad.cli.output import finish, json_option
from pruefpfad.cli.tokens import actor_token_option, second_actor_token_if_any
from pruefpfad.keys import signing_key, token_for
from pruefpfad.sources.files import read_json

DAY = click.DateTime(["%Y-%m-%d"])


@click.group(epilog="Example: pruefpfad actor token --id S-1201 --role decider")
def actor() -> None:
    """Actors and their signed tokens."""


@actor.command(
    epilog="Example: pruefpfad actor token --id S-1201 --role decider"
    " --from 2021-01-01 --until 2099-12-31"
)
@click.option("--id", "actor_id", required=True, help="A staff number, never a name.")
@click.option("--role", required=True, help="The role, such as decider or formal_checker.")
@click.option("--from", "starts_on", required=True, type=DAY, help="First day of the mandate.")
@click.option("--until", "ends_on", required=True, type=DAY, help="Last day of the mandate.")
@click.option(
    "--hours",
    type=click.IntRange(min=1),
    default=12,
    show_default=True,
    help="How long the token is good.",
)
@click.option("--scripted", is_flag=True, help="A program that plays a person.")
@click.pass_obj
def token(
    data: Path,
    actor_id: str,
    role: str,
    starts_on: datetime,
    ends_on: datetime,
    hours: int,
    scripted: bool,
) -> None:
    """Issue a token with the key of an embedded run. In production the issuer does that."""
    if ends_on < starts_on:
        raise Invalid("until", f"expected {starts_on.date()} (the first day) or a later one")
    try:
        check_actor_id(actor_id)
    except ValueError as error:
        raise Invalid("id", str(error)) from error
    key = signing_key(data / "keys")
    person = Actor(actor_id, role, scripted)
    valid_for = timedelta(hours=hours)
    click.echo(token_for(key, person, starts_on.date(), ends_on.date(), valid_for=valid_for))


@click.command(
    epilog="Example: pruefpfad send intake.withdraw_application --key w-1 --actor-token TOKEN"
    " --payload withdrawal.json"
)
@click.argument("command")
@click.option("--key", required=True, help="The same key is the same command, however often sent.")
@actor_token_option()
@second_actor_token_if_any
@click.option(
    "--payload",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A JSON file with the fields of the command; docs/events.md lists them.",
)
@json_option
@click.pass_obj
def send(
    data: Path,
    command: str,
    key: str,
    actor_token: str,
    second_actor_token: str | None,
    payload: Path,
    as_json: bool,
) -> None:
    """Send one command to the service that its name begins with."""
    further = {"second_actor_token": second_actor_token} if second_actor_token else {}
    message = command_message(command, key, actor_token, read_json(payload), **further)
    with embedded_system(data) as system:
        finish(system.ask(message), as_json=as_json)


COMMANDS = (actor, send)
