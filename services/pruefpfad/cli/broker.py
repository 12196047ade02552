"""`pruefpfad broker definitions`: what RabbitMQ is to be told before services and relays start."""

from __future__ import annotations

from pathlib import Path

import click

from pruefpfad.cli.whole_files import file_option, write_text_whole
from pruefpfad.processes.configuration import LANE


@click.group(epilog="Example: pruefpfad broker definitions -o infra/rabbitmq/definitions.json")
def broker() -> None:
    """The message broker."""


@broker.command(epilog="Example: pruefpfad broker definitions -o infra/rabbitmq/definitions.json")
@click.option("--lane", default="main", show_default=True, envvar=LANE.name, help="Lane.")
@file_option("-o", "--output", required=True, help_text="The file to write.")
def definitions(lane: str, output: Path) -> None:
    """Write the definitions file for RabbitMQ: exchanges, queues, users and their rights.

    Instead of password hashes it holds names of variables; infra/rabbitmq/start.sh fills them in.
    """
    # Imported here because the embedded run does without a broker.
    from pruefpfad.published.broker import broker_definitions

    write_text_whole(output, broker_definitions(lane))
    click.echo(output)


COMMANDS = (broker,)
