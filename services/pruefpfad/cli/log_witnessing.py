"""`pruefpfad log request` and `accept`: the operator's half of the exchange with a witness."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from grant_store.log.cosignature import NotVerified, opened
from grant_store.log.exchange import COSIGNED, REFUSED, REQUEST, head_of, read_limited
from grant_store.log.export import export_newest
from grant_store.log.log_keys import verifier_keys
from grant_store.log.note import Note, VerifierKey
from grant_store.log.proving import ProvingLog
from grant_values.invalid import Invalid
from pruefpfad.assembly import SERVICES
from pruefpfad.cli.installation import Installation, reads
from pruefpfad.cli.output import json_option, say_json, say_table
from pruefpfad.cli.whole_files import write_whole
from pruefpfad.cli.witness_cosigning import say_answers_of
from pruefpfad.processes.configuration import HEADS_DIR

_OLD = re.compile(r"([a-z0-9]+)=(0|[1-9][0-9]{0,17})", re.ASCII)

witness_key_option = click.option(
    "--witness-key",
    "witness_keys",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The witness's public keys, as its authority handed them over.",
)


heads_option = click.option(
    "--heads",
    "heads_dir",
    envvar=HEADS_DIR.name,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder that heads are exported to: they lie there before a witness sees them.",
)


@click.command(
    epilog="Example: pruefpfad --data var/demo log request --witness-key pruefbehoerde.vkey"
    " -o /media/stick/requests"
)
@witness_key_option
@heads_option
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder for the requests, one file for each log.",
)
@click.option(
    "--old",
    "old_sizes",
    multiple=True,
    metavar="SERVICE=SIZE",
    help="What the witness has cosigned last, where it knows more than we do.",
)
@json_option
@reads
def request(
    installation: Installation,
    witness_keys: Path,
    heads_dir: Path | None,
    output: Path,
    old_sizes: tuple[str, ...],
    as_json: bool,
) -> None:
    """Write what a witness needs to cosign the newest heads: each with the proof of its growth."""
    name = name_of(verifier_keys(witness_keys))
    told = _read_old_sizes(old_sizes)
    rows = []
    with installation.logs() as logs:
        for service, proving in logs.items():
            head = proving.log.last_head()
            if head is None:
                continue
            if heads_dir:
                export_newest(proving, heads_dir)
            old_size = told.get(service, last_cosigned(proving, name))
            path = output / f"{service}.{installation.lane}{REQUEST}"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, bytes(proving.request(head, old_size)))
            rows.append({"service": service, "old": old_size, "size": head.size, "file": path})
    if as_json:
        say_json(rows)
        return
    columns = ("service", "old", "size", "file")
    cells = ([str(row[column]) for column in columns] for row in rows)
    say_table(f"{len(rows)} requests to {name}", columns, cells)


@click.command(
    epilog="Example: pruefpfad --data var/demo log accept --witness-key pruefbehoerde.vkey"
    " /media/stick/answers"
)
@witness_key_option
@click.argument("answers", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@json_option
@reads
def accept(
    installation: Installation, witness_keys: Path, answers: tuple[Path, ...], as_json: bool
) -> None:
    """Keep the cosignatures in a witness's ANSWERS, files or folders, once they are verified.

    Exit code 3: the witness refused a head, which is serious. Exit code 5: it wants a proof from
    another size, which `log request --old` makes.
    """
    keys = verifier_keys(witness_keys)
    with installation.logs() as logs:
        rows = [_accepted(logs, path, keys) for path in _answers_in(answers)]
    say_answers_of(rows, as_json=as_json)


def keep_cosignatures(logs: Iterable[ProvingLog], note: bytes, keys: Iterable[VerifierKey]) -> None:
    """Keep the lines that these keys have under the head in a note. It must be a head of ours, and
    the lines must be right; whatever else is in the note is left out."""
    keys = tuple(keys)
    checkpoint = opened(note, keys)
    name = name_of(keys)
    head = checkpoint.checkpoint
    ours = next((each for each in logs if each.origin == head.origin), None)
    known = ours.log.head(head.size) if ours else None
    if ours is None or known is None or known.root != head.root:
        raise Invalid("answer", f"expected a head of ours, not {head.size} of {head.origin}")
    if not checkpoint.is_signed_by(name):
        raise NotVerified(f"{head.origin}, size {head.size}: {name} has not signed this head.")
    ids = {key.key_id for key in keys}
    for line in Note.parse(note).lines:
        if line.name == name and line.key_id in ids:
            ours.log.cosign(head.size, name, str(line).encode())


def name_of(keys: Iterable[VerifierKey]) -> str:
    """The one name of a witness's keys."""
    names = {key.name for key in keys}
    if len(names) != 1:
        raise Invalid("witness-key", f"expected the keys of one witness, not of {len(names)}")
    return names.pop()


def last_cosigned(proving: ProvingLog, name: str) -> int:
    """The size of the last head that this witness has cosigned, as far as we know; 0 if none."""
    return max(proving.log.cosigned_sizes(name), default=0)


def _accepted(
    logs: Mapping[str, ProvingLog], path: Path, keys: Iterable[VerifierKey]
) -> dict[str, Any]:
    if path.suffix == REFUSED:
        return _read_refusal(path)
    checkpoint, note = head_of(path)
    keep_cosignatures(logs.values(), note, keys)
    said = {"outcome": "cosigned", "reason": "", "explanation": "", "known_size": checkpoint.size}
    return {"log": checkpoint.origin, "size": checkpoint.size, **said}


def _read_refusal(path: Path) -> dict[str, Any]:
    try:
        refusal = json.loads(read_limited(path))
        said = {name: refusal[name] for name in ("log", "size", "reason", "explanation")}
        return {**said, "outcome": "refused", "known_size": refusal["known_size"]}
    except (ValueError, KeyError, TypeError) as error:
        raise Invalid("answer", f"expected a witness's refusal in {path}") from error


def _answers_in(paths: Iterable[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        inside = [each for each in path.glob("*") if each.suffix in (COSIGNED, REFUSED)]
        found += sorted(inside) if path.is_dir() else [path]
    if not found:
        raise Invalid("answers", f"expected files *{COSIGNED} or *{REFUSED}")
    return found


def _read_old_sizes(texts: Iterable[str]) -> dict[str, int]:
    sizes = {}
    for text in texts:
        match = _OLD.fullmatch(text)
        if match is None or match[1] not in SERVICES:
            raise Invalid(
                "old", f'expected a service and a size, such as "budgeting=23", not {text}'
            )
        sizes[match[1]] = int(match[2])
    return sizes


LOG_COMMANDS = (request, accept)
