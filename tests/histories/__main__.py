"""`make histories NAME=…`: records what today's program does, for later ones to tell again."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import click

from histories.plays import PLAYS
from histories.recording import RECORDED, Play
from histories.retelling import retold

_NAME = re.compile(r"\d{4}-\d{2}-[a-z0-9-]+")

EXAMPLE = """\b
Example:
  make histories NAME=2027-01-payees-by-reference
"""


@click.command(epilog=EXAMPLE)
@click.argument("name")
@click.option("--play", "plays", multiple=True, type=click.Choice(list(PLAYS)), help="Only this.")
def main(name: str, plays: tuple[str, ...]) -> None:
    """Record every play as NAME, "<year>-<month>-<what is new in it>".

    A recording is for good: one that is there is never written again.
    """
    if not _NAME.fullmatch(name):
        raise click.BadParameter(f"expected such as 2027-01-what-is-new, not {name!r}")
    for play in plays or PLAYS:
        target = Play(RECORDED / name, play)
        with tempfile.TemporaryDirectory() as folder:
            ledgers = PLAYS[play](Path(folder) / "played")
            results = retold(ledgers, Path(folder) / "retold")
            try:
                target.write(ledgers, results)
            except FileExistsError as error:
                raise click.ClickException(
                    f"{target} is there: a recording is for good."
                ) from error
        events = sum(map(len, ledgers.values()))
        click.echo(f"{target}: {events:,} events")


if __name__ == "__main__":
    main()
