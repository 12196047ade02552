"""`make tamper`: changes copies of clean histories in every way, and prints what was found."""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from random import Random

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
from tamper.scene import Scene, a_scene
from tamper.score import Score, look_at_clean, try_everything
from tamper.verdicts import INCOMPLETE, VERIFIED

FURTHER_ROWS = 40
"""With so many grants the ledgers are long enough for full tiles."""
CLOCKS_LEAP_SECONDS = 400_000_000
CODES = ("verified", "tampered", "incomplete", "unusable")

EPILOG = """\b
Examples:
  make tamper
  make tamper TAMPER="--samples 20 --seeds 200 --start 1000"
"""


@click.command(epilog=EPILOG)
@click.option("--samples", type=click.IntRange(1), default=3, help="Changes of a kind in a ledger.")
@click.option("--seeds", type=click.IntRange(0), default=20, help="Worlds that must not alarm.")
@click.option("--start", type=click.IntRange(0), default=1, help="The first of these seeds.")
def main(samples: int, seeds: int, start: int) -> None:
    """Tamper with clean histories, and see what an auditor finds.

    Each change is made at places of chance. The worlds are those of `make simulate`: their services
    die, race and are mended.
    """
    began, score = time.monotonic(), Score()
    console = Console(width=130)
    with (
        tempfile.TemporaryDirectory() as folder,
        Progress(
            SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(),
            console=Console(stderr=True), transient=True,
        ) as progress,
    ):  # fmt: skip
        task = progress.add_task("")

        def told(what: str) -> None:
            progress.update(task, description=what, advance=1)

        for scene, tail in _scenes(Path(folder)):
            told(scene.folder.name)
            look_at_clean(scene, score, frozenset({INCOMPLETE if tail else VERIFIED}))
            try_everything(scene, score, Random(f"{scene.folder.name} {start}"), samples, told)
        for seed in range(start, start + seeds):
            told(f"a clean world, seed {seed}")
            _look_at_world(Path(folder), seed, score)
    _say(console, score, time.monotonic() - began)
    sys.exit(bool(score.complaints))


def _scenes(folder: Path) -> Iterable[tuple[Scene, str]]:
    """Three histories: signed to the end, with an unsigned tail, and with an uncosigned one."""
    play_embedded(shorten(folder / "example", with_further(FURTHER_ROWS)), folder / "played")
    played = ledgers_of(folder / "played", "{}.main.sqlite3")
    yield a_scene(folder / "signed to the end", played, parts=6), ""
    for name, tail in (("contended", "unsigned"), ("quiet", "uncosigned")):
        [play] = [each for each in recorded_plays() if each.name == name][-1:]
        scene = a_scene(folder / f"{name}, {tail} tail", play.ledgers, 4, tail, CLOCKS_LEAP_SECONDS)
        yield scene, tail


def _look_at_world(folder: Path, seed: int, score: Score) -> None:
    """A world in which services die, race and are mended; its ledgers are signed as they grew."""
    with capture_logs():
        live(seed, folder / f"life {seed}")
    ledgers: Ledgers = ledgers_of(folder / f"life {seed}" / "disturbed", "{}.sqlite3")
    scene = a_scene(folder / f"seed {seed}", ledgers, tolerance_seconds=CLOCKS_LEAP_SECONDS)
    look_at_clean(scene, score, frozenset({VERIFIED}))


def _say(console: Console, score: Score, seconds: float) -> None:
    table = Table(
        title="What was tampered with, and the verifier's exit code", title_justify="left"
    )
    table.add_column("level", no_wrap=True)
    table.add_column("what", no_wrap=True)
    for code in CODES:
        table.add_column(code, justify="right", no_wrap=True)
    for (level, kind), codes in score.codes.items():
        table.add_row(level, kind, *_cells(codes))
    table.add_section()
    table.add_row("clean", "histories that nobody has touched", *_cells(score.clean))
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


def _cells(codes: Counter[int]) -> list[str]:
    return [f"{codes[code]:,}" if codes[code] else "" for code in range(len(CODES))]


if __name__ == "__main__":
    main()
