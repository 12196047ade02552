"""`pruefpfad log proofs` and `verify-proof`: what goes out with a decision, and its check."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from grant_store.log.log_keys import verifier_keys
from grant_store.log.proof_check import NotProven, Proven, check_proof
from grant_values.invalid import Invalid
from pruefpfad.cli.installation import Installation, case_of, reads
from pruefpfad.cli.output import EXIT_NOT_YET, json_option, say_errors, say_json, say_table
from pruefpfad.decision_proofs import LEAF, PROVEN, HandedOut, hand_out

EXIT_NOT_PROVEN = 1
EXIT_UNUSABLE = 3
readable = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(
    epilog="Example: pruefpfad --data var/demo log proofs --to proofs --case ZIQ-2021-0001"
)
@click.option(
    "--to",
    "folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder for the proofs, one folder in it for each case.",
)
@click.option("--case", help="Only this case: its reference or its id.")
@click.option(
    "--uncosigned",
    is_flag=True,
    help="Prove by the last head even though no witness has cosigned it.",
)
@json_option
@reads
def proofs(
    installation: Installation, folder: Path, case: str | None, uncosigned: bool, as_json: bool
) -> None:
    """Write a proof of each award, rejection and payment, with the record that it proves.

    Exit code 5: of some, no head that a witness has cosigned covers them yet.
    """
    case_id = case_of(case) if case else None
    with installation.logs() as logs:
        handed_out = [
            each
            for service in PROVEN
            for each in hand_out(service, logs[service], folder, case_id, cosigned=not uncosigned)
        ]
    _say(handed_out, as_json=as_json)
    if any(each.path is None for each in handed_out):
        raise SystemExit(EXIT_NOT_YET)


@click.command(
    "verify-proof",
    epilog="Example: pruefpfad log verify-proof budgeting.GrantApproved-17.tlog-proof"
    " --trust keys.vkey",
)
@click.argument("proof", type=readable)
@click.option(
    "--trust",
    "keys",
    required=True,
    type=readable,
    help="Public keys of log and witnesses, one a line, that came by another way than the proof.",
)
@click.option("--leaf", type=readable, help=f"The record; without it, the file {LEAF} beside.")
@click.option(
    "--quorum",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="How many trusted witnesses must have cosigned.",
)
@json_option
def verify_proof(proof: Path, keys: Path, leaf: Path | None, quorum: int, as_json: bool) -> None:
    """Check a PROOF with nothing but trusted keys, and show the event that it proves.

    Exit code 0: proven · 1: not proven · 3: a file that cannot be used.
    """
    record = leaf or proof.with_suffix(LEAF)
    try:
        if not record.is_file():
            raise Invalid("leaf", f"expected the record that is proven in {record}")
        proven = check_proof(proof.read_bytes(), record.read_bytes(), verifier_keys(keys), quorum)
    except Invalid as error:
        say_errors({error.field: [error.expected]})
        raise SystemExit(EXIT_UNUSABLE) from error
    except NotProven as error:
        click.echo(f"not proven: {error}", err=True)
        raise SystemExit(EXIT_NOT_PROVEN) from error
    _say_proven(proven, as_json=as_json)


def _say(handed_out: list[HandedOut], *, as_json: bool) -> None:
    if as_json:
        say_json([asdict(each) for each in handed_out])
        return
    rows = (
        (
            each.reference,
            each.topic,
            str(each.position),
            str(each.size) if each.path else "not yet",
            str(each.path or ""),
        )
        for each in handed_out
    )
    title = f"{sum(each.is_new for each in handed_out)} new of {len(handed_out)} proofs"
    say_table(title, ("case", "event", "position", "head", "file"), rows)


def _say_proven(proven: Proven, *, as_json: bool) -> None:
    event = proven.event
    said: dict[str, Any] = {
        "log": proven.origin,
        "position": event.position,
        "event": event.topic,
        "recorded_at": event.recorded_at,
        "head": proven.size,
        "signed_at": proven.signed_at,
        "witnesses": sorted(proven.witnesses),
        "state": _readable(event.state),
        "metadata": _readable(event.metadata),
    }
    if as_json:
        say_json({"proven": True, **said})
        return
    click.echo(f"proven: {event.topic} at {proven.origin}, position {event.position}")
    for name in ("recorded_at", "head", "signed_at", "witnesses"):
        click.echo(f"{name:12} {_cell(said[name])}")
    click.echo(json.dumps(said["state"], ensure_ascii=False, indent=2))


def _readable(content: bytes) -> Any:
    """JSON where it is some, as every state of this program is; else the bytes in hexadecimal."""
    try:
        return json.loads(content)
    except ValueError:
        return content.hex()


def _cell(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat(" ")
    return ", ".join(value) if isinstance(value, list) else str(value)


LOG_COMMANDS = (proofs, verify_proof)
