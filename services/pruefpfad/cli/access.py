"""`pruefpfad access list`: who looked at the history, and who was refused what."""

from __future__ import annotations

from datetime import datetime

import click

from grant_audit import own_ledger, queries
from grant_audit.as_of import AsOf
from grant_audit.sentences import Language
from pruefpfad.cli.as_of import NO_CASE, case_files, origin_of, shows_case_files
from pruefpfad.cli.cases import lang_option, tell
from pruefpfad.cli.installation import Installation
from pruefpfad.cli.output import json_option

TOPICS = {
    "looks": frozenset({own_ledger.ACCESSED}),
    "refusals": frozenset({own_ledger.REFUSED}),
}
"""What audit itself records of them."""


@click.group(epilog="Example: pruefpfad --data var/demo/story access list")
def access() -> None:
    """Who looked at the history, and who was refused what for want of authority."""


@access.command("list", epilog="Example: pruefpfad --data var/demo/story access list --lang en")
@click.option(
    "--only", type=click.Choice(tuple(TOPICS)), help="Looks of auditors, or refused commands."
)
@lang_option
@json_option
@shows_case_files
def list_access(
    installation: Installation, as_of: AsOf, only: str | None, lang: Language, as_json: bool
) -> None:
    """Tell who looked at what and why, and which commands were refused, one sentence for each."""
    topics = TOPICS[only] if only else frozenset.union(*TOPICS.values())
    with installation.stores() as stores:
        entries, last = own_ledger.entries_as_of(stores, as_of, topics)
    with case_files(installation, as_of, NO_CASE) as pages:
        if only != "looks":
            entries += queries.refused_access(pages)
        origin = origin_of(pages, as_of).with_audit(last)
    entries.sort(key=lambda entry: (_instant(entry), entry["source"], entry["position"]))
    tell(entries, origin, lang, as_json=as_json)


def _instant(entry: queries.Entry) -> datetime:
    return datetime.fromisoformat(entry["recorded_at"])


COMMANDS = (access,)
