"""`pruefpfad log continues`, `incident` and `anchor`: whether stores go on from their heads, what
is done where one does not, and heads carried into the history itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from msgspec import to_builtins

from grant_contracts.answers import Answer
from grant_store.log.broken import BrokenHistory
from grant_store.log.known_heads import TamperedFolder
from grant_store.log.proving import ProvingLog
from pruefpfad.anchoring import anchor_of
from pruefpfad.assembly import SERVICES
from pruefpfad.cli.installation import Installation, Signed, commands, reads
from pruefpfad.cli.log_signing import (
    EXIT_INCONSISTENT,
    log_name_option,
    say_refused,
    service_option,
)
from pruefpfad.cli.output import finish, json_option, say_json, say_table
from pruefpfad.cli.tokens import second_actor_token_option
from pruefpfad.continuity import continuity_of
from pruefpfad.processes.configuration import HEADS_DIR, LOG_PUBLIC_KEYS

SERVICE = click.Choice(sorted(SERVICES))


@click.command("continues", epilog="Example: pruefpfad --data var/demo log continues")
@service_option
@log_name_option
@click.option(
    "--heads",
    envvar=HEADS_DIR.name,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder that heads are exported to.",
)
@click.option(
    "--public-keys",
    "keys",
    envvar=LOG_PUBLIC_KEYS.name,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder with the logs' public keys, which verify those heads."
    "  [default: keys/log in the data directory]",
)
@json_option
@reads
def continues(
    installation: Installation,
    service: str | None,
    log_name: str,
    heads: Path | None,
    keys: Path | None,
    as_json: bool,
) -> None:
    """Look whether each store leads to the last head that is known of it, as services do.

    Exit code 3: one does not; `log incident` goes on with it when two operators bear that. Or a
    head in the folder is not signed by its log: then somebody has to look into the folder.
    """
    broken, refused = {}, []
    keys = keys or installation.data / "keys" / "log"
    for name in [service] if service else SERVICES:
        look = continuity_of(installation.url, name, installation.lane, log_name, heads, keys)
        try:
            found = look()
        except TamperedFolder as error:
            refused.append(str(error))
            continue
        if found is not None:
            broken[name] = found
    if broken or not refused:
        _say_broken(broken, as_json=as_json)
    say_refused(refused)
    if broken:
        raise SystemExit(EXIT_INCONSISTENT)


@click.command(
    epilog="Example: pruefpfad --data var/demo log incident budgeting --known-size 4711"
    " --known-root 9f86… --reason 'restored from the backup of 2 March' --actor-token @FILE"
    " --second-actor-token @FILE"
)
@click.argument("service", type=SERVICE)
@click.option("--known-size", type=int, required=True, help="As `log continues` says it.")
@click.option("--known-root", required=True, help="As `log continues` says it.")
@click.option("--reason", required=True, help="What has happened, and what is lost.")
@second_actor_token_option("Who bears it too: another operator.")
@json_option
@commands
def incident(
    installation: Installation,
    signed: Signed,
    service: str,
    known_size: int,
    known_root: str,
    reason: str,
    as_json: bool,
) -> None:
    """Put on record that a store does not lead to its last known head, and go on with it.

    Its log begins anew under another origin. The lost events stay lost, and proofs of them stay
    valid against the old heads.
    """
    payload = {"known_size": known_size, "known_root": known_root, "reason": reason}
    message = signed.message(f"{service}.record_incident", **payload)
    finish(installation.ask(message), as_json=as_json)


@click.command(epilog="Example: pruefpfad --data var/demo log anchor --actor-token TOKEN")
@service_option
@json_option
@commands
def anchor(installation: Installation, signed: Signed, service: str | None, as_json: bool) -> None:
    """Carry the last signed head of each log into its history, where anything was recorded since.

    To be run at an interval, such as daily. Repeating it changes nothing.
    """
    with installation.logs() as logs:
        messages = [
            message
            for name, log in logs.items()
            if service in (None, name) and (message := _anchoring(signed, name, log))
        ]
    with installation.writers() as ask:
        answers = [ask(message) for message in messages]
    _say_answers(answers, as_json=as_json)
    failed = [answer for answer in answers if answer.kind != "recorded"]
    if failed:
        finish(failed[0], as_json=as_json)


def _anchoring(signed: Signed, service: str, proving: ProvingLog) -> dict[str, Any] | None:
    """The command that anchors the last head, or None where that is not worth it."""
    payload = anchor_of(service, proving)
    if payload is None:
        return None
    return signed.message(f"{service}.anchor_head", f":{service}", **payload)


def _say_broken(broken: dict[str, BrokenHistory], *, as_json: bool) -> None:
    rows = [
        {
            "service": name,
            "known_size": found.known.size,
            "known_root": found.known.root.hex(),
            "known_origin": found.known.origin,
            "found_size": found.found_size,
            "why": found.why,
        }
        for name, found in broken.items()
    ]
    if as_json:
        say_json(rows)
    elif not rows:
        click.echo("Every store leads to the last head that is known of it.")
    else:
        cells = ([str(value) for value in row.values()] for row in rows)
        say_table(f"{len(rows)} stores do not lead to their last head", tuple(rows[0]), cells)


def _say_answers(answers: list[Answer], *, as_json: bool) -> None:
    if as_json:
        say_json(to_builtins(answers))
        return
    for answer in answers:
        click.echo(f"{answer.command}: {answer.kind} at position {answer.position}")
    if not answers:
        click.echo("Nothing was recorded since the last anchored head.")


LOG_COMMANDS = (continues, incident, anchor)
