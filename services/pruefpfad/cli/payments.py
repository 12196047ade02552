"""`pruefpfad payments …`: the payment runs and their files."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

import click

from grant_audit import queries
from grant_audit.as_of import AsOf
from grant_audit.sentences import Language, amount, word
from grant_disbursement.domain import PaymentRun
from grant_disbursement.run_file import recorded_file
from pruefpfad.cli.as_of import case_files, origin_of, shows_case_files
from pruefpfad.cli.cases import columns_of, lang_option
from pruefpfad.cli.installation import Installation, opens
from pruefpfad.cli.output import json_option, say_json, say_table
from pruefpfad.cli.whole_files import PRIVATE, file_option, write_whole

_UNDER_WAY, _WRITTEN, _LEFT, _REFUSED = "opened", "written", "transmitted", "refused"


@click.group(
    epilog="Example: pruefpfad --data var/demo payments rebuild 2016-0001 -o payments/2016.xml"
)
def payments() -> None:
    """Payment runs and their files."""


@payments.command("list", epilog="Example: pruefpfad --data var/demo payments list --json")
@lang_option
@json_option
@shows_case_files
def list_runs(installation: Installation, as_of: AsOf, lang: Language, as_json: bool) -> None:
    """List the payment runs, each with the position of the event that its file was made of."""
    with case_files(installation, as_of) as pages:
        runs = queries.runs(pages)
        origin = origin_of(pages, as_of)
    if as_json:
        say_json(origin.plain(runs=runs))
        return
    texts = ("run", "position", "execution_day", "state", "file_hash", "payments")
    say_table(
        word("payment_runs", "heading", lang),
        columns_of(texts, ("total",), lang),
        (_cells(run, lang) for run in runs),
    )
    click.echo(origin.line(lang))


def _cells(run: dict[str, Any], lang: Language) -> tuple[str, ...]:
    return (
        run["run"],
        f"disbursement/{run['position']}",
        run["execution_on"],
        word(_state(run), "run_state", lang),
        run["file"]["sha256"][:16] if run["file"] else "–",
        str(len(run["orders"])),
        amount(run["total_cents"], lang),
    )


def _state(run: dict[str, Any]) -> str:
    if run.get("refused"):
        return _REFUSED
    return _LEFT if run["transmitted"] else _WRITTEN if run["file"] else _UNDER_WAY


@payments.command(
    epilog="Example: pruefpfad --data var/demo payments rebuild 2016-0001 -o payments/2016.xml"
)
@click.argument("run")
@file_option("-o", "--output", required=True, help_text="The file to write.")
@opens
def rebuild(installation: Installation, run: str, output: Path) -> None:
    """Build the file of a payment run from its events; it equals the one that was sent.

    It holds names and accounts in clear: only its owner can read it. Where the key of one of them
    was destroyed it cannot be built any more, and the command says of which order.
    """
    with installation.stores() as stores, installation.vault() as vault:
        file = recorded_file(stores["disbursement"], vault, run)
        [opened, *_] = stores["disbursement"].stream(PaymentRun.create_id(run))
    write_whole(output, file, PRIVATE)
    click.echo(f"{output}: {len(file)} bytes, SHA-256 {sha256(file).hexdigest()}")
    click.echo(f"computed from disbursement/{opened.position}")


COMMANDS = (payments,)
