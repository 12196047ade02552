"""`pruefpfad contracts write`: the documents that are generated from the contracts."""

from __future__ import annotations

from pathlib import Path

import click

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group(epilog="Example: pruefpfad contracts write")
def contracts() -> None:
    """What crosses each service's border."""


@contracts.command(epilog="Example: pruefpfad contracts write --docs docs")
@click.option("--docs", type=FOLDER, default=Path("docs"), show_default=True, help="Where to.")
@click.option(
    "--snapshots",
    type=FOLDER,
    help="Also take the contracts as they are now for the known ones, into this folder.",
)
def write(docs: Path, snapshots: Path | None) -> None:
    """Write events.md, asyncapi.json and the JSON Schemas."""
    # Imported here because every other command does without them, and they load slowly.
    from pruefpfad.published.documents import write_documents
    from pruefpfad.published.snapshots import SilentChange, write_snapshots

    try:
        written = write_snapshots(snapshots) if snapshots else []
    except SilentChange as change:
        click.echo(str(change), err=True)
        raise SystemExit(1) from change
    written += write_documents(docs)
    for path in written:
        click.echo(path)
    click.echo(f"{len(written)} files written")


COMMANDS = (contracts,)
