"""`make simulate-mutants`: takes out each guard in turn, and shows what notices that it is gone."""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

import click
from rich.console import Console
from rich.table import Table

from simulation.mutants import MUTANTS
from simulation.trials import Failure, try_seed


@click.command()
@click.option("--seeds", type=click.IntRange(1), default=200, help="After how many it survives.")
@click.option("--jobs", type=click.IntRange(1), default=os.cpu_count, help="How many at a time.")
@click.option("--only", default="", help="Names of mutants, divided by commas; all without.")
def main(seeds: int, jobs: int, only: str) -> None:
    """Live seeds without each guard until one fails. Exit code 1 where a mutant survives."""
    names = only.split(",") if only else list(MUTANTS)
    table = Table(title="The program without one of its guards", title_justify="left")
    for column in ("mutant", "what is left", "noticed by", "at seed"):
        table.add_column(column)
    survivors = []
    with ProcessPoolExecutor(min(jobs, len(names)), mp_context=get_context("spawn")) as pool:
        for name, caught in zip(
            names, pool.map(partial(hunt, range(1, seeds + 1)), names), strict=True
        ):
            if caught is None:
                survivors.append(name)
            noticed_by, seed = (caught.noticed_by, str(caught.seed)) if caught else ("–", "–")
            click.echo(f"{name}: {noticed_by}, seed {seed}", err=True)
            table.add_row(name, MUTANTS[name].says, noticed_by, seed)
    Console(width=None if os.isatty(1) else 140).print(table)
    click.echo(f"{len(names) - len(survivors)} of {len(names)} mutants are noticed")
    if survivors:
        click.echo(f"after {seeds} seeds these survive: {', '.join(survivors)}", err=True)
        raise SystemExit(1)


def hunt(seeds: Iterable[int], name: str) -> Failure | None:
    """The first of these seeds in which it is noticed that this guard is gone, or None."""
    tried = (try_seed(seed, name) for seed in seeds)
    return next((each for each in tried if isinstance(each, Failure) and each.is_noticed), None)


if __name__ == "__main__":
    main()
