"""`make simulate`: lives many seeds on all cores. One that fails is named with its command."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

import click

from simulation.lives import Verdict
from simulation.trials import Failure, try_seed

LINES_OF_PROGRESS = 20


@click.command()
@click.option("--seeds", type=click.IntRange(1), default=100, help="How many.")
@click.option("--start", type=click.IntRange(0), default=1, help="The first of them.")
@click.option("--jobs", type=click.IntRange(1), default=os.cpu_count, help="How many at a time.")
@click.option("--without", default="", help="The guard that is taken out: it should be noticed.")
def main(seeds: int, start: int, jobs: int, without: str) -> None:
    """Live seeds, from START on."""
    began, verdicts, failing = time.monotonic(), list[Verdict](), list[int]()
    for count, tried in enumerate(_tried(range(start, start + seeds), jobs, without), 1):
        if isinstance(tried, Failure):
            failing.append(tried.seed)
            _say_failure(tried, without, in_full=seeds == 1)
        else:
            verdicts.append(tried)
        if count % max(1, seeds // LINES_OF_PROGRESS) == 0:
            click.echo(f"seed {start + count - 1}: {count} of {seeds}, {len(failing)} fail")
    _say_what_happened(verdicts)
    seconds = time.monotonic() - began
    click.echo(f"{len(verdicts)} of {seeds} seeds hold, {seconds / seeds:.2f} seconds each")
    if failing:
        raise SystemExit(1)


def _tried(seeds: Sequence[int], jobs: int, without: str) -> Iterator[Verdict | Failure]:
    """What became of each seed, in their order."""
    act = partial(try_seed, without=without)
    if min(jobs, len(seeds)) == 1:
        yield from map(act, seeds)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(act, seeds)


def _say_failure(failure: Failure, without: str, *, in_full: bool) -> None:
    again = f"make simulate SEEDS=1 START={failure.seed}"
    again += f" WITHOUT={without}" if without else ""
    click.echo(f"seed {failure.seed} fails: {failure.says}\nagain: {again}", err=True)
    if in_full:
        click.echo(failure.trace, err=True)


def _say_what_happened(verdicts: Sequence[Verdict]) -> None:
    kinds = Counter(verdict.kind for verdict in verdicts)
    happened = Counter[str]()
    for verdict in verdicts:
        happened.update(dict(verdict.happened))
    for what, count in sorted(happened.items()):
        click.echo(f"  {count:8,}  {what}")
    cases = sum(verdict.cases for verdict in verdicts)
    commands = sum(verdict.commands for verdict in verdicts)
    click.echo(f"{cases:,} cases, {commands:,} commands; {dict(kinds)}")


if __name__ == "__main__":
    main()
