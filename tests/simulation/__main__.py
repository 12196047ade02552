"""`python -m simulation --seeds 100 --start 1`: lives many seeds, one after the other.

A seed that fails is printed with the command that lives it again, and ends the loop.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from pathlib import Path

import click

from simulation.lives import live

COMMAND = "PYTHONPATH=tests python -m simulation --seeds 1 --start {seed}"


@click.command()
@click.option("--seeds", type=click.IntRange(1), default=100, help="How many.")
@click.option("--start", type=click.IntRange(0), default=1, help="The first of them.")
def main(seeds: int, start: int) -> None:
    """Live seeds, from START on."""
    began, kinds = time.monotonic(), Counter[str]()
    for seed in range(start, start + seeds):
        with tempfile.TemporaryDirectory() as folder:
            try:
                verdict = live(seed, Path(folder))
            except Exception:
                click.echo(f"seed {seed} fails; again: {COMMAND.format(seed=seed)}", err=True)
                raise
        kinds[verdict.kind] += 1
        click.echo(
            f"seed {seed}: {verdict.kind}, {verdict.cases} cases, "
            f"{verdict.commands} commands, {verdict.deaths} deaths"
        )
    seconds = time.monotonic() - began
    click.echo(f"{seeds} seeds hold ({dict(kinds)}), {seconds / seeds:.2f} seconds each")


if __name__ == "__main__":
    main()
