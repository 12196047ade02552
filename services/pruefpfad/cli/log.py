"""`pruefpfad log …`: the signed heads of ledgers. Each command stands in a module of its own."""

from __future__ import annotations

import click

from pruefpfad.cli import (
    log_checking,
    log_history,
    log_keys,
    log_outside,
    log_proofs,
    log_pushing,
    log_signing,
    log_witnessing,
)


@click.group(epilog="Example: pruefpfad --data var/demo log export --to /media/worm/heads")
def log() -> None:
    """The signed heads of each ledger: who saw them, and what they prove."""


for _module in (
    *(log_signing, log_checking, log_history, log_witnessing, log_pushing),
    *(log_outside, log_proofs, log_keys),
):
    for _command in _module.LOG_COMMANDS:
        log.add_command(_command)

COMMANDS = (log,)
