"""`make tamper`: changes copies of clean histories in every way, and prints what was found."""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import TypeVar

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from structlog.testing import capture_logs

from histories.plays import ledgers_of
from histories.recording import Ledgers, recorded_plays
from journeys.published_list import play_embedded
from journeys.short_list import shorten, with_further
from simulation.lives import live
from support.postgres import PostgresServer
from tamper.contention import Contention
from tamper.databases import Databases
from tamper.defences import DEFENCES
from tamper.files import Files
from tamper.restored import try_restored
from tamper.scene import Scene, a_scene
from tamper.score import Score, look_at_clean, try_everything
from tamper.stores import Stores
from tamper.verdicts import INCOMPLETE, VERIFIED

FURTHER_ROWS = 40
"""With so many grants the ledgers are long enough for full tiles."""
CLOCKS_LEAP_SECONDS = 400_000_000
CODES = range(4)
T = TypeVar("T")
SQLITE, POSTGRES = "sqlite", "postgresql"

StoresIn = Callable[[Path], Stores]
"""New stores for the scene in a folder."""

EPILOG = """\b
Examples:
  make tamper
  make tamper TAMPER="--samples 20 --seeds 200 --start 1000"
  make tamper TAMPER="--store postgresql --samples 1 --seeds 0"
"""


@click.command(epilog=EPILOG)
@click.option("--samples", type=click.IntRange(1), default=3, help="Changes of a kind in a ledger.")
@click.option("--seeds", type=click.IntRange(0), default=20, help="Worlds that must not alarm.")
@click.option("--start", type=click.IntRange(0), default=1, help="The first of these seeds.")
@click.option(
    "--store",
    "kinds",
    type=click.Choice([SQLITE, POSTGRES]),
    multiple=True,
    default=[SQLITE, POSTGRES],
    show_default="both",
    help="In which stores, may be repeated.",
)
def main(samples: int, seeds: int, start: int, kinds: tuple[str, ...]) -> None:
    """Tamper with clean histories, and see what an auditor finds.

    Each change is made at places of chance, and the same ones in each kind of store. The worlds are
    those of `make simulate`: their services die, race and are mended.
    """
    began, score = time.monotonic(), Score()
    console = Console(width=180)
    with (
        tempfile.TemporaryDirectory() as folder,
        ExitStack() as servers,
        Progress(
            SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(),
            console=Console(stderr=True), transient=True,
        ) as progress,
    ):  # fmt: skip
        task = progress.add_task("")

        def told(what: str) -> None:
            progress.update(task, description=what, advance=1)

        told("the histories are played")
        played = list(_histories(Path(folder) / "played"))
        for kind in kinds:
            stores_in = _opened(kind, servers)
            for name, ledgers, tail in played:
                scene = _scene(Path(folder) / kind / name, ledgers, tail, stores_in)
                look_at_clean(scene, score, frozenset({INCOMPLETE if tail else VERIFIED}))
                try_everything(scene, score, Random(f"{name} {start}"), samples, told)
            for seed in range(start, start + seeds):
                told(f"{kind}: a clean world, seed {seed}")
                _look_at_world(Path(folder) / kind / f"seed {seed}", seed, score, stores_in)
            told(f"{kind}: writers who contend")
            _look_at_contention(Path(folder) / kind / "contention", score, stores_in)
        if SQLITE in kinds:
            told("an installation that was restored")
            restored = Random(f"restored {start}")
            try_restored(Path(folder) / "restored", score, restored, samples, told)
    _say(console, score, time.monotonic() - began)
    sys.exit(bool(score.complaints))


def _opened(kind: str, servers: ExitStack) -> StoresIn:
    if kind == SQLITE:
        return lambda folder: Files(folder / "stores")
    server = servers.enter_context(PostgresServer())
    return lambda folder: Databases(server, folder / "stores", folder.name).create()


def _histories(folder: Path) -> Iterator[tuple[str, Ledgers, str]]:
    """Three: signed to the end, with an unsigned tail, and with an uncosigned one."""
    play_embedded(shorten(folder / "example", with_further(FURTHER_ROWS)), folder / "data")
    yield "signed to the end", ledgers_of(folder / "data", "{}.main.sqlite3"), ""
    for name, tail in (("contended", "unsigned"), ("quiet", "uncosigned")):
        [play] = [each for each in recorded_plays() if each.name == name][-1:]
        yield f"{name}, {tail} tail", play.ledgers, tail


def _scene(folder: Path, ledgers: Ledgers, tail: str, stores_in: StoresIn) -> Scene:
    parts, tolerance_seconds = (4, CLOCKS_LEAP_SECONDS) if tail else (6, 60)
    return a_scene(folder, ledgers, parts, tail, tolerance_seconds, stores_in(folder))


def _look_at_world(folder: Path, seed: int, score: Score, stores_in: StoresIn) -> None:
    """A world in which services die, race and are mended; its ledgers are signed as they grew."""
    with capture_logs():
        live(seed, folder / "life")
    ledgers: Ledgers = ledgers_of(folder / "life" / "disturbed", "{}.sqlite3")
    scene = a_scene(
        folder / "scene",
        ledgers,
        tolerance_seconds=CLOCKS_LEAP_SECONDS,
        stores=stores_in(folder),
    )
    look_at_clean(scene, score, frozenset({VERIFIED}))


def _look_at_contention(folder: Path, score: Score, stores_in: StoresIn) -> None:
    contention = Contention(folder, stores_in(folder))
    for verdict in contention.run():
        score.note_clean("while it is written", verdict, frozenset({VERIFIED, INCOMPLETE}))
    look_at_clean(contention.scene, score, frozenset({VERIFIED}))


def _say(console: Console, score: Score, seconds: float) -> None:
    table = Table(
        title="What was tampered with, how often the verifier ended with which exit code"
        " (0 verified, 1 tampered, 2 incomplete, 3 unusable), and how often others objected",
        title_justify="left",
    )
    for column in ("level", "what", "store"):
        table.add_column(column, no_wrap=True)
    for column in (*map(str, CODES), *DEFENCES):
        table.add_column(column, justify="right", no_wrap=True)
    for way, codes in sorted(score.codes.items()):
        table.add_row(*way, *_cells(codes, CODES), *_cells(score.objected[way], DEFENCES))
    table.add_section()
    table.add_row("clean", "histories that nobody has touched", "", *_cells(score.clean, CODES))
    console.print(table)
    for complaint in score.complaints:
        console.print(f"WRONG: {complaint}", style="red", highlight=False)
    console.print(
        f"{score.covered - score.covered_missed:,} of {score.covered:,} found at or below the last "
        f"cosigned head ({score.found:.1%}), with exit code and place. {score.tried:,} tried, "
        f"{len(score.complaints)} otherwise than they must be; "
        f"{sum(score.clean.values())} clean histories, {score.clean[1]} false alarms; "
        f"{seconds:,.0f} s.",
        highlight=False,
    )


def _cells(counted: Counter[T], columns: Iterable[T]) -> list[str]:
    return [f"{counted[each]:,}" if counted[each] else "" for each in columns]


if __name__ == "__main__":
    main()
