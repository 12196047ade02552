"""`pruefpfad store …`, `events …`, `payments …`, `contracts …`, `serve` and `relay`."""

from __future__ import annotations

from pathlib import Path

import click

from grant_bus.feed import cloud_event
from grant_disbursement.domain import PaymentRun
from grant_disbursement.run_file import payment_file_of
from grant_store.opening import open_store
from grant_store.store import Store
from grant_store.work import IdentityMap
from grant_values.invalid import Invalid
from pruefpfad.assembly import DISBURSEMENT, SERVICES
from pruefpfad.embedded import EmbeddedSystem

SERVICE = click.Choice(sorted(SERVICES))


@click.group()
def store() -> None:
    """The event stores."""


@store.command(epilog="Example: pruefpfad store migrate --database-url postgresql://…/pruefpfad")
@click.option(
    "--database-url",
    envvar="PRUEFPFAD_DATABASE_URL",
    help="sqlite:///DIR or postgresql://…; without it, the data directory.",
)
@click.option("--lane", default="main", show_default=True, envvar="PRUEFPFAD_LANE", help="Lane.")
@click.pass_obj
def migrate(data: Path, database_url: str | None, lane: str) -> None:
    """Create what is missing in the stores of all services. Running it again changes nothing."""
    url = database_url or f"sqlite:///{data}"
    for name in SERVICES:
        opened = open_store(url, name, lane)
        opened.migrate()
        opened.close()
        click.echo(f"{name}/{lane}: migrated")


@click.group()
def events() -> None:
    """The events as they are stored."""


@events.command(epilog="Example: pruefpfad --data var/demo events tail budgeting --last 5")
@click.argument("service", type=SERVICE)
@click.option("--last", default=10, show_default=True, help="How many of the newest events.")
@click.pass_obj
def tail(data: Path, service: str, last: int) -> None:
    """Print the newest events of a service as CloudEvents, one JSON document a line."""
    opened = open_store(f"sqlite:///{data}", service)
    try:
        for row in opened.events_after(max(0, opened.head().position - last), last):
            click.echo(cloud_event(opened.origin, row))
    finally:
        opened.close()


@click.group()
def payments() -> None:
    """Payment files."""


@payments.command(
    epilog="Example: pruefpfad --data var/demo payments rebuild 2016-0001 -o payments/2016.xml"
)
@click.argument("run")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True)
@click.pass_obj
def rebuild(data: Path, run: str, output: Path) -> None:
    """Build the file of a payment run from its events; it equals the one that was sent."""
    with EmbeddedSystem(data) as system:
        output.write_bytes(payment_file(system.stores["disbursement"], run))
    click.echo(f"{output}: {output.stat().st_size} bytes")


def payment_file(disbursement: Store, run: str) -> bytes:
    """The bytes of a run's file, from the events in disbursement's store."""
    held = IdentityMap(disbursement, DISBURSEMENT.catalogue)
    found = held.find(PaymentRun.create_id(run))
    if not isinstance(found, PaymentRun):
        raise Invalid("run", f"expected the name of a payment run on record, not {run}")
    return payment_file_of(found)


COMMANDS = (store, events, payments)
