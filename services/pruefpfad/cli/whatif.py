"""`pruefpfad whatif`: what other rules or rates would have made of the recorded history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path

import click

from grant_store.store import Store
from grant_values.money import euro_de
from pruefpfad.cli.installation import Installation, reads
from pruefpfad.cli.looking import on_record
from pruefpfad.cli.output import json_option, say_json, say_table
from pruefpfad.cli.progress import PositionBars
from pruefpfad.cli.whole_files import file_option, write_text_whole
from pruefpfad.decided_again.replay import CALLS
from pruefpfad.sources.files import read_text
from pruefpfad.whatif.courses import CaseStudy, changes
from pruefpfad.whatif.picture import picture
from pruefpfad.whatif.rules import NewRules, Window
from pruefpfad.whatif.study import Study, study
from pruefpfad.whatif.sums import Sums, sums
from pruefpfad.whatif.table import as_csv, cells, json_of, line_changes
from pruefpfad.whatif.wording import Language, say


@click.command(
    epilog="Example: pruefpfad --data var/demo whatif --rules other-rules.toml --csv other.csv"
    " --picture other.svg"
)
@click.option(
    "--rules",
    "rules_file",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A whole programme definition, or the parts of one that are to be otherwise.",
)
@click.option("--programme", help="Whose cases; needed where there are several programmes.")
@click.option("--from", "first", type=click.DateTime(["%Y-%m-%d"]), help="Received from this day.")
@click.option("--to", "last", type=click.DateTime(["%Y-%m-%d"]), help="Received up to this day.")
@file_option("--csv", "csv_file", help_text="Write one row for each difference.")
@file_option("--picture", "picture_file", help_text="Write a picture (SVG).")
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    help="How many differing cases a table shows.",
)
@click.option(
    "--lang", type=click.Choice(["de", "en"]), default="de", show_default=True, help="Language."
)
@json_option
@reads
@on_record(required_on_servers=False)
def whatif(
    installation: Installation,
    rules_file: Path,
    programme: str | None,
    first: datetime | None,
    last: datetime | None,
    csv_file: Path | None,
    picture_file: Path | None,
    limit: int,
    lang: Language,
    as_json: bool,
) -> None:
    """Run other rules or rates over the recorded history, with what persons decided held, and show
    which results, amounts and budget lines would differ. Nothing is written to the stores."""
    rules, window = NewRules.read(read_text(rules_file)), Window(_day(first), _day(last))
    with installation.stores() as stores, PositionBars(_heads(stores)) as bars:
        found = study(stores, rules, programme, window, bars.reached)
    total = sums(found)
    if csv_file:
        write_text_whole(csv_file, as_csv(found))
    if picture_file:
        title = f"{say('what_if', lang)}: {rules_file.name}"
        write_text_whole(picture_file, picture(total, title, lang))
    say_json(json_of(found)) if as_json else _say(found, total, limit, lang)


def _heads(stores: Mapping[str, Store]) -> dict[str, int]:
    return {name: stores[name].head().position for name in CALLS}


def _day(instant: datetime | None) -> date | None:
    """Click reads days as instants without a zone."""
    return instant.date() if instant else None


def _say(found: Study, total: Sums, limit: int, lang: Language) -> None:
    counted = say("of_cases_differ", lang).format(differing=total.differing, cases=total.cases)
    kinds = [(say(kind, lang), str(count)) for kind, count in total.by_kind.items()]
    click.echo(f"{counted} ({say('cases_asked', lang).format(asked=total.asked)})")
    say_table(say("differing_cases", lang), (say("in", lang), say("cases", lang)), kinds)
    _say_counts("rule", "cases", total.checks, lang)
    held = {say(code, lang): count for code, count in total.held.items()}
    _say_counts("held", "times", held, lang)
    _say_years(total, lang)
    _say_lines(found, lang)
    _say_cases(found, limit, lang)


def _say_counts(title: str, of: str, counted: Mapping[str, int], lang: Language) -> None:
    if counted:
        rows = [(name, str(count)) for name, count in counted.items()]
        say_table(say(title, lang), (say("what", lang), say(of, lang)), rows)


def _say_years(total: Sums, lang: Language) -> None:
    rows = [
        (
            f"{each.fund} {each.year}",
            euro_de(each.granted_cents),
            euro_de(each.new_granted_cents),
            euro_de(each.new_granted_cents - each.granted_cents),
        )
        for each in total.years
    ]
    say_table(say("by_year", lang), _amounts("fund_and_year", lang), rows)


def _say_lines(found: Study, lang: Language) -> None:
    """Lines on which something would differ."""
    names = ("ceiling", "promised", "new_promised", "free", "new_free")
    rows = [
        (
            f"{line.fund} {line.year}",
            *(euro_de(getattr(line, f"{name}_cents")) for name in names),
            f"{line.refused} → {line.new_refused}",
        )
        for line in found.lines
        if any(line_changes(line))
    ]
    if rows:
        amounts = (f"{say(name, lang)} €" for name in names)
        columns = say("fund_and_year", lang), *amounts, say("refused", lang)
        say_table(say("lines", lang), columns, rows)


def _say_cases(found: Study, limit: int, lang: Language) -> None:
    shown = found.differing[:limit]
    columns = [say(name, lang) for name in ("reference", "in", "what", "recorded", "new")]
    rows = [row for case in shown for row in _case_rows(case, lang)]
    if rows:
        say_table(say("differing_cases", lang), columns, rows)
    if len(found.differing) > len(shown):
        left = len(found.differing) - len(shown)
        click.echo(f"{left} {say('more', lang)}: --limit {len(found.differing)}")


def _case_rows(case: CaseStudy, lang: Language) -> Iterator[tuple[str, ...]]:
    for change in changes(case):
        kind, what, before, after, _ = cells(change, euro_de)
        yield case.reference, say(kind, lang), what, before, after
    for held in case.held:
        yield case.reference, say("held", lang), say(held.reason, lang), held.detail, ""


def _amounts(first: str, lang: Language) -> tuple[str, ...]:
    return say(first, lang), *(f"{say(each, lang)} €" for each in ("recorded", "new", "difference"))


COMMANDS = (whatif,)
