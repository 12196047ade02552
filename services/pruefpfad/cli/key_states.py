"""`pruefpfad keys status` and `keys reconcile`: whether vault and ledger say the same.

Keys themselves are never shown. What is destroyed once more goes to intake as a command, so that
it is on record.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import click

from grant_audit.sentences import Language, word
from grant_contracts.answers import Answer
from grant_store.personal.vault import Vault
from grant_store.sqlite import utc_now
from grant_values.legal_time import legal_date
from grant_values.personal import PURPOSES
from pruefpfad.cli.cases import lang_option
from pruefpfad.cli.installation import (
    Installation,
    Signed,
    case_of,
    commands,
    opens,
    vault_options,
)
from pruefpfad.cli.output import (
    EXIT_NOT_YET,
    json_option,
    need_all_recorded,
    say_json,
    say_table,
)
from pruefpfad.cli.tokens import second_actor_token_option
from pruefpfad.keys_on_record import IN_ORDER, KeyOnRecord, State, keys_on_record

WHAT_TO_DO: Final[dict[State, str]] = {
    "brought_back": "destroyed on record and back in the vault: `keys reconcile`",
    "not_on_record": "destroyed and not on record: give `keys destroy` again",
    "unreadable": "protected by a key that the key file lacks: restore the file of that time",
    "missing": "never in this vault: restore a later backup of it",
}
_COLUMNS = ("subject", "purpose", "readable", "destruction_on_record", "state")


@click.command(epilog="Example: pruefpfad --data var/demo keys status --case ZIQ-2020-0001 --json")
@click.option("--case", help="Only the persons of this case: its reference or its id.")
@lang_option
@json_option
@opens
def status(installation: Installation, case: str | None, lang: Language, as_json: bool) -> None:
    """Say how many keys there are, or which of a case's persons can still be read.

    Vault and ledger are compared each time. Exit code 5: they do not say the same, and what is to
    be done about it. After a vault was put back from a backup, look here first.
    """
    with installation.vault() as vault, installation.stores() as stores:
        found = keys_on_record(stores["intake"], vault, case_of(case) if case else None)
        if case is None:
            _say_counts(vault, lang, as_json=as_json)
        else:
            _say_case(case, found, lang, as_json=as_json)
    troubles = Counter(row.state for row in found if row.state not in IN_ORDER)
    for state, count in sorted(troubles.items()):
        click.echo(f"{count} keys: {WHAT_TO_DO[state]}", err=True)
    raise SystemExit(EXIT_NOT_YET if troubles else 0)


@click.command(
    epilog="Example: pruefpfad keys reconcile --actor-token @FILE --second-actor-token @FILE"
)
@second_actor_token_option("The second keeper, who bears it too.")
@json_option
@vault_options
@commands
def reconcile(
    installation: Installation,
    signed: Signed,
    vault_url: str | None,
    vault_keys: Path | None,
    as_json: bool,
) -> None:
    """Destroy once more what is on record as destroyed and can be read again.

    For a vault that was put back from a backup. That keys had come back goes on record with both
    persons. Then run `keys rewrap`. Given again, it goes on where it stood.
    """
    if not installation.can_read:
        raise click.UsageError("--database-url: expected the stores, to see what was destroyed")
    opening = replace(installation, vault_url=vault_url, vault_keys=vault_keys)
    with opening.vault() as vault, opening.stores() as stores:
        found = keys_on_record(stores["intake"], vault)
    back = [each for each in found if each.state == "brought_back"]
    if not back and not as_json:
        click.echo("no key that is on record as destroyed can be read")
        return
    need_all_recorded(_destroyed_again(installation, signed, back), as_json=as_json)


def _destroyed_again(
    installation: Installation, signed: Signed, back: Sequence[KeyOnRecord]
) -> Iterator[Answer]:
    today = legal_date(utc_now()).isoformat()
    with installation.writers() as ask:
        for case_id, (subject, purpose) in ((each.case_id, each.holder) for each in back):
            payload = _payload(case_id, subject, purpose, today)
            part = f"/{subject}/{purpose}"
            yield ask(signed.message("intake.destroy_restored_key", part, **payload))


def _payload(case_id: UUID, subject: UUID, purpose: str, effective_on: str) -> dict[str, Any]:
    person = {"case_id": str(case_id), "subject": str(subject), "purpose": purpose}
    return {**person, "effective_on": effective_on}


def _say_case(case: str, found: Sequence[KeyOnRecord], lang: Language, *, as_json: bool) -> None:
    rows: list[dict[str, Any]] = [
        {
            "subject": str(each.holder.subject),
            "purpose": each.holder.purpose,
            "readable": each.state in ("readable", "brought_back"),
            "destruction_on_record": each.destruction_on_record,
            "state": each.state,
        }
        for each in found
    ]
    if as_json:
        say_json(rows)
        return
    cells = [
        (
            row["subject"],
            word(row["purpose"], "purpose", lang),
            *(_told("yes" if row[each] else "no", lang) for each in _COLUMNS[2:4]),
            _told(f"is_{row['state']}", lang),
        )
        for row in rows
    ]
    title = f"{len(rows)} {_told('keys_of', lang)} {case}"
    say_table(title, [_told(each, lang) for each in _COLUMNS], cells)


def _say_counts(vault: Vault, lang: Language, *, as_json: bool) -> None:
    found = vault.keys.counts()
    counts = {purpose: found[purpose] for purpose in PURPOSES if purpose in found}
    if as_json:
        say_json(
            [
                {"purpose": purpose, "keys": live, "destroyed": destroyed}
                for purpose, (live, destroyed) in counts.items()
            ]
        )
        return
    cells = [
        (word(purpose, "purpose", lang), str(live), str(destroyed))
        for purpose, (live, destroyed) in counts.items()
    ]
    columns = [_told(each, lang) for each in ("purpose", "live", "destroyed")]
    say_table(_told("keys", lang), columns, cells)


def _told(term: str, lang: Language) -> str:
    return word(term, "personal_key", lang)
