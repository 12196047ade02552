"""`pruefpfad retention outstanding|carry-out`: from the decision to the destroyed key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import click

from grant_audit.as_of import AsOf
from grant_audit.sentences import Language, word
from grant_contracts.answers import Answer
from pruefpfad.carrying_out import Outstanding, outstanding
from pruefpfad.cli.as_of import case_files
from pruefpfad.cli.cases import heading, lang_option
from pruefpfad.cli.installation import Installation, Signed, commands, reads
from pruefpfad.cli.output import EXIT_NOT_YET, json_option, need_all_recorded, say_json, say_table
from pruefpfad.cli.tokens import second_actor_token_option


@click.command(
    "outstanding", epilog="Example: pruefpfad --data var/demo retention outstanding --json"
)
@lang_option
@json_option
@reads
def list_outstanding(installation: Installation, lang: Language, as_json: bool) -> None:
    """List keys that were decided to end and are still there. Exit code 5 if there are any."""
    found = _found(installation)
    if as_json:
        say_json([asdict(each) for each in found])
    else:
        columns = ("reference", "purposes", "subject", "ground", "since", "source")
        rows = [
            (
                each.reference,
                word(each.purpose, "purpose", lang),
                str(each.subject),
                word(each.reason, "reason", lang),
                str(each.decided_on),
                each.decided_at,
            )
            for each in found
        ]
        say_table(f"{len(rows)}", [heading(each, lang) for each in columns], rows)
    raise SystemExit(EXIT_NOT_YET if found else 0)


@click.command(
    epilog="Example: pruefpfad --data var/demo retention carry-out --actor-token @FILE"
    " --second-actor-token @FILE"
)
@second_actor_token_option("The second keeper, who bears it too.")
@json_option
@commands
def carry_out(installation: Installation, signed: Signed, as_json: bool) -> None:
    """Destroy the keys of all that was disposed of or decided to be erased.

    Each destruction names the deciding event as its correlation. What is done is not done again, so
    that after a fault the same command goes on. Then run `keys rewrap`.
    """
    if not installation.can_read:
        raise click.UsageError("--database-url: expected the stores, to see what was decided")
    found = _found(installation)
    if not found and not as_json:
        click.echo("nothing is left to carry out")
        return
    need_all_recorded(_answers(installation, signed, found), as_json=as_json)


def _found(installation: Installation) -> list[Outstanding]:
    with case_files(installation, AsOf()) as pages, installation.stores() as stores:
        return outstanding(pages, stores["intake"])


def _answers(
    installation: Installation, signed: Signed, found: list[Outstanding]
) -> Iterator[Answer]:
    with installation.writers() as ask:
        for each in found:
            yield ask(_message(signed, each))


def _message(signed: Signed, each: Outstanding) -> dict[str, Any]:
    message = signed.message(
        "intake.destroy_keys",
        f"/{each.subject}/{each.purpose}",
        reference=each.reference,
        purpose=each.purpose,
        subject=str(each.subject),
        reason=each.reason,
        effective_on=each.decided_on.isoformat(),
    )
    return {**message, "correlation_id": each.decided_at}
