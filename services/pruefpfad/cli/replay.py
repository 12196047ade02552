"""`pruefpfad replay …`: a history played again, and compared with what is recorded and served.

Each command stands in a module of its own and is added here.
"""

from __future__ import annotations

import click

from pruefpfad.cli.replay_check import check
from pruefpfad.cli.replay_decisions import decisions


@click.group(epilog="Example: pruefpfad --data var/demo replay decisions")
def replay() -> None:
    """Play the history again and compare."""


for _command in (check, decisions):
    replay.add_command(_command)

COMMANDS = (replay,)
