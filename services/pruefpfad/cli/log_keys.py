"""`pruefpfad log keys`, `rotate-keys`, `retire-keys`: the keys that logs sign their heads with."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import click

from grant_store.log.log_keys import (
    PRIVATE_SUFFIX,
    PUBLIC_SUFFIX,
    SigningKey,
    add_keys,
    private_keys,
    replace_keys,
    retire_keys,
    verifiers_beside,
)
from grant_store.log.note import ED25519
from grant_values.invalid import Invalid
from pruefpfad.cli.output import json_option, say_json, say_table

folder_option = click.option(
    "--keys",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="PRUEFPFAD_LOG_KEYS",
    help="The folder of the logs' private keys.  [default: keys/log in the data directory]",
)


@click.command("keys", epilog="Example: pruefpfad --data var/demo log keys")
@folder_option
@json_option
@click.pass_obj
def show_keys(data: Path, folder: Path | None, as_json: bool) -> None:
    """List the keys of all logs, and the SHA-256 of each file that goes to the key ceremony."""
    rows = []
    for path in _files(data, folder):
        public = path.with_suffix(PUBLIC_SUFFIX)
        keys = private_keys(path)
        rows.append(
            {
                "log": keys[0].name,
                "keys": [_said(key) for key in keys],
                "file": str(public),
                "sha256": sha256(public.read_bytes()).hexdigest(),
            }
        )
    if as_json:
        say_json(rows)
        return
    columns = ("log", "keys that sign", "public keys", "SHA-256")
    cells = (
        (str(row["log"]), ", ".join(row["keys"]), str(row["file"]), str(row["sha256"]))
        for row in rows
    )
    say_table(f"{len(rows)} logs", columns, cells)


@click.command("rotate-keys", epilog="Example: pruefpfad --data var/demo log rotate-keys")
@folder_option
@click.pass_obj
def rotate_keys(data: Path, folder: Path | None) -> None:
    """Add new keys to every log. Heads bear the signatures of old and new ones from then on."""
    for path in _files(data, folder):
        for key in add_keys(path):
            click.echo(f"{key.name}: {_said(key)} is new")


@click.command("retire-keys", epilog="Example: pruefpfad --data var/demo log retire-keys")
@folder_option
@click.pass_obj
def retire(data: Path, folder: Path | None) -> None:
    """Let only the newest keys of every log sign. Old public keys stay: hand them on as well."""
    for path in _files(data, folder):
        for key in retire_keys(path):
            click.echo(f"{key.name}: {_said(key)} signs no longer")


@click.command(
    "replace-keys", epilog="Example: pruefpfad --data var/demo log replace-keys --only budgeting"
)
@folder_option
@click.option("--only", metavar="TEXT", help="Only logs with this in their origin.")
@click.confirmation_option(prompt="Old keys will sign no longer. Are they lost or stolen?")
@click.pass_obj
def replace(data: Path, folder: Path | None, only: str | None) -> None:
    """Give logs new keys alone, where the old ones are lost or stolen.

    The public keys must still be there. Nobody believes the new ones until they are handed over:
    hold a ceremony with each witness and verifier, and let them drop keys that were stolen.
    """
    place = folder or data / "keys" / "log"
    paths = [path.with_suffix(PRIVATE_SUFFIX) for path in sorted(place.glob(f"*{PUBLIC_SUFFIX}"))]
    chosen = [path for path in paths if (only or "") in verifiers_beside(path)[0].name]
    if not chosen:
        raise Invalid("keys", f"expected public keys of such logs in {place}")
    for path in chosen:
        for key in replace_keys(path):
            click.echo(f"{key.name}: {_said(key)} signs alone from now on")


def _files(data: Path, folder: Path | None) -> list[Path]:
    place = folder or data / "keys" / "log"
    found = sorted(place.glob(f"*{PRIVATE_SUFFIX}"))
    if not found:
        raise Invalid("keys", f"expected keys of logs in {place}; the first checkpoint makes them")
    return found


def _said(key: SigningKey) -> str:
    return f"{key.verifier.key_id.hex()} {'Ed25519' if key.kind == ED25519 else 'ML-DSA-44'}"


LOG_COMMANDS = (show_keys, rotate_keys, retire, replace)
