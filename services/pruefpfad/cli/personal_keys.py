"""`pruefpfad keys …`: the keys that personal data are sealed with, and how they end.

Keys themselves are never shown. Destroying goes to intake as a command, so that it is on record.
"""

from __future__ import annotations

from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from grant_contracts.answers import Answer
from grant_contracts.commands import command_message
from grant_contracts.reasons import KEY_DESTROYED
from grant_store.opening import open_ledger_view
from grant_store.personal.encryption_keys import EncryptionKeys
from grant_store.sqlite import utc_now
from grant_values.cases import case_id_of
from grant_values.personal import PURPOSES
from pruefpfad.border import Border
from pruefpfad.cli.border_keys import border
from pruefpfad.cli.days import acts_today_option, day_of_act
from pruefpfad.cli.installation import Installation, Signed, commands, opens
from pruefpfad.cli.key_states import reconcile, status
from pruefpfad.cli.output import EXIT_NOT_YET, finish, json_option, say_json
from pruefpfad.cli.tokens import second_actor_token_option
from pruefpfad.decided_ends import DECIDER, DecidedInBudgeting
from pruefpfad.processes.configuration import ROLE_PREFIX
from pruefpfad.sources.files import read_json

PURPOSE = click.Choice(list(PURPOSES))


@click.group(epilog="Example: pruefpfad --data var/demo keys status --case ZIQ-2020-0001")
def keys() -> None:
    """Keys of personal data, one for each person and purpose (docs/personal-data.md)."""


@keys.command(
    epilog="Example: pruefpfad keys destroy --case ZIQ-2020-0001 --purpose contact"
    " --reason retention_ended --actor-token @FILE --second-actor-token @FILE"
)
@click.option("--case", "reference", required=True, help="The case, by its reference.")
@click.option("--purpose", required=True, type=PURPOSE, help="What the data are processed for.")
@click.option("--subject", type=click.UUID, help="One person of the case; without it, all of them.")
@click.option("--reason", required=True, type=click.Choice(list(KEY_DESTROYED)), help="The law's.")
@acts_today_option
@second_actor_token_option("The second person, who bears it too.")
@json_option
@commands
def destroy(
    installation: Installation,
    signed: Signed,
    reference: str,
    purpose: str,
    subject: UUID | None,
    reason: str,
    effective_on: datetime | None,
    as_json: bool,
) -> None:
    """Destroy the keys of a case's persons for one purpose, today. It cannot be undone.

    Only what was decided to end, for the reason of that decision and under no hold; else exit code
    3. `retention carry-out` does the same for all that was decided.

    Given again after a fault, it finishes what was begun. Then run `keys rewrap`, so that backups
    and logs of the vault hold nothing that can be opened either.
    """
    payload: dict[str, Any] = {
        "reference": reference,
        "purpose": purpose,
        "subject": str(subject) if subject else None,
        "reason": reason,
        "effective_on": day_of_act(effective_on),
    }
    message = signed.message("intake.destroy_keys", **payload)
    decided = _where_decided(installation, reference, purpose, subject)
    finish(installation.ask({**message, **decided}), as_json=as_json)


def _where_decided(
    installation: Installation, reference: str, purpose: str, subject: UUID | None
) -> dict[str, str]:
    """The deciding event as correlation, where it can be read. Intake asks for itself."""
    if not installation.can_read:
        return {}
    view = open_ledger_view(installation.url, DECIDER, installation.lane)
    with closing(view):
        ends = DecidedInBudgeting(view).known_of(case_id_of(reference))
    places = {
        each.place
        for each in ends.decided
        if purpose in each.purposes and (each.subject is None or each.subject == subject)
    }
    return {"correlation_id": places.pop()} if len(places) == 1 else {}


@keys.command(
    epilog="Example: pruefpfad keys seal intake.submit_application application.json > sealed.json"
)
@click.argument("command")
@click.argument("payload", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@opens
def seal(installation: Installation, command: str, payload: Path) -> None:
    """Print the PAYLOAD of a command as it may travel: with what is personal in it sealed.

    For whoever sends commands by message. The same payload gives the same output.
    """
    message = command_message(command, "", "", read_json(payload))
    with installation.vault() as vault:
        [sealed] = Border(vault).seal([message])
    if isinstance(sealed, Answer):
        finish(sealed)
    else:
        say_json(sealed["payload"])


@keys.command(epilog="Example: pruefpfad --data var/demo keys rewrap")
@click.option(
    "--envelopes-open-for",
    "grace_days",
    type=click.IntRange(0, 30),
    default=30,
    show_default=True,
    help="Days for which envelopes to an older key of the border can still be opened.",
)
@json_option
@opens
def rewrap(installation: Installation, grace_days: int, as_json: bool) -> None:
    """Protect all keys by a fresh one, and forget the older ones.

    After it, nothing that backups, logs or free pages of the vault still hold can be opened. The
    border gets a fresh key too, and older ones are retired when their days are over: then no
    envelope opens that queues or the broker's files still hold. Run it after keys were destroyed,
    and at least once a month, and then make a backup of vault and key file: older ones open nothing
    any more. Interrupted, it may be begun again.

    Exit code 5: some keys cannot be read. They stay, with what they may still be mended with.
    """
    with installation.vault() as vault:
        fresh = vault.border_keys.rotate()
        retired = vault.border_keys.retire_superseded(utc_now() - timedelta(days=grace_days))
        done = vault.rewrap()
    unreadable = [str(each.key_id) for each in done.unreadable]
    if as_json:
        found = {"rewrapped": done.count, "unreadable": unreadable}
        say_json({**found, "border": fresh, "retired": retired})
    else:
        click.echo(f"{done.count} keys are protected by a fresh key; the older ones are gone")
        click.echo(f"the border's key is {fresh} now: hand it out (`keys border show`)")
        click.echo(f"{len(retired)} older keys of the border were retired")
    for key in unreadable:
        click.echo(f"{key}: expected a key that can be read; it stays as it is", err=True)
    raise SystemExit(EXIT_NOT_YET if unreadable else 0)


@keys.command(epilog="Example: pruefpfad keys create /etc/pruefpfad/encryption-keys.json")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def create(file: Path) -> None:
    """Make a file with a fresh key that protects all others. One that is there stays.

    Whoever has it and the vault can read all personal data: keep it apart from both.
    """
    EncryptionKeys(file).create()
    click.echo(f"{file}: there")


@keys.command(
    epilog="Example: pruefpfad keys migrate --vault-url postgresql://…/vault"
    " --vault-keys /etc/pruefpfad/encryption-keys.json --role-prefix pruefpfad_"
)
@click.option(
    "--role-prefix",
    default="",
    envvar=ROLE_PREFIX.name,
    help="Also give PREFIXborder, PREFIXintake and PREFIXdisbursement their rights (PostgreSQL).",
)
@opens
def migrate(installation: Installation, role_prefix: str) -> None:
    """Create the vault, with a first key that protects all others, and a first key of the border.

    Again changes nothing.
    """
    with installation.vault() as vault:
        vault.migrate()
        vault.border_keys.create()
        if role_prefix:
            vault.keys.grant_roles(role_prefix)
    click.echo("vault: migrated")


keys.add_command(status)
keys.add_command(reconcile)
keys.add_command(border)
COMMANDS = (keys,)
