"""`pruefpfad log check`: recomputes whole logs and verifies who signed their heads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from grant_store.log.checked_epoch import Checked
from grant_store.log.checking import check as check_log
from grant_store.log.cosignature import KeysOf
from grant_store.log.log_keys import public_keys, verifier_keys
from grant_store.log.note import VerifierKey
from grant_store.log.reading import NotConsistent
from grant_store.log.store import LedgerView, LogStore
from grant_store.opening import open_log
from grant_values.invalid import Invalid
from pruefpfad.cli.installation import Installation, reads
from pruefpfad.cli.log_keys import folder_option
from pruefpfad.cli.log_signing import log_name_option, logs_of, say_refused, service_option
from pruefpfad.cli.output import json_option, say_json, say_table


@click.command(epilog="Example: pruefpfad --data var/demo log check --trust keys.vkey")
@service_option
@log_name_option
@folder_option
@click.option(
    "--trust",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Public keys of logs and witnesses, one a line, that came by another way than the heads;"
    " without it, the public keys in the logs' folder.",
)
@json_option
@reads
def check(
    installation: Installation,
    service: str | None,
    log_name: str,
    folder: Path | None,
    trust: Path | None,
    as_json: bool,
) -> None:
    """Recompute each log from its ledger: every leaf, every head of every epoch, every tile.

    With public keys at hand, the log's signature under each head and the cosignatures of trusted
    witnesses are verified as well; the table says for which logs.
    Exit code 3: something is not what was recorded or signed; the place is named.
    """
    keys_of = _keys_of(folder or installation.data / "keys" / "log", trust)
    rows: list[dict[str, Any]] = []
    refused: list[str] = []
    with logs_of(installation, service) as logs, _counting() as count:
        for log, ledger in logs:
            try:
                found = _checked(installation, log_name, log, ledger, keys_of, count)
            except NotConsistent as error:
                refused.append(str(error))
                continue
            rows += map(_row, found)
    if as_json:
        say_json(rows)
    else:
        _say_checked(rows)
    say_refused(refused)


def _checked(
    installation: Installation,
    log_name: str,
    log: LogStore,
    ledger: LedgerView,
    keys_of: KeysOf,
    count: Callable[[int], None],
) -> list[Checked]:
    """All epochs of one log, each opened for as long as it is read."""
    with ExitStack() as opened:

        def log_of(epoch: int | None) -> LogStore:
            if epoch is None:
                return log
            of_epoch = open_log(installation.url, log.service, log.lane, epoch)
            return opened.enter_context(closing(of_epoch))

        return check_log(log_name, log_of, ledger, keys_of, count)


def _keys_of(folder: Path, trust: Path | None) -> KeysOf:
    """Whose keys verify the heads of a log: those that are trusted, or else the log's own files."""
    if trust is None:
        return partial(public_keys, folder)
    keys = verifier_keys(trust)

    def of_log(origin: str) -> Sequence[VerifierKey]:
        if not any(key.name == origin for key in keys):
            raise Invalid("trust", f"expected keys of {origin} in {trust}")
        return keys

    return of_log


def _row(found: Checked) -> dict[str, Any]:
    return {
        "log": found.origin,
        "events": found.size,
        "heads": found.heads,
        "tiles": found.tiles,
        "unsigned": found.unsigned,
        "lost": found.lost,
        "signatures_verified": found.is_verified,
        "cosignatures": found.cosignatures,
        "cosignatures_verified": found.verified,
    }


def _say_checked(rows: list[dict[str, Any]]) -> None:
    columns = ("log", "events", "heads", "tiles", "unsigned", "lost", "signatures", "cosigned")
    cells = (
        [
            *(str(row[column]) for column in columns[:6]),
            "verified" if row["signatures_verified"] else "no keys given",
            f"{row['cosignatures_verified']} of {row['cosignatures']} verified",
        ]
        for row in rows
    )
    say_table(f"{len(rows)} logs are what their ledgers are", columns, cells)


@contextmanager
def _counting() -> Iterator[Callable[[int], None]]:
    """Says on a terminal how many events are read."""
    console = Console(stderr=True)
    with console.status("reading the ledgers") as status:
        yield lambda size: status.update(f"{size} events read")


LOG_COMMANDS = (check,)
