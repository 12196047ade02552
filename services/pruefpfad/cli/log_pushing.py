"""`pruefpfad log push`: heads go to a witness over HTTP, and cosignatures come back at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from grant_store.log.exchange import CONFLICT
from grant_store.log.export import export_newest
from grant_store.log.log_keys import verifier_keys
from grant_store.log.note import Note, VerifierKey
from grant_store.log.proving import ProvingLog
from grant_store.log.store import SignedHead
from grant_store.log.witness_client import NotCosigned, OtherSize, ask_witness
from pruefpfad.cli.installation import Installation, reads
from pruefpfad.cli.log_outside import with_heads
from pruefpfad.cli.log_witnessing import (
    heads_option,
    keep_cosignatures,
    last_cosigned,
    name_of,
    witness_key_option,
)
from pruefpfad.cli.output import json_option
from pruefpfad.cli.witness_cosigning import say_answers_of


@click.command(
    epilog="Example: pruefpfad --data var/demo log push --witness-key pruefbehoerde.vkey"
    " --witness-url https://witness.pruefbehoerde.example"
)
@witness_key_option
@heads_option
@click.option("--witness-url", "url", required=True, help="Where it answers add-checkpoint.")
@json_option
@reads
def push(
    installation: Installation,
    witness_keys: Path,
    heads_dir: Path | None,
    url: str,
    as_json: bool,
) -> None:
    """Have the newest head of each log cosigned by any witness that speaks C2SP tlog-witness.

    Exit code 3: it refused a head, which is serious. Exit code 5: another has just asked it; again.
    """
    keys = verifier_keys(witness_keys)
    with installation.logs() as logs:
        rows = []
        for proving, head in with_heads(logs):
            if heads_dir:
                export_newest(proving, heads_dir)
            rows.append(_pushed(proving, head, url, keys))
    say_answers_of(rows, as_json=as_json)


def _pushed(
    proving: ProvingLog, head: SignedHead, url: str, keys: Sequence[VerifierKey]
) -> dict[str, Any]:
    """What became of one head; its cosignatures are kept. `NotCosigned` if nobody answers."""
    row = {"log": proving.origin, "size": head.size, "known_size": head.size}
    try:
        lines = _asked(proving, head, url, last_cosigned(proving, name_of(keys)))
    except OtherSize as error:
        reason = "shrunk" if error.size > head.size else CONFLICT
        return {**row, **_refused(reason, str(error)), "known_size": error.size}
    except NotCosigned as error:
        if not error.status:
            raise
        return {**row, **_refused("refused", str(error))}
    keep_cosignatures([proving], bytes(Note.parse(head.note).with_lines(lines)), keys)
    return {**row, "outcome": "cosigned", "reason": "", "explanation": ""}


def _asked(proving: ProvingLog, head: SignedHead, url: str, old_size: int) -> bytes:
    """Ask, and once more from the size that the witness names if it knows more than we do."""
    try:
        return ask_witness(url, proving.request(head, old_size))
    except OtherSize as error:
        if error.size > head.size:
            raise
        return ask_witness(url, proving.request(head, error.size))


def _refused(reason: str, explanation: str) -> dict[str, Any]:
    return {"outcome": "refused", "reason": reason, "explanation": explanation}


LOG_COMMANDS = (push,)
