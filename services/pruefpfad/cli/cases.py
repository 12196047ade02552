"""`pruefpfad case …`, `budget show`, `export operations`: what the auditor's case file says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from grant_audit import queries
from grant_audit.case_file import STATES
from grant_audit.exports import operations_list
from grant_audit.sentences import Language, amount, sentence, word
from grant_store.store import Store
from pruefpfad.cli.output import json_option, say_json, say_table
from pruefpfad.embedded import EmbeddedSystem

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
@click.pass_obj
def list_cases(
    data: Path,
    state: str | None,
    programme: str | None,
    limit: int,
    lang: Language,
    as_json: bool,
) -> None:
    """List cases with their state and amounts."""
    with _case_files(data) as store:
        found = queries.cases(store, state, programme)
    if as_json:
        say_json([asdict(line) for line in found])
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
    say_table(f"{len(found)} {heading('cases', lang)}", _columns(texts, amounts, lang), rows)
    if len(found) > limit:
        click.echo(f"{len(found) - limit} {heading('more', lang)}: --limit {len(found)}")


@case.command(epilog="Example: pruefpfad --data var/demo case show ESF1420-000015")
@click.argument("reference")
@lang_option
@json_option
@click.pass_obj
def show(data: Path, reference: str, lang: Language, as_json: bool) -> None:
    """Show one case: who asks for what, what was found, decided and paid."""
    with _case_files(data) as store:
        file = queries.case(store, reference)
    if as_json:
        say_json({"state": file.state, **asdict(file)})
        return
    applicant, operation = file.intake["applicant"], file.intake["operation"]
    period = f"{operation['starts_on']} – {operation['ends_on']}"
    tranches = sorted(file.tranches.items())
    rows = [
        (heading("state", lang), word(file.state, "state", lang)),
        (heading("programme", lang), file.programme_key),
        (heading("applicant", lang), applicant["name"] or applicant["key"]),
        (heading("operation", lang), f"{operation['title']} ({period})"),
        (heading("eligible", lang), amount(file.eligible_cents, lang)),
        (heading("granted", lang), amount(file.grant_cents, lang)),
        (heading("paid", lang), amount(file.paid_cents, lang)),
        *((f"{heading('tranche', lang)} {name}", amount(cents, lang)) for name, cents in tranches),
    ]
    say_table(reference, _columns(("what", "how_it_stands"), (), lang), rows)


@case.command(epilog="Example: pruefpfad --data var/demo case history ESF1420-000015 --lang en")
@click.argument("reference")
@lang_option
@json_option
@click.pass_obj
def history(data: Path, reference: str, lang: Language, as_json: bool) -> None:
    """Tell what happened in a case, one sentence for each event."""
    with _case_files(data) as store:
        entries = queries.history(store, reference)
    _tell(entries, lang, as_json=as_json)


@click.group(epilog="Example: pruefpfad --data var/demo/story access list")
def access() -> None:
    """Who was refused what for want of authority."""


@access.command("list", epilog="Example: pruefpfad --data var/demo/story access list --lang en")
@lang_option
@json_option
@click.pass_obj
def list_access(data: Path, lang: Language, as_json: bool) -> None:
    """Tell which commands were refused to whom, one sentence for each."""
    with _case_files(data) as store:
        entries = queries.refused_access(store)
    _tell(entries, lang, as_json=as_json)


def _tell(entries: Sequence[queries.Entry], lang: Language, *, as_json: bool) -> None:
    """Entries of a history, one sentence and line for each."""
    if as_json:
        say_json([{**entry, "sentence": sentence(entry, lang)} for entry in entries])
        return
    for entry in entries:
        place = f"{entry['source']}/{entry['position']}"
        click.echo(f"{entry['recorded_at'][:19]}  {place:24}  {sentence(entry, lang)}")


@click.group(epilog="Example: pruefpfad --data var/demo budget show")
def budget() -> None:
    """Budget lines: what may be promised, what is, and what was paid."""


@budget.command("show", epilog="Example: pruefpfad --data var/demo budget show --json")
@click.option("--programme", help="Only the lines of this programme.")
@lang_option
@json_option
@click.pass_obj
def show_budget(data: Path, programme: str | None, lang: Language, as_json: bool) -> None:
    """Show ceiling, earmarked, committed, paid and free of each line."""
    with _case_files(data) as store:
        lines = queries.budget(store, programme)
    if as_json:
        say_json([{**asdict(line), "free_cents": line.free_cents} for line in lines])
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
    columns = _columns(("programme", "line"), amounts, lang)
    say_table(heading("budget_lines", lang), columns, rows)


@click.group(epilog="Example: pruefpfad --data var/demo export operations -o list.csv")
def export() -> None:
    """Files for others."""


@export.command(
    "operations",
    epilog="Example: pruefpfad --data var/demo export operations --as-of 2016-06-30 -o list.csv",
)
@click.option(
    "--as-of",
    required=True,
    type=click.DateTime(["%Y-%m-%d"]),
    help="Operations approved by this day.",
)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="A file.")
@click.pass_obj
def export_operations(data: Path, as_of: datetime, output: Path | None) -> None:
    """Write the public list of operations as CSV in the columns that Kohesio reads."""
    with _case_files(data) as store:
        text = operations_list(store, as_of.date())
    if output:
        output.write_text(text, encoding="utf-8")
    else:
        click.echo(text, nl=False)


def heading(term: str, lang: Language) -> str:
    return word(term, "heading", lang)


def _columns(texts: Iterable[str], amounts: Iterable[str], lang: Language) -> list[str]:
    """Headings of a table: texts first, then amounts."""
    return [
        *(heading(term, lang) for term in texts),
        *(f"{heading(term, lang)} €" for term in amounts),
    ]


@contextmanager
def _case_files(data: Path) -> Iterator[Store]:
    """The audit's store, once everything recorded has reached it."""
    if not data.is_dir():
        raise click.UsageError(f"--data: expected a directory of an embedded run, not {data}")
    with EmbeddedSystem(data) as system:
        yield system.stores["audit"]


COMMANDS = (case, access, budget, export)
