"""`pruefpfad serve`, `relay`, `checkpointer` and `health`: the processes of the distributed run.

A service must be made green before anything else is imported, so these commands hand over to a
fresh interpreter instead of starting it in this one.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime

import click

from pruefpfad.assembly import SERVICES
from pruefpfad.processes import health as probes
from pruefpfad.processes.configuration import (
    FOR_CHECKPOINTER,
    FOR_CHECKPOINTERS_HEALTH,
    FOR_HEALTH,
    FOR_SERVICE,
    Configuration,
    Misconfigured,
    Setting,
    read,
)

SERVICE = click.Choice(sorted(SERVICES))
EXIT_MISCONFIGURED = 2


def _names(settings: tuple[Setting, ...]) -> str:
    return f"It reads from the environment: {', '.join(setting.name for setting in settings)}."


NAMES = _names(FOR_SERVICE)


@click.command(
    help=f"Run one service until SIGTERM. {NAMES}", epilog="Example: pruefpfad serve budgeting"
)
@click.argument("service", type=SERVICE)
def serve(service: str) -> None:
    _become("pruefpfad.processes.serve", service)


@click.command(
    help=f"Publish one service's events until SIGTERM. {NAMES}",
    epilog="Example: pruefpfad relay budgeting",
)
@click.argument("service", type=SERVICE)
def relay(service: str) -> None:
    _become("pruefpfad.processes.relay", service)


@click.command(
    help=f"Sign the heads of one service's log until SIGTERM. {_names(FOR_CHECKPOINTER)}",
    epilog="Example: pruefpfad checkpointer budgeting",
)
@click.argument("service", type=SERVICE)
def checkpointer(service: str) -> None:
    _become("pruefpfad.processes.checkpointer", service)


@click.group(epilog="Example: pruefpfad health service budgeting")
def health() -> None:
    """Whether a process is well: exit code 0, or 1 if it does not answer or does not get on."""


@health.command("service", epilog="Example: pruefpfad health service budgeting")
@click.argument("service", type=SERVICE)
def service_health(service: str) -> None:
    """Ask a service for its head, as other services ask it."""
    raise SystemExit(0 if probes.service_is_well(service, _configured(FOR_HEALTH)) else 1)


@health.command("relay", epilog="Example: pruefpfad health relay budgeting")
@click.argument("service", type=SERVICE)
def relay_health(service: str) -> None:
    """Ask a relay to announce its head."""
    raise SystemExit(0 if probes.relay_is_well(service, _configured(FOR_HEALTH)) else 1)


@health.command("checkpointer", epilog="Example: pruefpfad health checkpointer budgeting")
@click.argument("service", type=SERVICE)
def checkpointer_health(service: str) -> None:
    """Look whether events wait for a signed head for too long."""
    configuration = _configured(FOR_CHECKPOINTERS_HEALTH)
    is_well = probes.checkpointer_is_well(service, configuration, datetime.now(UTC))
    raise SystemExit(0 if is_well else 1)


def _configured(settings: tuple[Setting, ...]) -> Configuration:
    try:
        return read(settings)
    except Misconfigured as error:
        click.echo(str(error), err=True)
        raise SystemExit(EXIT_MISCONFIGURED) from error


def _become(module: str, service: str) -> None:
    os.execv(sys.executable, [sys.executable, "-m", module, service])


COMMANDS = (serve, relay, checkpointer, health)
