"""`pruefpfad keys border …`: the key that senders without the vault seal to.

Public keys are shown and handed out; private ones never.
"""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from grant_audit.sentences import Language, word
from grant_store.personal.border_keys import BorderKey, NoSuchBorderKey
from grant_store.personal.envelope import SUITE_NAMES
from grant_store.personal.vault import Vault
from grant_values.invalid import Invalid
from pruefpfad.cli.cases import lang_option
from pruefpfad.cli.installation import Installation, opens
from pruefpfad.cli.output import json_option, say_json, say_table
from pruefpfad.cli.whole_files import file_option, write_text_whole


@click.group(epilog="Example: pruefpfad --data var/demo keys border show -o border.json")
def border() -> None:
    """The border's keys, for senders that have no vault (docs/commands.md)."""


@border.command(epilog="Example: pruefpfad --data var/demo keys border show -o border.json")
@file_option("-o", "--output", help_text="The file to hand out; without it, the key is printed.")
@opens
def show(installation: Installation, output: Path | None) -> None:
    """Print the public key that records are sealed to today, as JSON. It is no secret."""
    with installation.vault() as vault:
        published = published_key(vault)
    if output is None:
        say_json(published)
    else:
        write_text_whole(output, f"{json.dumps(published, indent=2)}\n")
        click.echo(f"{output}: {published['id']}")


@border.command("list", epilog="Example: pruefpfad --data var/demo keys border list --json")
@lang_option
@json_option
@opens
def list_keys(installation: Installation, lang: Language, as_json: bool) -> None:
    """List all keys of the border: which one is sealed to, which still open, which were retired."""
    with installation.vault() as vault:
        rows = [_row(each) for each in vault.border_keys.all()]
    live = [row for row in rows if row["state"] != "retired"]
    for row in live[-1:]:
        row["state"] = "current"
    if as_json:
        say_json(rows)
        return
    columns = [word(each, "border_key", lang) for each in ("id", "made_at", "state")]
    cells = [(row["id"], row["made_at"], word(row["state"], "border_key", lang)) for row in rows]
    say_table(word("keys", "border_key", lang), columns, cells)


@border.command(epilog="Example: pruefpfad --data var/demo keys border rotate")
@json_option
@opens
def rotate(installation: Installation, as_json: bool) -> None:
    """Make a fresh key. Those before it open what is under way, until they are retired."""
    with installation.vault() as vault:
        key_id = vault.border_keys.rotate()
    if as_json:
        say_json({"border": key_id})
    else:
        click.echo(f"the border's key is {key_id} now: hand it out (`keys border show`)")


@border.command(
    epilog="Example: pruefpfad --data var/demo keys border retire"
    " 019ab7c2-5a31-7c11-8f00-2d1f6f1d9c11"
)
@click.argument("key", type=click.UUID)
@opens
def retire(installation: Installation, key: UUID) -> None:
    """Destroy the private half of KEY. No envelope made to it can ever be opened again.

    Run `keys rewrap` afterwards, so that backups of the vault do not hold it either.
    """
    with installation.vault() as vault:
        try:
            vault.border_keys.retire(key)
        except NoSuchBorderKey as error:
            raise Invalid("key", str(error)) from error
    click.echo(f"{key}: retired")


def published_key(vault: Vault) -> dict[str, Any]:
    """What a sender needs to know of the border's key."""
    try:
        key_id, public_key = vault.border_keys.public_key()
    except NoSuchBorderKey as error:
        raise click.ClickException(str(error)) from error
    return {"id": str(key_id), **SUITE_NAMES, "public_key": b64encode(public_key).decode()}


def _row(key: BorderKey) -> dict[str, str]:
    return {
        "id": str(key.key_id),
        "made_at": key.made_at.astimezone(UTC).isoformat(timespec="seconds"),
        "state": "retired" if key.is_retired else "opens",
    }
