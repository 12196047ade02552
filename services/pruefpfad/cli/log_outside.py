"""`pruefpfad log export` and `timestamp`: heads leave the operator's hands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from grant_store.log.export import export as export_heads
from grant_store.log.note import Note
from grant_store.log.proving import ProvingLog
from grant_store.log.store import SignedHead
from pruefpfad.cli.installation import Installation, reads
from pruefpfad.cli.log_signing import log_name_option
from pruefpfad.cli.output import json_option, say_json, say_table
from pruefpfad.decision_proofs import PROVEN, hand_out

if TYPE_CHECKING:
    from grant_store.log.timestamps import Authority

PROOFS = "proofs"
_HEADS_DIR = "PRUEFPFAD_HEADS_DIR"


@click.command(epilog="Example: pruefpfad --data var/demo log export --to /media/worm/heads")
@click.option(
    "--to",
    "folder",
    required=True,
    envvar=_HEADS_DIR,
    type=click.Path(file_okay=False, path_type=Path),
    help="A folder on a medium that is written once. Nothing in it is ever written over.",
)
@log_name_option
@json_option
@reads
def export(installation: Installation, folder: Path, log_name: str, as_json: bool) -> None:
    """Add new heads, cosignatures, timestamps and proofs of growth; and proofs of decisions.

    Ends with an error, and writes nothing, where the log has become shorter or another than what
    was exported before.
    """
    rows: list[dict[str, Any]] = []
    with installation.logs() as logs:
        for service, proving in logs.items():
            exported = export_heads(proving, folder, log_name)
            if exported is None:
                continue
            proofs = 0
            if service in PROVEN:
                handed_out = hand_out(service, proving, folder / PROOFS, for_good=True)
                proofs = sum(each.is_new for each in handed_out)
            row = {"log": exported.origin, "size": exported.size}
            rows.append({**row, "new_files": exported.files, "new_proofs": proofs})
    if as_json:
        say_json(rows)
        return
    columns = ("log", "size", "new_files", "new_proofs")
    say_table(
        f"{len(rows)} logs", columns, ([str(row[column]) for column in columns] for row in rows)
    )


@click.command(
    epilog="Example: pruefpfad --data var/demo log timestamp --authority https://tsa.example/tsa"
    " --certificates roots.pem"
)
@click.option("--authority", "url", required=True, help="The address of an RFC 3161 authority.")
@click.option(
    "--certificates",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Its root certificates in PEM; without them, its signature is not checked here.",
)
@json_option
@reads
def timestamp(
    installation: Installation, url: str, certificates: Path | None, as_json: bool
) -> None:
    """Have the last head of each log stamped, unless this authority has stamped it already.

    An answer is kept once it is checked: granted, about this head, and an answer to our question.
    """
    # Only here: no other command needs the library.
    from grant_store.log.timestamps import Authority

    authority = Authority.at(url, certificates)
    with installation.logs() as logs:
        rows = [_stamped(each, head, authority) for each, head in with_heads(logs)]
    if as_json:
        say_json(rows)
        return
    cells = (
        (str(row["log"]), str(row["size"]), f"{row['stamped_at']:%Y-%m-%d %H:%M:%S}")
        for row in rows
    )
    say_table(
        f"{len(rows)} heads stamped by {authority.name}", ("log", "size", "stamped at"), cells
    )


def _stamped(proving: ProvingLog, head: SignedHead, authority: Authority) -> dict[str, Any]:
    from grant_store.log.timestamps import check_timestamp

    known = {each.authority: each.response for each in proving.log.timestamps(head.size)}
    answer = known.get(authority.name) or authority.stamp(head.note)
    proving.log.add_timestamp(head.size, authority.name, answer)
    stamped_at = check_timestamp(answer, Note.parse(head.note).text)
    is_new = authority.name not in known
    return {"log": proving.origin, "size": head.size, "stamped_at": stamped_at, "is_new": is_new}


def with_heads(logs: Mapping[str, ProvingLog]) -> Iterator[tuple[ProvingLog, SignedHead]]:
    """The logs that have signed something, each with its last head."""
    for proving in logs.values():
        if head := proving.log.last_head():
            yield proving, head


LOG_COMMANDS = (export, timestamp)
