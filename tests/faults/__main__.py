"""`python -m faults --seeds 5 --start 1`: lives seeds of faults on real servers, one by one.

What happened is told round by round. A seed that fails is named with the command that draws the
same troubles again, and the logs of its processes stay in `var/faults`.
"""

from __future__ import annotations

import time
from pathlib import Path

import click

from faults.lives import live
from support.postgres import PostgresServer
from support.rabbitmq import RabbitServer

COMMAND = "PYTHONPATH=tests python -m faults --seeds 1 --start {seed} --rounds {rounds}"
LOGS = Path("var/faults")


@click.command()
@click.option("--seeds", type=click.IntRange(1), default=5, help="How many.")
@click.option("--start", type=click.IntRange(0), default=1, help="The first of them.")
@click.option("--rounds", type=click.IntRange(1), default=6, help="Plans played in each.")
def main(seeds: int, start: int, rounds: int) -> None:
    """Live seeds of faults, from START on."""
    began = time.monotonic()
    with PostgresServer() as postgres, RabbitServer() as rabbit:
        for seed in range(start, start + seeds):
            folder = LOGS / str(seed)
            try:
                for number, told in enumerate(live(seed, rounds, (postgres, rabbit), folder), 1):
                    troubles = ", ".join(told.troubles)
                    click.echo(
                        f"seed {seed}, round {number} holds with {told.unknown} answers unknown "
                        f"for a while: {troubles}"
                    )
            except BaseException:
                again = COMMAND.format(seed=seed, rounds=rounds)
                click.echo(f"seed {seed} fails; logs in {folder}; again: {again}", err=True)
                raise
    seconds = time.monotonic() - began
    click.echo(f"{seeds} seeds hold, {seconds / seeds:.0f} seconds each")


if __name__ == "__main__":
    main()
