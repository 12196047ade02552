"""`pruefpfad broker definitions`: what RabbitMQ is to be told before services and relays start."""

from __future__ import annotations

from pathlib import Path

import click

from pruefpfad.processes.configuration import LANE


@click.group(epilog="Example: pruefpfad broker definitions -o infra/rabbitmq/definitions.json")
def broker() -> None:
    """The message broker."""


@broker.command(epilog="Example: pruefpfad broker definitions -o infra/rabbitmq/definitions.json")
@click.option("--lane", default="main", show_default=True, envvar=LANE.name, help="Lane.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="The file to write; one that is there is replaced.",
)
def definitions(lane: str, output: Path) -> None:
    """Write the definitions file for RabbitMQ: exchanges, queues, users and their rights.

    Instead of password hashes it holds names of variables; infra/rabbitmq/start.sh fills them in.
    """
    # Imported here because the embedded run does without a broker.
    from pruefpfad.published.broker import broker_definitions

    output.write_text(broker_definitions(lane), encoding="utf-8")
    click.echo(output)


COMMANDS = (broker,)
