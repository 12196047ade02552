"""The command line: `pruefpfad --data DIR …`. It translates, and leaves the work to others.

Exit codes: 0 done · 1 a fault of the program or the machine · 2 wrong use · 3 refused, and on
record · 4 invalid input, nothing recorded · 5 not known yet, try again later.
"""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path

import click
from marshmallow import ValidationError

from grant_bus.follower import UpstreamChanged
from grant_bus.writer import CannotApply
from grant_store.errors import StoreError
from grant_values.invalid import Invalid
from pruefpfad import (
    cli_actors,
    cli_applications,
    cli_cases,
    cli_demo,
    cli_operations,
    cli_programmes,
)
from pruefpfad.cli_output import EXIT_INVALID, say_errors
from pruefpfad.script import Unexpected


@click.group(
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
def pruefpfad(context: click.Context, data: Path) -> None:
    """Runs the life of a publicly co-financed grant and keeps a history that can be verified."""
    context.obj = data


for _module in (
    cli_programmes,
    cli_applications,
    cli_actors,
    cli_cases,
    cli_operations,
    cli_demo,
):
    for _command in _module.COMMANDS:
        pruefpfad.add_command(_command)


def main() -> None:
    """Run the command line and turn what went wrong into words and an exit code."""
    try:
        pruefpfad()
    except ValidationError as error:
        say_errors(error.messages)
        sys.exit(EXIT_INVALID)
    except Invalid as error:
        say_errors({error.field: [error.expected]})
        sys.exit(EXIT_INVALID)
    except (StoreError, CannotApply, UpstreamChanged, Unexpected) as error:
        click.echo(f"pruefpfad: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
