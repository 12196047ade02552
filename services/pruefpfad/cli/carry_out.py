"""`pruefpfad retention outstanding|carry-out`: from the decision to the destroyed key."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from typing import Any

import click

from grant_audit.as_of import AsOf
from grant_audit.sentences import Language, word
from grant_contracts.answers import Answer
from grant_store.opening import open_ledger_view
from pruefpfad.carrying_out import Outstanding, outstanding
from pruefpfad.cli.as_of import case_files
from pruefpfad.cli.cases import heading, lang_option
from pruefpfad.cli.days import day_of_act
from pruefpfad.cli.installation import Installation, Signed, commands, reads
from pruefpfad.cli.output import EXIT_NOT_YET, json_option, need_all_recorded, say_json, say_table
from pruefpfad.cli.tokens import second_actor_token_option
from pruefpfad.decided_ends import DECIDER, DecidedInBudgeting


@click.command(
    "outstanding", epilog="Example: pruefpfad --data var/demo retention outstanding --json"
)
@lang_option
@json_option
@reads
def list_outstanding(installation: Installation, lang: Language, as_json: bool) -> None:
    """List keys that were decided to end and are still there. Exit code 5 if there are any.

    Also decisions that a hold has taken back, and those for which the case has no data: such an
    erasure has touched nothing, and the request may have named another person or purpose.
    """
    found = _found(installation)
    if as_json:
        say_json([asdict(each) for each in found])
    else:
        columns = ("reference", "state", "purposes", "subject", "ground", "since", "source")
        rows = [
            (
                each.reference,
                word(each.state, "outstanding_state", lang),
                word(each.purpose, "purpose", lang),
                str(each.subject),
                word(each.reason, "reason", lang),
                str(each.decided_on),
                each.decided_at,
            )
            for each in found
        ]
        say_table(f"{len(rows)}", [heading(each, lang) for each in columns], rows)
    left = any(each.state != "without_data" for each in found)
    raise SystemExit(EXIT_NOT_YET if left else 0)


@click.command(
    epilog="Example: pruefpfad --data var/demo retention carry-out --actor-token @FILE"
    " --second-actor-token @FILE"
)
@second_actor_token_option("The second keeper, who bears it too.")
@json_option
@commands
def carry_out(installation: Installation, signed: Signed, as_json: bool) -> None:
    """Destroy the keys of all that was disposed of or decided to be erased, as of today.

    Each destruction names the deciding event as its correlation. What is done is not done again, so
    that after a fault the same command goes on. What a hold has taken back stays, and is told: exit
    code 5. Then run `keys rewrap`.
    """
    if not installation.can_read:
        raise click.UsageError("--database-url: expected the stores, to see what was decided")
    found = _found(installation)
    due = [each for each in found if each.state == "due"]
    if due or as_json:
        need_all_recorded(_answers(installation, signed, due), as_json=as_json)
    else:
        click.echo("nothing is left to carry out")
    kept = [each for each in found if each.state in ("held", "taken_back")]
    for each in kept:
        where = f"{each.reference} {each.purpose} {each.subject}"
        click.echo(
            f"{where}: taken back by a hold, to be decided again once it is lifted", err=True
        )
    raise SystemExit(EXIT_NOT_YET if kept else 0)


def _found(installation: Installation) -> list[Outstanding]:
    view = open_ledger_view(installation.url, DECIDER, installation.lane)
    with case_files(installation, AsOf()) as pages, installation.stores() as stores, closing(view):
        return outstanding(pages, DecidedInBudgeting(view), stores["intake"])


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
        effective_on=day_of_act(),
    )
    return {**message, "correlation_id": each.decided_at}
