"""`make bench`: runs the benchmarks on private servers, prints a table, writes results.json."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import click

from benchmarks.aims import verdicts
from benchmarks.bench import FULL, QUICK, Bench, Sizes
from benchmarks.machine import description
from benchmarks.results import Measurement, as_table
from benchmarks.suite import BENCHMARKS, NAMES, Benchmark
from support.postgres import PostgresServer
from support.rabbitmq import RabbitServer

RESULTS = Path(__file__).resolve().parents[2] / "var" / "bench" / "results.json"


class Servers:
    """Private servers that start when first asked for and end with `opened`."""

    def __init__(self, opened: ExitStack) -> None:
        self._opened = opened

    @cached_property
    def postgres(self) -> PostgresServer:
        return self._opened.enter_context(PostgresServer())

    @cached_property
    def rabbit(self) -> RabbitServer:
        return self._opened.enter_context(RabbitServer())

    @property
    def description(self) -> dict[str, object]:
        """Of the machine; PostgreSQL's version only if something ran on it."""
        used = "postgres" in vars(self)
        return description(self.postgres.superuser_dsn if used else None)


@click.command()
@click.option(
    "--only",
    multiple=True,
    metavar="NAME",
    help="This one, or all that begin so, with what is measured in the same run.",
)
@click.option("--quick", is_flag=True, help="Few and small rounds: a look, not a result.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), default=RESULTS)
def main(only: tuple[str, ...], quick: bool, output: Path) -> None:
    """Measure against the alternatives, both sides in turn on the same servers."""
    chosen = [each for each in BENCHMARKS if not only or _is_meant(each, only)]
    if not chosen:
        raise click.BadParameter(f"expected one of {', '.join(NAMES)}", param_hint="--only")
    with ExitStack() as opened:
        servers = Servers(opened)
        measurements = _measured(chosen, QUICK if quick else FULL, servers, opened)
        results = {
            "size": "quick" if quick else "full",
            "machine": servers.description,
            "results": [one.as_json() for one in measurements],
        }
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    click.echo(as_table(measurements))
    for line in () if quick else verdicts(measurements):
        click.echo(line)
    click.echo(f"Written to {output}")


def _measured(
    chosen: Sequence[Benchmark], sizes: Sizes, servers: Servers, opened: ExitStack
) -> list[Measurement]:
    started = perf_counter()

    def say(line: str) -> None:
        click.echo(f"{perf_counter() - started:6.0f} s  {line}", err=True)

    folder = Path(opened.enter_context(TemporaryDirectory(prefix="pruefpfad-bench-")))
    bench = Bench(sizes, lambda: servers.postgres, lambda: servers.rabbit, folder, say)
    return [found for benchmark in chosen for found in benchmark.measure(bench)]


def _is_meant(benchmark: Benchmark, only: tuple[str, ...]) -> bool:
    return any(name.startswith(only) for name in benchmark.names)


if __name__ == "__main__":
    main()
