"""`pruefpfad erasure …`: requests for erasure, and what became of them (Art. 17 GDPR)."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

import click

from grant_audit.as_of import AsOf
from grant_audit.retention import asked_erasures
from grant_audit.sentences import Language, word
from grant_contracts.reasons import ERASURE_DECISION, ERASURE_GROUND
from grant_intake.personal import HOLDER
from grant_values.cases import case_id_of
from grant_values.personal import PURPOSES
from pruefpfad.cli.as_of import case_files, origin_of, shows_case_files
from pruefpfad.cli.cases import heading, lang_option
from pruefpfad.cli.installation import Installation, Signed, commands
from pruefpfad.cli.output import finish, json_option, say_json, say_table
from pruefpfad.cli.retention import DAY, acts_on_option, day_of, on_option, text_of

EXIT_OVERDUE = 1


@click.group(epilog="Example: pruefpfad --data var/demo erasure list")
def erasure() -> None:
    """Requests that personal data be erased, each answered in its term (docs/personal-data.md)."""


@erasure.command("list", epilog="Example: pruefpfad --data var/demo erasure list --json")
@on_option
@lang_option
@json_option
@shows_case_files
def list_erasures(
    installation: Installation, as_of: AsOf, on: datetime | None, lang: Language, as_json: bool
) -> None:
    """List all requests, overdue ones first. Exit code 1 if one is overdue."""
    with case_files(installation, as_of) as pages:
        found = asked_erasures(pages, day_of(on, as_of))
        origin = origin_of(pages, as_of)
    if as_json:
        say_json(origin.plain(requests=[asdict(each) for each in found]))
    else:
        columns = ("reference", "request", "state", "due", "received", "purposes", "decision")
        rows = [
            (
                each.reference,
                each.request,
                word(each.state, "retention_state", lang),
                str(each.due_on),
                str(each.received_on),
                ", ".join(word(purpose, "purpose", lang) for purpose in each.purposes),
                word(each.decision, "erasure_decision", lang),
            )
            for each in found
        ]
        title = f"{len(rows)} {heading('erasures', lang)}"
        say_table(title, [heading(each, lang) for each in columns], rows)
        click.echo(origin.line(lang))
    raise SystemExit(EXIT_OVERDUE if any(each.state == "overdue" for each in found) else 0)


@erasure.command(
    epilog="Example: pruefpfad erasure request ZIQ-2020-0001 DSB-7/26 --subject SUBJECT"
    " --purpose follow_up --received-on 2026-01-12 --on 2026-01-13 --actor-token TOKEN"
)
@click.argument("reference")
@click.argument("request")
@click.option("--subject", required=True, type=click.UUID, help="As `keys status --case` lists it.")
@click.option(
    "--purpose",
    "purposes",
    multiple=True,
    required=True,
    type=click.Choice(list(PURPOSES)),
    help="What the data were processed for; again for each purpose.",
)
@click.option("--received-on", required=True, type=DAY, help="The term runs from this day.")
@acts_on_option
@json_option
@commands
def request(
    installation: Installation,
    signed: Signed,
    reference: str,
    request: str,
    subject: UUID,
    purposes: tuple[str, ...],
    received_on: datetime,
    effective_on: datetime,
    as_json: bool,
) -> None:
    """Note a person's request under the file number REQUEST.

    Where the case has no data of this person for a purpose, you are told: the request is answered
    all the same.
    """
    _say_where_there_are_none(installation, reference, subject, purposes)
    message = signed.message(
        "budgeting.request_erasure",
        reference=reference,
        request=request,
        subject=str(subject),
        purposes=list(purposes),
        received_on=text_of(received_on),
        effective_on=text_of(effective_on),
    )
    finish(installation.ask(message), as_json=as_json)


def _say_where_there_are_none(
    installation: Installation, reference: str, subject: UUID, purposes: tuple[str, ...]
) -> None:
    if not installation.can_read:
        return
    prefix = f"{case_id_of(reference)}/"
    with installation.stores() as stores:
        held = {
            each.key.removeprefix(prefix) for each in stores["intake"].documents(HOLDER, prefix)
        }
    for purpose in purposes:
        if f"{purpose}/{subject}" not in held:
            click.echo(f"{reference} has no data of {subject} for {purpose}", err=True)


@erasure.command(
    epilog="Example: pruefpfad erasure decide ZIQ-2020-0001 DSB-7/26 --decision refuse"
    " --ground legal_obligation --reasons 'Art. 82 VO (EU) 2021/1060' --on 2026-01-20"
    " --actor-token TOKEN"
)
@click.argument("reference")
@click.argument("request")
@click.option(
    "--decision",
    required=True,
    type=click.Choice(list(ERASURE_DECISION)),
    help="What the office has decided on the request.",
)
@click.option("--ground", required=True, type=click.Choice(list(ERASURE_GROUND)), help="Of law.")
@click.option("--reasons", required=True, help="They go on record: no names of persons.")
@acts_on_option
@json_option
@commands
def decide(
    installation: Installation,
    signed: Signed,
    reference: str,
    request: str,
    decision: str,
    ground: str,
    reasons: str,
    effective_on: datetime,
    as_json: bool,
) -> None:
    """Answer a request. Exit code 3 if data that must be kept were to be erased."""
    message = signed.message(
        "budgeting.decide_erasure",
        reference=reference,
        request=request,
        decision=decision,
        ground=ground,
        reasons=reasons,
        effective_on=text_of(effective_on),
    )
    finish(installation.ask(message), as_json=as_json)


COMMANDS = (erasure,)
