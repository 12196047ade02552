"""`pruefpfad witness cosign` and `refusals`: what a witness makes of the heads it is shown."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any

import click

from grant_store.log.exchange import (
    CONFLICT,
    REQUEST,
    Answered,
    answer,
    answer_file,
    files_in,
    write_answer,
)
from grant_store.log.witness import Witness
from grant_store.log.witness_server import server_of
from grant_store.log.write_once import write_once
from grant_values.invalid import Invalid
from pruefpfad.cli.installation import Installation
from pruefpfad.cli.output import EXIT_NOT_YET, EXIT_REFUSED, json_option, say_json, say_table
from pruefpfad.cli.witness_options import cell, files, witness_option


@click.command(
    epilog="Example: pruefpfad witness cosign --witness /media/safe/witness"
    " --request /media/stick/requests -o /media/stick/answers"
)
@witness_option
@click.option(
    "--request",
    "requests",
    multiple=True,
    type=files,
    help="A file that `pruefpfad log request` has written, or a folder with such files.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder for the answers; with --log, in place of handing them back.",
)
@click.option(
    "--log",
    "place",
    help="Instead of files: the operator's data directory, or the URL of their database.",
)
@click.option("--lane", default="main", show_default=True, help="Lane, with --log.")
@json_option
def cosign(
    folder: Path,
    requests: tuple[Path, ...],
    output: Path | None,
    place: str | None,
    lane: str,
    as_json: bool,
) -> None:
    """Cosign each head that grew out of the last one, and refuse any other.

    Exit code 3: something was refused, and is kept as evidence; see `witness refusals`. Exit code
    5: a proof began at another size than the last cosigned one; ask for a new request.
    """
    ours = Witness(folder)
    if bool(place) == bool(requests):
        raise Invalid("request", "expected either --request or --log")
    if place:
        answers = cosign_directly(ours, place, lane, output)
    elif output:
        paths = files_in(requests, REQUEST)
        answers = [answer_file(ours, path, output, datetime.now(UTC)) for path in paths]
    else:
        raise Invalid("output", "expected a folder for the answers")
    say_answers(answers, as_json=as_json)


@click.command(
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
    cells = ([cell(row[column]) for column in columns] for row in rows)
    say_table(f"{len(rows)} refusals", columns, cells)


@click.command(epilog="Example: pruefpfad witness serve --witness /media/safe/witness --port 7380")
@witness_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=7380,
    show_default=True,
    help="The port to listen on; 0 takes any that is free, and says which.",
)
def serve(folder: Path, host: str, port: int) -> None:
    """Answer logs over HTTP as C2SP tlog-witness has it, until SIGTERM. TLS is a proxy's matter."""
    server = server_of(Witness(folder), host, port, lambda: datetime.now(UTC))
    click.echo(f"{Witness(folder).name} listens on {host}:{server.server_port}")
    signal.signal(signal.SIGTERM, lambda *_: Thread(target=server.shutdown).start())
    with server, suppress(KeyboardInterrupt):
        server.serve_forever()


def say_answers(answers: Iterable[Answered], *, as_json: bool) -> None:
    """What a witness made of each request, and the exit code of the worst answer."""
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
    say_answers_of(rows, as_json=as_json)


def say_answers_of(rows: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    """The same of rows; ends with an exit code unless all are cosigned."""
    if as_json:
        say_json(rows)
    else:
        columns = ("log", "size", "outcome", "reason", "explanation")
        cells = ([cell(row[column]) for column in columns] for row in rows)
        say_table(f"{len(rows)} heads", columns, cells)
    reasons = {str(row["reason"]) for row in rows} - {""}
    if reasons:
        raise SystemExit(EXIT_NOT_YET if reasons == {CONFLICT} else EXIT_REFUSED)


def cosign_directly(ours: Witness, place: str, lane: str, output: Path | None) -> list[Answered]:
    """Ask the witness about the newest head of each log of an installation, and hand the
    cosignatures back, or write them into files. Heads and proofs are read there, checked here."""
    is_url = "://" in place
    if not is_url and not Path(place).is_dir():
        raise click.UsageError(f"--log: expected a data directory or a URL, not {place}")
    installation = Installation(Path(place), place if is_url else None, lane=lane)
    answers = []
    with installation.logs() as logs:
        for service, proving in logs.items():
            head = proving.log.last_head()
            if head is None:
                continue
            last = ours.last_head(proving.origin)
            old_size = min(last.checkpoint.size, head.size) if last else 0
            request = proving.request(head, old_size)
            answered = answer(ours, bytes(request), datetime.now(UTC))
            if output:
                write_answer(output, f"{service}.{lane}", request.note, answered)
            else:
                for line in answered.lines.splitlines(keepends=True):
                    proving.log.cosign(head.size, ours.name, line)
            answers.append(answered)
    return answers


WITNESS_COMMANDS = (cosign, refusals, serve)
