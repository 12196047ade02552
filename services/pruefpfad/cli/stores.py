"""`pruefpfad store …` and `events …`: what the stores hold, as it is stored."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click

from grant_bus.feed import cloud_event
from grant_store.opening import open_store
from pruefpfad.assembly import SERVICES
from pruefpfad.cli.installation import Installation
from pruefpfad.processes import migrate as migrations
from pruefpfad.processes.configuration import DATABASE_URL, LANE, ROLE_PREFIX, Configuration

SERVICE = click.Choice(sorted(SERVICES))


@click.group(epilog="Example: pruefpfad store migrate --database-url postgresql://…/pruefpfad")
def store() -> None:
    """The event stores."""


@store.command(epilog="Example: pruefpfad store migrate --database-url postgresql://…/pruefpfad")
@click.option(
    "--database-url",
    envvar=DATABASE_URL.name,
    help="sqlite:///DIR or postgresql://…; without it, the data directory.",
)
@click.option("--lane", default="main", show_default=True, envvar=LANE.name, help="Lane.")
@click.option(
    "--role-prefix",
    default="",
    envvar=ROLE_PREFIX.name,
    help="Also give PREFIX<service>, PREFIX<service>_relay, PREFIX<service>_checkpointer,"
    " PREFIXreader and PREFIXauditor their rights (PostgreSQL).",
)
@click.pass_obj
def migrate(data: Path, database_url: str | None, lane: str, role_prefix: str) -> None:
    """Create what is missing in the stores and logs of all services. Again changes nothing.

    Whoever runs it owns the ledgers. Services and relays should run under roles of their own.
    """
    url = database_url or f"sqlite:///{data}"
    configuration = Configuration(database_url=url, lane=lane, role_prefix=role_prefix)
    for origin in migrations.migrate(configuration):
        click.echo(f"{origin}: migrated")


@click.group(epilog="Example: pruefpfad --data var/demo events tail budgeting")
def events() -> None:
    """The events as they are stored."""


@events.command(epilog="Example: pruefpfad --data var/demo events tail budgeting --last 5")
@click.argument("service", type=SERVICE)
@click.option(
    "--last",
    type=click.IntRange(min=0),
    default=10,
    show_default=True,
    help="How many of the newest events.",
)
@click.pass_obj
def tail(data: Path, service: str, last: int) -> None:
    """Print the newest events of a service as CloudEvents, one JSON document a line."""
    with closing(open_store(Installation(data).url, service)) as opened:
        for row in opened.events_after(max(0, opened.head().position - last), last):
            click.echo(cloud_event(opened.origin, row))


COMMANDS = (store, events)
