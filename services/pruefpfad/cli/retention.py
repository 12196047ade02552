"""`pruefpfad retention …`: how long cases are kept, what holds them, and their disposal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any

import click

from grant_audit import retention as kept
from grant_audit.as_of import AsOf
from grant_audit.sentences import Language, word
from grant_contracts.reasons import HOLD_GROUND
from grant_contracts.retention_commands import REPORTABLE
from grant_values.legal_time import legal_date
from pruefpfad.cli.as_of import case_files, origin_of, shows_case_files
from pruefpfad.cli.carry_out import carry_out, list_outstanding
from pruefpfad.cli.cases import heading, lang_option
from pruefpfad.cli.days import acts_today_option, day_of_act
from pruefpfad.cli.installation import Installation, Signed, commands
from pruefpfad.cli.output import finish, json_option, say_json, say_table
from pruefpfad.cli.tokens import second_actor_token_if_any

DAY = click.DateTime(["%Y-%m-%d"])
on_option = click.option(
    "--on", type=DAY, help="The day to look at the terms from; without it, --effective or today."
)
acts_on_option = click.option(
    "--on", "effective_on", required=True, type=DAY, help="The day of the act, up to today."
)


@click.group(epilog="Example: pruefpfad --data var/demo retention due --on 2032-01-01")
def retention() -> None:
    """How long cases are kept, what holds them, and their disposal (docs/personal-data.md)."""


@retention.command(epilog="Example: pruefpfad --data var/demo retention show ZIQ-2020-0001")
@click.argument("reference")
@on_option
@lang_option
@json_option
@shows_case_files
def show(
    installation: Installation,
    as_of: AsOf,
    reference: str,
    on: datetime | None,
    lang: Language,
    as_json: bool,
) -> None:
    """Show until when a case is kept, by each rule, and what holds it."""
    with case_files(installation, as_of, reference) as pages:
        page = kept.kept_case(pages, reference)
        origin = origin_of(pages, as_of)
    state = kept.state_of(page, day_of(on, as_of))
    if as_json:
        say_json(origin.plain(**{"reference": reference, "state": state, **page}))
        return
    term = page.get("term", {})
    until = term.get("retain_until") or "–"
    stands = f"{word(state, 'retention_state', lang)}, {heading('retain_until', lang)} {until}"
    say_table(
        f"{reference}: {stands}",
        [heading(each, lang) for each in ("rule", "counting", "since", "retain_until", "source")],
        _rows_of(term, lang),
    )
    for hold, held in sorted(page.get("holds", {}).items()):
        ground = word(held["ground"], "hold_ground", lang)
        click.echo(f"{heading('hold', lang)} {hold} ({ground}): {held['reason']}")
    click.echo(origin.line(lang))


def _rows_of(term: dict[str, Any], lang: Language) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = [
        (
            each["rule"],
            word(each["counts_from"], "counts_from", lang),
            each["started_on"],
            each["retain_until"],
            each["source"],
        )
        for each in term.get("by_rule", ())
    ]
    missing = (word(each, "counts_from", lang) for each in term.get("missing", ()))
    return rows + [("–", each, "–", word("open", "retention_state", lang), "") for each in missing]


@retention.command(epilog="Example: pruefpfad --data var/demo retention due --on 2032-01-01 --json")
@click.option("--all", "every", is_flag=True, help="Also cases that are still kept, or were.")
@on_option
@lang_option
@json_option
@shows_case_files
def due(
    installation: Installation,
    as_of: AsOf,
    every: bool,
    on: datetime | None,
    lang: Language,
    as_json: bool,
) -> None:
    """List the cases whose term on record has passed and which nothing holds."""
    with case_files(installation, as_of) as pages:
        found = kept.kept_cases(pages, day_of(on, as_of))
        origin = origin_of(pages, as_of)
    listed = [each for each in found if every or each.state in ("passed", "proposed")]
    if as_json:
        say_json(origin.plain(cases=[asdict(each) for each in listed]))
        return
    rows = [
        (
            each.reference,
            word(each.state, "retention_state", lang),
            str(each.retain_until or "–"),
            each.rule,
            ", ".join(each.holds),
        )
        for each in listed
    ]
    columns = [heading(e, lang) for e in ("reference", "state", "retain_until", "rule", "hold")]
    say_table(f"{len(rows)} {heading('cases', lang)}", columns, rows)
    click.echo(origin.line(lang))


@retention.command(
    epilog="Example: pruefpfad retention compute ZIQ-2020-0001 --because proof_submitted"
    " --happened-on 2023-06-30 --on 2026-01-15 --actor-token TOKEN"
)
@second_actor_token_if_any
@click.argument("reference")
@click.option(
    "--because",
    type=click.Choice(REPORTABLE),
    default="asked",
    show_default=True,
    help="What makes the term run anew: the event that is reported, or only that somebody asked.",
)
@click.option("--happened-on", type=DAY, help="The day of it, where it is reported.")
@acts_on_option
@json_option
@commands
def compute(
    installation: Installation,
    signed: Signed,
    reference: str,
    because: str,
    happened_on: datetime | None,
    effective_on: datetime,
    as_json: bool,
) -> None:
    """Compute until when a case is kept, with what you report to have happened.

    A report that shortens the term of a rule takes two persons, and none comes before the decision
    was final.
    """
    message = signed.message(
        "budgeting.set_retention_term",
        reference=reference,
        because=because,
        happened_on=text_of(happened_on) if happened_on else None,
        effective_on=text_of(effective_on),
    )
    finish(installation.ask(message), as_json=as_json)


@retention.command(
    epilog="Example: pruefpfad retention hold ZIQ-2020-0001 VG-7K-12/27 --ground legal_proceedings"
    " --reason 'Klage' --on 2026-01-15 --actor-token TOKEN"
)
@click.argument("reference")
@click.argument("hold")
@click.option(
    "--ground",
    required=True,
    type=click.Choice(list(HOLD_GROUND)),
    help="What the case is held for.",
)
@click.option("--reason", required=True, help="Why. It goes on record: no names of persons.")
@acts_on_option
@json_option
@commands
def hold(
    installation: Installation,
    signed: Signed,
    reference: str,
    hold: str,
    ground: str,
    reason: str,
    effective_on: datetime,
    as_json: bool,
) -> None:
    """Hold a case under the file number HOLD: nothing of it is erased or disposed of."""
    message = signed.message(
        "budgeting.set_legal_hold",
        reference=reference,
        hold=hold,
        ground=ground,
        reason=reason,
        effective_on=text_of(effective_on),
    )
    finish(installation.ask(message), as_json=as_json)


@retention.command(
    epilog="Example: pruefpfad retention lift ZIQ-2020-0001 VG-7K-12/27"
    " --reason 'Urteil rechtskräftig' --actor-token TOKEN"
)
@click.argument("reference")
@click.argument("hold")
@click.option("--reason", required=True, help="Why it is no longer needed. It goes on record.")
@acts_today_option
@json_option
@commands
def lift(
    installation: Installation,
    signed: Signed,
    reference: str,
    hold: str,
    reason: str,
    effective_on: datetime | None,
    as_json: bool,
) -> None:
    """Lift a hold, as of today. Terms that it has interrupted begin anew."""
    message = signed.message(
        "budgeting.lift_legal_hold",
        reference=reference,
        hold=hold,
        reason=reason,
        effective_on=day_of_act(effective_on),
    )
    finish(installation.ask(message), as_json=as_json)


@retention.command(
    epilog="Example: pruefpfad retention propose ZIQ-2020-0001 --reasons 'Frist abgelaufen'"
    " --on 2032-01-10 --actor-token TOKEN"
)
@click.argument("reference")
@click.option("--reasons", required=True, help="Why. They go on record: no names of persons.")
@acts_on_option
@json_option
@commands
def propose(
    installation: Installation,
    signed: Signed,
    reference: str,
    reasons: str,
    effective_on: datetime,
    as_json: bool,
) -> None:
    """Propose that a case be disposed of: the first of two persons. Exit code 3 if it may not."""
    message = signed.message(
        "budgeting.propose_disposal",
        reference=reference,
        reasons=reasons,
        effective_on=text_of(effective_on),
    )
    finish(installation.ask(message), as_json=as_json)


@retention.command(
    epilog="Example: pruefpfad retention dispose ZIQ-2020-0001 --on 2032-01-12 --actor-token TOKEN"
)
@click.argument("reference")
@acts_on_option
@json_option
@commands
def dispose(
    installation: Installation,
    signed: Signed,
    reference: str,
    effective_on: datetime,
    as_json: bool,
) -> None:
    """Dispose of a case that another person has proposed. Exit code 3 if it may not be."""
    message = signed.message(
        "budgeting.dispose_case", reference=reference, effective_on=text_of(effective_on)
    )
    finish(installation.ask(message), as_json=as_json)


def day_of(on: datetime | None, as_of: AsOf) -> date:
    """The day that terms are looked at from."""
    if on:
        return on.date()
    return as_of.effective or legal_date(datetime.now(UTC))


def text_of(day: datetime) -> str:
    return day.date().isoformat()


for _command in (list_outstanding, carry_out):
    retention.add_command(_command)

COMMANDS = (retention,)
