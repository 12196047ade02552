"""`pruefpfad access list`: who looked at the history, and who was refused what."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import click

from grant_audit import own_ledger, queries
from grant_audit.as_of import AsOf
from grant_audit.sentences import Language
from grant_values.legal_time import legal_date
from pruefpfad.cli.as_of import NO_CASE, case_files, shows_case_files
from pruefpfad.cli.cases import lang_option, tell
from pruefpfad.cli.installation import Installation
from pruefpfad.cli.output import json_option

KINDS = ("looks", "refusals")


@click.group(epilog="Example: pruefpfad --data var/demo/story access list")
def access() -> None:
    """Who looked at the history, and who was refused what for want of authority."""


@access.command("list", epilog="Example: pruefpfad --data var/demo/story access list --lang en")
@click.option("--only", type=click.Choice(KINDS), help="Looks of auditors, or refused commands.")
@lang_option
@json_option
@shows_case_files
def list_access(
    installation: Installation, as_of: AsOf, only: str | None, lang: Language, as_json: bool
) -> None:
    """Tell who looked at what and why, and which commands were refused, one sentence for each."""
    entries = list(_of_audit(installation, as_of, only))
    if only != "looks":
        with case_files(installation, as_of, NO_CASE) as pages:
            entries += queries.refused_access(pages)
    entries.sort(key=lambda entry: (_instant(entry), entry["source"], entry["position"]))
    tell(entries, lang, as_json=as_json)


def _of_audit(installation: Installation, as_of: AsOf, only: str | None) -> Iterator[queries.Entry]:
    """What audit itself has recorded, as of the instant or day that is asked for."""
    topics = {"looks": {own_ledger.ACCESSED}, "refusals": {own_ledger.REFUSED}}
    with installation.stores() as stores:
        chosen = topics.get(only or "", {own_ledger.ACCESSED, own_ledger.REFUSED})
        for entry in own_ledger.entries(stores["audit"], chosen):
            instant = _instant(entry)
            known = as_of.recorded is None or instant <= as_of.recorded
            if known and (as_of.effective is None or legal_date(instant) <= as_of.effective):
                yield entry


def _instant(entry: queries.Entry) -> datetime:
    return datetime.fromisoformat(entry["recorded_at"])


COMMANDS = (access,)
