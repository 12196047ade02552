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

from grant_store.log.exchange import CONFLICT, REQUEST, Answered, answer_file, files_in
from grant_store.log.log_keys import verifier_keys
from grant_store.log.note import VerifierKey
from grant_store.log.witness import PUBLIC_KEYS, Witness
from grant_store.log.write_once import write_once
from pruefpfad.cli.output import EXIT_NOT_YET, EXIT_REFUSED, json_option, say_json, say_table

witness_option = click.option(
    "--witness",
    "folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    envvar="PRUEFPFAD_WITNESS",
    help="The witness's folder: its keys and what it remembers. Never in the operator's hands.",
)
files = click.Path(exists=True, path_type=Path)


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


@witness.command(epilog="Example: pruefpfad witness show --witness /media/safe/witness --json")
@witness_option
@json_option
def show(folder: Path, as_json: bool) -> None:
    """Show which logs it believes and the last head it has cosigned of each."""
    ours = Witness(folder)
    heads = {head.checkpoint.origin: head for head in ours.heads()}
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
        (row["log"], " ".join(row["keys"]), _cell(row["size"]), _cell(row["cosigned_at"]))
        for row in rows
    )
    say_table(f"{ours.name}: {len(rows)} logs", ("log", "keys", "size", "cosigned at"), cells)


@witness.command(
    epilog="Example: pruefpfad witness cosign --witness /media/safe/witness"
    " --request /media/stick/requests -o /media/stick/answers"
)
@witness_option
@click.option(
    "--request",
    "requests",
    multiple=True,
    required=True,
    type=files,
    help="A file that `pruefpfad log request` has written, or a folder with such files.",
)
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder for the answers, one file for each request.",
)
@json_option
def cosign(folder: Path, requests: tuple[Path, ...], output: Path, as_json: bool) -> None:
    """Cosign each head that grew out of the last one, and refuse any other.

    Exit code 3: something was refused, and is kept as evidence; see `witness refusals`. Exit code
    5: a proof began at another size than the last cosigned one; ask for a new request.
    """
    ours = Witness(folder)
    answers = [
        answer_file(ours, request, output, datetime.now(UTC))
        for request in files_in(requests, REQUEST)
    ]
    say_answers(answers, as_json=as_json)


@witness.command(
    epilog="Example: pruefpfad witness refusals --witness /media/safe/witness --to evidence"
)
@witness_option
@click.option(
    "--to",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write each with both heads into this folder, as evidence for others.",
)
@json_option
def refusals(folder: Path, to: Path | None, as_json: bool) -> None:
    """List what it refused to cosign, and why."""
    rows = []
    for number, refusal in enumerate(Witness(folder).refusals(), 1):
        rows.append(
            {
                "number": number,
                "log": refusal.origin,
                "reason": refusal.reason,
                "explanation": refusal.explanation,
                "refused_at": refusal.refused_at,
            }
        )
        if to:
            write_once(to / f"{number:06}{REQUEST}", refusal.request)
            write_once(to / f"{number:06}.last.note", refusal.last_note or b"")
    if as_json:
        say_json(rows)
        return
    columns = ("number", "log", "reason", "explanation", "refused_at")
    cells = ([_cell(row[column]) for column in columns] for row in rows)
    say_table(f"{len(rows)} refusals", columns, cells)


def say_answers(answers: Iterable[Answered], *, as_json: bool) -> None:
    """What became of each request; ends with the exit code of the worst answer, unless all are
    cosigned."""
    rows = [
        {
            "log": each.log,
            "size": each.size,
            "outcome": each.outcome,
            "reason": each.reason,
            "explanation": each.explanation,
            "known_size": each.known_size,
        }
        for each in answers
    ]
    if as_json:
        say_json(rows)
    else:
        columns = ("log", "size", "outcome", "reason", "explanation")
        cells = ([_cell(row[column]) for column in columns] for row in rows)
        say_table(f"{len(rows)} heads", columns, cells)
    reasons = {str(row["reason"]) for row in rows} - {""}
    if reasons:
        raise SystemExit(EXIT_NOT_YET if reasons == {CONFLICT} else EXIT_REFUSED)


def _keys_in(paths: Iterable[Path]) -> Iterator[VerifierKey]:
    for path in paths:
        yield from verifier_keys(path)


def _cell(value: Any) -> str:
    if value is None:
        return "never"
    return f"{value:%Y-%m-%d %H:%M:%S}" if isinstance(value, datetime) else str(value)


COMMANDS = (witness,)
