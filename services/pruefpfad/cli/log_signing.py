"""`pruefpfad log checkpoint`, `heads` and `prove`: signing heads, and what they say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import click

from grant_store.leaf import leaf_encoding
from grant_store.log.known_heads import TamperedFolder
from grant_store.log.origins import origin_line
from grant_store.log.reading import NotConsistent
from grant_store.log.store import LedgerView, LogStore
from grant_store.log.stored_tiles import tree_of
from grant_store.log.tree import check_inclusion, inclusion_proof
from grant_store.opening import open_ledger_view, open_log
from grant_values.invalid import Invalid
from grant_values.places import read_place
from pruefpfad.assembly import SERVICES
from pruefpfad.bundles import DOWNSTREAM_FIRST
from pruefpfad.cli.installation import Installation, reads
from pruefpfad.cli.output import EXIT_NOT_YET, json_option, say_json, say_table
from pruefpfad.processes.checkpointer import signing
from pruefpfad.processes.configuration import HEADS_DIR, LOG_KEYS, LOG_NAME

EXIT_INCONSISTENT = 3

service_option = click.option(
    "--service", type=click.Choice(sorted(SERVICES)), help="Only this service's log."
)
log_name_option = click.option(
    "--log-name",
    envvar=LOG_NAME.name,
    default=LOG_NAME.default,
    show_default=True,
    help="What the origins of the logs begin with.",
)


@click.command(epilog="Example: pruefpfad --data var/demo log checkpoint")
@service_option
@log_name_option
@click.option(
    "--keys",
    envvar=LOG_KEYS.name,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder with the logs' private keys; without it, keys/log in the data directory.",
)
@click.option(
    "--heads",
    envvar=HEADS_DIR.name,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder that heads are exported to: they must be continued.",
)
@json_option
@reads
def checkpoint(
    installation: Installation,
    service: str | None,
    log_name: str,
    keys: Path | None,
    heads: Path | None,
    as_json: bool,
) -> None:
    """Sign a head over everything that is recorded in each ledger and not yet below one.

    Exit code 3: a ledger does not continue what was signed before; nothing is signed of it.
    """
    if installation.database_url and keys is None:
        raise Invalid("keys", "expected the folder with the logs' private keys")
    folder = keys or installation.data / "keys" / "log"
    rows, refused = [], []
    with logs_of(installation, service, signing_them=True) as logs:
        for log, ledger in logs:
            try:
                rows.append(_signed(log, ledger, log_name, folder, heads))
            except (NotConsistent, TamperedFolder) as error:
                refused.append(str(error))
    _say_heads(rows, as_json=as_json)
    say_refused(refused)


@click.command(epilog="Example: pruefpfad --data var/demo log heads --service budgeting")
@service_option
@json_option
@reads
def heads(installation: Installation, service: str | None, as_json: bool) -> None:
    """List the signed heads of each log, of every epoch, with who has cosigned and dated them."""
    rows = []
    with logs_of(installation, service) as logs:
        for log, _ in logs:
            for epoch in log.epochs():
                rows += _rows_of_epoch(installation, log, epoch)
    _say_heads(rows, as_json=as_json)


@click.command(epilog="Example: pruefpfad --data var/demo log prove budgeting/17")
@click.argument("place")
@json_option
@reads
def prove(installation: Installation, place: str, as_json: bool) -> None:
    """Prove that the event at PLACE, a service and a position, is below the newest signed head.

    budgeting/17 and budgeting/main/17 are the same place, where main is the lane in use.
    The proof is checked before it is shown. Exit code 5: no head covers the event yet.
    """
    service, position = read_place("place", place, installation.lane, SERVICES)
    if position == 0:
        raise Invalid("place", f"expected a position of at least 1, not {place!r}")
    with logs_of(installation, service) as logs:
        for log, ledger in logs:
            found = _proof(log, ledger, position)
    if found is None:
        click.echo(f"{place}: no signed head covers it yet.", err=True)
        raise SystemExit(EXIT_NOT_YET)
    if as_json:
        say_json(found)
        return
    for name in ("event", "leaf", "index", "size", "root", "log"):
        click.echo(f"{name:6} {found[name]}")
    for number, node in enumerate(found["proof"], 1):
        click.echo(f"proof  {number:2} {node}")


def _signed(
    log: LogStore, ledger: LedgerView, log_name: str, keys: Path, known: Path | None
) -> dict[str, Any]:
    """The last head after everything is signed; a row with size 0 where nothing is recorded."""
    leadership = log.lead()
    if leadership is None:
        raise Invalid("service", f"expected no other process that signs for {log.service}")
    try:
        new = signing(log, ledger, log_name, keys, known).sign_all()
    finally:
        leadership.end()
    last = log.last_head()
    return {
        "log": origin_line(log_name, log.service, log.lane, last.epoch if last else 1),
        "size": last.size if last else 0,
        "root": last.root.hex() if last else "",
        "signed_at": last.signed_at if last else None,
        "new": len(new),
    }


def _rows_of_epoch(installation: Installation, log: LogStore, epoch: int) -> list[dict[str, Any]]:
    rows = []
    of_epoch = open_log(installation.url, log.service, log.lane, epoch)
    try:
        for head in of_epoch.heads():
            rows.append(
                {
                    "log": head.note.decode().partition("\n")[0],
                    "size": head.size,
                    "root": head.root.hex(),
                    "signed_at": head.signed_at,
                    "cosignatures": len(of_epoch.cosignatures(head.size)),
                    "timestamps": len(of_epoch.timestamps(head.size)),
                }
            )
    finally:
        of_epoch.close()
    return rows


def _proof(log: LogStore, ledger: LedgerView, position: int) -> dict[str, Any] | None:
    head = log.last_head()
    if head is None or head.size < position:
        return None
    [row] = ledger.events_after(position - 1, 1)
    leaf = sha256(leaf_encoding(row)).digest()
    proof = inclusion_proof(position - 1, head.size, tree_of(log, ledger, head.size))
    try:
        check_inclusion(leaf, position - 1, head.size, proof, head.root)
    except ValueError as error:
        why = f"{error} Run `pruefpfad log check`"
        raise NotConsistent(log.service, log.lane, position, why) from error
    return {
        "event": f"{log.service}/{log.lane}/{position} {row.topic}",
        "leaf": leaf.hex(),
        "index": position - 1,
        "size": head.size,
        "root": head.root.hex(),
        "log": head.note.decode().partition("\n")[0],
        "proof": [each.hex() for each in proof],
    }


@contextmanager
def logs_of(
    installation: Installation, service: str | None, *, signing_them: bool = False
) -> Iterator[list[tuple[LogStore, LedgerView]]]:
    """The log and the ledger of each service, or of one. A data directory gets its logs here.

    Those that follow others come first: signed in this order, a head holds no event whose cause is
    above the head of another log, though services go on (`grant_audit.bundle.cosigned_cut`).
    """
    url = installation.url
    with ExitStack() as opened:
        logs = []
        for name in [service] if service else DOWNSTREAM_FIRST:
            log = open_log(url, name, installation.lane)
            opened.callback(log.close)
            ledger = open_ledger_view(url, name, installation.lane)
            opened.callback(ledger.close)
            if signing_them and not installation.database_url:
                ledger.head()  # First: without a ledger there is nothing to make a log for.
                log.migrate()
            logs.append((log, ledger))
        yield logs


def _say_heads(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        say_json(rows)
        return
    columns = tuple(rows[0]) if rows else ("log", "size")
    cells = ([_cell(row[column]) for column in columns] for row in rows)
    say_table(f"{len(rows)} heads", columns, cells)


def _cell(value: Any) -> str:
    return (
        ""
        if value is None
        else str(value)
        if not hasattr(value, "isoformat")
        else (value.isoformat(timespec="seconds"))
    )


def say_refused(refused: list[str]) -> None:
    """Name what was refused, and end where anything was."""
    for why in refused:
        click.echo(f"pruefpfad: {why}", err=True)
    if refused:
        raise SystemExit(EXIT_INCONSISTENT)


LOG_COMMANDS = (checkpoint, heads, prove)
