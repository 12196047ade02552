"""The command line: `pruefpfad --data DIR …`. It translates, and leaves the work to others.

Exit codes: 0 done · 1 a fault of the program or the machine · 2 wrong use · 3 refused, and on
record · 4 invalid input, nothing recorded · 5 not known yet, try again later.
"""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
from marshmallow import ValidationError

from grant_bus.rabbit_rpc import NoAnswer, ServiceFailed
from grant_bus.writer import CannotApply
from grant_store.errors import StoreError
from grant_values.invalid import Invalid
from pruefpfad.cli import (
    access,
    actors,
    applications,
    audit,
    broker,
    cases,
    contracts,
    demo,
    erasure,
    exports,
    feeds,
    known,
    log,
    parked,
    participants,
    payments,
    personal_keys,
    processes,
    programmes,
    replay,
    retention,
    stores,
    whatif,
    witness,
)
from pruefpfad.cli.feeds import StandsStill
from pruefpfad.cli.output import EXIT_INVALID, say_errors
from pruefpfad.processes import logs
from pruefpfad.processes.memory import look_for_garbage_seldom
from pruefpfad.scripted.script import Unexpected

_FAULTS = (
    *(StoreError, CannotApply, Unexpected, StandsStill),
    *(NoAnswer, ServiceFailed, OSError),
)


class SpokenErrors(click.Group):
    """The same commands; what went wrong becomes words on standard error and an exit code."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except ValidationError as error:
            say_errors(error.messages)
            context.exit(EXIT_INVALID)
        except Invalid as error:
            say_errors({error.field: [error.expected]})
            context.exit(EXIT_INVALID)
        except _FAULTS as error:
            click.echo(f"pruefpfad: {error}", err=True)
            context.exit(1)


@click.group(
    cls=SpokenErrors,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: pruefpfad --data var/demo case list --state rejected",
)
@click.version_option(version("pruefpfad"), prog_name="pruefpfad")
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("var/data"),
    show_default=True,
    envvar="PRUEFPFAD_DATA",
    help="The directory that holds everything of an embedded run.",
)
@click.pass_context
def main(context: click.Context, data: Path) -> None:
    """Runs the life of a publicly co-financed grant and keeps a history that can be replayed."""
    logs.speak_plainly()
    context.obj = data


cases.case.add_command(known.known)

for _module in (
    access,
    programmes,
    applications,
    actors,
    audit,
    cases,
    stores,
    processes,
    broker,
    contracts,
    demo,
    exports,
    feeds,
    parked,
    participants,
    witness,
    payments,
    replay,
    retention,
    erasure,
    log,
    whatif,
    personal_keys,
):
    for _command in _module.COMMANDS:
        main.add_command(_command)


def run() -> None:
    """The program `pruefpfad`."""
    look_for_garbage_seldom(new_objects=500_000)
    main()


if __name__ == "__main__":
    run()
