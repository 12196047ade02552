"""`pruefpfad case …`, `budget show`: what the auditor's case file says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import click

from grant_audit import queries
from grant_audit.as_of import AsOf
from grant_audit.case_file import STATES, CaseFile
from grant_audit.sentences import Language, amount, sentence, word
from pruefpfad.cli.as_of import Origin, case_files, origin_of, shows_case_files
from pruefpfad.cli.installation import Installation
from pruefpfad.cli.output import json_option, say_json, say_table

lang_option = click.option(
    "--lang", type=click.Choice(["de", "en"]), default="de", show_default=True, help="Language."
)


@click.group(epilog="Example: pruefpfad --data var/demo case history ESF1420-000015")
def case() -> None:
    """The cases, as the history of all services shows them."""


@case.command("list", epilog="Example: pruefpfad --data var/demo case list --state rejected --json")
@click.option("--state", type=click.Choice(STATES), help="Only cases in this state.")
@click.option("--programme", help="Only cases of this programme.")
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=50,
    show_default=True,
    help="How many rows a table shows.",
)
@lang_option
@json_option
@shows_case_files
def list_cases(
    installation: Installation,
    as_of: AsOf,
    state: str | None,
    programme: str | None,
    limit: int,
    lang: Language,
    as_json: bool,
) -> None:
    """List cases with their state and amounts."""
    with case_files(installation, as_of) as pages:
        found = queries.cases(pages, state, programme)
        origin = origin_of(pages, as_of)
    if as_json:
        say_json(origin.plain(cases=[asdict(line) for line in found]))
        return
    rows = (
        (
            line.reference,
            word(line.state, "state", lang),
            line.applicant,
            amount(line.eligible_cents, lang),
            amount(line.grant_cents, lang),
            amount(line.paid_cents, lang),
        )
        for line in found[:limit]
    )
    texts, amounts = ("reference", "state", "applicant"), ("eligible", "granted", "paid")
    say_table(f"{len(found)} {heading('cases', lang)}", columns_of(texts, amounts, lang), rows)
    if len(found) > limit:
        click.echo(f"{len(found) - limit} {heading('more', lang)}: --limit {len(found)}")
    click.echo(origin.line(lang))


@case.command(epilog="Example: pruefpfad --data var/demo case show ESF1420-000015")
@click.argument("reference")
@lang_option
@json_option
@shows_case_files
def show(
    installation: Installation, as_of: AsOf, reference: str, lang: Language, as_json: bool
) -> None:
    """Show one case: who asks for what, what was found, decided and paid."""
    with case_files(installation, as_of, reference) as pages:
        file = queries.case(pages, reference)
        origin = origin_of(pages, as_of)
    if as_json:
        say_json(origin.plain(state=file.state, **asdict(file)))
        return
    tranches = sorted(file.tranches.items())
    rows = [
        (heading("state", lang), word(file.state, "state", lang)),
        (heading("programme", lang), file.programme_key),
        *_application(file, lang),
        (heading("eligible", lang), amount(file.eligible_cents, lang)),
        (heading("granted", lang), amount(file.grant_cents, lang)),
        (heading("paid", lang), amount(file.paid_cents, lang)),
        *((f"{heading('tranche', lang)} {name}", amount(cents, lang)) for name, cents in tranches),
    ]
    say_table(reference, columns_of(("what", "how_it_stands"), (), lang), rows)
    click.echo(origin.line(lang))


def _application(file: CaseFile, lang: Language) -> list[tuple[str, str]]:
    """Who applied for what; nothing where another service was heard of before intake."""
    if not file.intake:
        return []
    applicant, operation = file.intake["applicant"], file.intake["operation"]
    period = f"{operation['starts_on']} – {operation['ends_on']}"
    return [
        (heading("applicant", lang), applicant["name"] or applicant["key"]),
        (heading("operation", lang), f"{operation['title']} ({period})"),
    ]


@case.command(epilog="Example: pruefpfad --data var/demo case history ESF1420-000015 --lang en")
@click.argument("reference")
@lang_option
@json_option
@shows_case_files
def history(
    installation: Installation, as_of: AsOf, reference: str, lang: Language, as_json: bool
) -> None:
    """Tell what happened in a case, one sentence for each event."""
    with case_files(installation, as_of, reference) as pages:
        entries = queries.history(pages, reference)
        origin = origin_of(pages, as_of)
    tell(entries, origin, lang, as_json=as_json)


def tell(
    entries: Sequence[queries.Entry], origin: Origin, lang: Language, *, as_json: bool
) -> None:
    """Entries of a history, one sentence and line for each."""
    if as_json:
        told = [{**entry, "sentence": sentence(entry, lang)} for entry in entries]
        say_json(origin.plain(events=told))
        return
    for entry in entries:
        place = f"{entry['source']}/{entry['position']}"
        click.echo(f"{entry['recorded_at'][:19]}  {place:24}  {sentence(entry, lang)}")
    click.echo(origin.line(lang))


@click.group(epilog="Example: pruefpfad --data var/demo budget show")
def budget() -> None:
    """Budget lines: what may be promised, what is, and what was paid."""


@budget.command("show", epilog="Example: pruefpfad --data var/demo budget show --json")
@click.option("--programme", help="Only the lines of this programme.")
@lang_option
@json_option
@shows_case_files
def show_budget(
    installation: Installation, as_of: AsOf, programme: str | None, lang: Language, as_json: bool
) -> None:
    """Show ceiling, earmarked, committed, paid and free of each line."""
    with case_files(installation, as_of) as pages:
        lines = queries.budget(pages, programme)
        origin = origin_of(pages, as_of)
    if as_json:
        say_json(origin.plain(lines=[_with_what_is_free(line) for line in lines]))
        return
    rows = (
        (
            line.programme,
            f"{line.fund} {line.year}",
            amount(line.ceiling_cents, lang),
            amount(line.earmarked_cents, lang),
            amount(line.committed_cents, lang),
            amount(line.paid_cents, lang),
            amount(line.free_cents, lang),
        )
        for line in lines
    )
    amounts = ("ceiling", "earmarked", "committed", "paid", "free")
    columns = columns_of(("programme", "line"), amounts, lang)
    say_table(heading("budget_lines", lang), columns, rows)
    click.echo(origin.line(lang))


def _with_what_is_free(line: queries.LineRow) -> dict[str, Any]:
    return {**asdict(line), "free_cents": line.free_cents}


def heading(term: str, lang: Language) -> str:
    return word(term, "heading", lang)


def columns_of(texts: Iterable[str], amounts: Iterable[str], lang: Language) -> list[str]:
    """Headings of a table: texts first, then amounts."""
    return [
        *(heading(term, lang) for term in texts),
        *(f"{heading(term, lang)} €" for term in amounts),
    ]


COMMANDS = (case, budget)
