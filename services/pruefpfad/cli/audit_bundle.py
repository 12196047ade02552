"""`pruefpfad audit bundle`: a history as a file that an auditor verifies alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from grant_audit.bundle.scope import Scope, scope_of
from grant_audit.bundle.source import Source
from grant_audit.bundle.writer import Extras, Written, write_bundle
from pruefpfad.bundles import event_schemas, public_keys, sources_of
from pruefpfad.cli.installation import Installation, reads
from pruefpfad.cli.looking import on_record
from pruefpfad.cli.output import json_option, say_json, say_table
from pruefpfad.cli.whole_files import file_option, write_checksum
from pruefpfad.processes import migrate
from pruefpfad.processes.configuration import Configuration
from pruefpfad.witness_policy import WitnessPolicy, read_policy


@click.command(
    epilog="Example: pruefpfad --data var/demo audit bundle --case ESF1420-000015 -o case.zip"
)
@click.option("--case", "reference", multiple=True, metavar="REF", help="A case by its reference.")
@click.option("--programme", multiple=True, metavar="CODE", help="All its cases.")
@click.option("--all", "everything", is_flag=True, help="The whole history of all services.")
@file_option(
    "-o",
    "--output",
    required=True,
    help_text="The file, and FILE.sha256 beside it. It appears when it is whole.",
)
@click.option(
    "--keys",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="Public keys to put in for comparison: files, or folders of *.vkey. Without it, those of"
    " the data directory.",
)
@click.option(
    "--quorum",
    type=click.IntRange(min=0),
    help="How many witnesses must sign a head, as the operator says; without it, what the policy"
    " says, or 1.",
)
@click.option(
    "--witness-policy",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    envvar="PRUEFPFAD_WITNESS_POLICY",
    help="TOML file with the names of the witnesses that count, and their quorum.",
)
@click.option(
    "--up-to-cosigned",
    is_flag=True,
    help="End each log at a head that as many witnesses have cosigned as --quorum says, so that"
    " nothing in the bundle is unproven. What was recorded since is left out.",
)
@click.option(
    "--log-name",
    default="pruefpfad.local",
    show_default=True,
    envvar="PRUEFPFAD_LOG_NAME",
    help="The name of logs that have signed nothing yet.",
)
@json_option
@reads
@on_record(required_on_servers=True)
def bundle(
    installation: Installation,
    reference: tuple[str, ...],
    programme: tuple[str, ...],
    everything: bool,
    output: Path,
    keys: tuple[Path, ...],
    quorum: int | None,
    witness_policy: Path | None,
    up_to_cosigned: bool,
    log_name: str,
    as_json: bool,
) -> None:
    """Write events, tree, signed heads and a verifier into a file for an auditor.

    A bundle of cases or programmes proves their events up to the last signed head. That none is
    missing, only one of --all proves. Verify it with the verify.py that is in it.
    """
    if everything == bool(reference or programme):
        raise click.UsageError("Expected either --all, or --case and --programme.")
    policy = read_policy(witness_policy) if witness_policy else WitnessPolicy()
    policy = policy if quorum is None else policy._replace(quorum=quorum)
    if up_to_cosigned and not policy.quorum:
        raise click.UsageError("--up-to-cosigned: expected a --quorum of at least 1.")
    extras = Extras(log_name, _keys(installation, keys), event_schemas(), *policy)
    with sources_of(_url(installation), installation.lane) as sources:
        scope = Scope() if everything else _scope(sources, reference, programme)
        written = _written(output, sources, scope, extras, up_to_cosigned=up_to_cosigned)
    _say(written, write_checksum(output), as_json=as_json)


def _url(installation: Installation) -> str:
    """Where the stores are; those of a data directory get what a newer version added to them."""
    url = installation.url
    if not installation.database_url:
        migrate.migrate(Configuration(database_url=url, lane=installation.lane))
    return url


def _keys(installation: Installation, given: tuple[Path, ...]) -> dict[str, str]:
    own = installation.data / "keys" / "log"
    at_hand = [own] if own.is_dir() and not installation.database_url else []
    return dict(public_keys(given or at_hand))


def _scope(sources: Sequence[Source], cases: tuple[str, ...], programmes: tuple[str, ...]) -> Scope:
    [intake] = [each.ledger for each in sources if each.service == "intake"]
    return scope_of(intake, cases, programmes)


def _written(
    output: Path, sources: Sequence[Source], scope: Scope, extras: Extras, *, up_to_cosigned: bool
) -> Written:
    """Write it, with a bar on standard error."""
    total = sum(source.ledger.head().position for source in sources)
    total *= 2 if up_to_cosigned else 1  # First to find the cut, then to write.
    with Progress(
        TextColumn("events"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    ) as progress:
        bar = progress.add_task("events", total=total)
        return write_bundle(
            *(output, sources, scope, extras),
            lambda events: progress.advance(bar, events),
            up_to_cosigned=up_to_cosigned,
        )


def _say(written: Written, checksum: str, *, as_json: bool) -> None:
    size_bytes = written.path.stat().st_size
    if as_json:
        content = {"file": written.path, "bytes": size_bytes, "sha256": checksum}
        content |= {"events": written.events, "logs": written.logs, "tails": written.tails}
        say_json(content)
        return
    click.echo(f"SHA-256 {checksum}")
    rows = [
        (f"{log['service']}/{log['lane']}", log["origin"], str(log["size"]), str(_signed_to(log)))
        for log in written.logs
    ]
    columns = ("log", "origin", "ends at", "signed to")
    say_table(f"{written.path}: {written.events} events, {size_bytes} bytes", columns, rows)
    for reason in written.tails.values():
        click.echo(f"Not cut at a cosigned head: {reason}.")
    if written.tails or any(_signed_to(log) < log["size"] for log in written.logs):
        click.echo("Some events lie above the last head: the verdict will be incomplete.")


def _signed_to(log: Mapping[str, Any]) -> int:
    """Up to which event of the bundle its log has signed a head."""
    return min(int(log["head"]), int(log["size"]))


AUDIT_COMMANDS = (bundle,)
