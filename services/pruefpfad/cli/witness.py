"""`pruefpfad witness …`: what an audit authority does with a witness of its own.

It needs a folder, keys of logs that were handed over, and requests in files. It needs no access to
the operator's systems, and looks into no ledger.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from grant_store.log.log_keys import verifier_keys
from grant_store.log.note import VerifierKey
from grant_store.log.witness import PUBLIC_KEYS, Witness
from grant_store.log.witness_store import WitnessedHead
from grant_store.log.write_once import write_once
from grant_values.invalid import Invalid
from pruefpfad.cli import witness_cosigning
from pruefpfad.cli.output import json_option, say_json, say_table
from pruefpfad.cli.witness_options import cell, files, witness_option


@click.group(epilog="Example: pruefpfad witness show --witness /media/safe/witness")
def witness() -> None:
    """A witness of an authority: it cosigns heads of logs that have only grown."""


@witness.command(
    epilog="Example: pruefpfad witness init --witness /media/safe/witness"
    " --name pruefbehoerde.example/witness"
)
@witness_option
@click.option("--name", required=True, help="The name it signs under: an address you own.")
def init(folder: Path, name: str) -> None:
    """Make a new witness: its keys, and an empty store. The public keys are for everybody."""
    made = Witness.init(folder, name)
    click.echo(f"Keys of {made.name} for those who verify: {folder / PUBLIC_KEYS}")
    for key in made.verifiers:
        click.echo(str(key))


@witness.command(epilog="Example: pruefpfad witness add --witness /media/safe/witness log.vkey")
@witness_option
@click.argument("keys", nargs=-1, required=True, type=files)
def add(folder: Path, keys: tuple[Path, ...]) -> None:
    """Believe the public keys in these files. First compare them with what the operator says."""
    ours = Witness(folder)
    for key in _keys_in(keys):
        is_new = ours.trust(key, datetime.now(UTC))
        click.echo(f"{key.name} {key.key_id.hex()}: {'believed' if is_new else 'known already'}")


@witness.command(epilog="Example: pruefpfad witness drop --witness /media/safe/witness old.vkey")
@witness_option
@click.argument("keys", nargs=-1, required=True, type=files)
def drop(folder: Path, keys: tuple[Path, ...]) -> None:
    """Believe these keys no longer, as after a rotation. What was cosigned stays cosigned."""
    ours = Witness(folder)
    for key in _keys_in(keys):
        was_known = ours.distrust(key, datetime.now(UTC))
        click.echo(f"{key.name} {key.key_id.hex()}: {'dropped' if was_known else 'not known'}")


@witness.command(
    epilog="Example: pruefpfad witness show --witness /media/safe/witness --all-heads --to heads"
)
@witness_option
@click.option(
    "--to",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write the last heads into this folder: the known heads of those who verify.",
)
@click.option(
    "--all-heads",
    is_flag=True,
    help="Write every head that was ever cosigned, so that none can be dropped unseen.",
)
@json_option
def show(folder: Path, to: Path | None, all_heads: bool, as_json: bool) -> None:
    """Show which logs it believes and the last head it has cosigned of each."""
    if all_heads and not to:
        raise Invalid("--to", "expected a folder for all heads")
    ours = Witness(folder)
    heads = {head.checkpoint.origin: head for head in ours.heads()}
    if to:
        _write_heads(ours.all_heads() if all_heads else heads.values(), to)
    origins = sorted({key.name for key in ours.trusted()} | set(heads))
    rows: list[dict[str, Any]] = [
        {
            "log": origin,
            "keys": [key.key_id.hex() for key in ours.trusted(origin)],
            "size": heads[origin].checkpoint.size if origin in heads else 0,
            "root": heads[origin].checkpoint.root.hex() if origin in heads else None,
            "cosigned_at": heads[origin].cosigned_at if origin in heads else None,
        }
        for origin in origins
    ]
    if as_json:
        say_json({"name": ours.name, "keys": list(map(str, ours.verifiers)), "logs": rows})
        return
    cells = (
        (row["log"], " ".join(row["keys"]), cell(row["size"]), cell(row["cosigned_at"]))
        for row in rows
    )
    say_table(f"{ours.name}: {len(rows)} logs", ("log", "keys", "size", "cosigned at"), cells)


def _write_heads(heads: Iterable[WitnessedHead], to: Path) -> None:
    """A file for each, and one more where the same head was cosigned again, as with another key."""
    sizes: dict[str, int] = {}
    again = 0
    for head in heads:
        origin, size = head.checkpoint.origin, head.checkpoint.size
        again = again + 1 if sizes.get(origin) == size else 0
        sizes[origin] = size
        end = f".{again}.note" if again else ".note"
        write_once(to / f"{origin.replace('/', '.')}.{size:012}{end}", head.note)


def _keys_in(paths: Iterable[Path]) -> Iterator[VerifierKey]:
    for path in paths:
        yield from verifier_keys(path)


for _command in witness_cosigning.WITNESS_COMMANDS:
    witness.add_command(_command)

COMMANDS = (witness,)
