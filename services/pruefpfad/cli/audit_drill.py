"""`pruefpfad audit drill`: from the programme to the bank's confirmation and back, to the cent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import msgspec

from grant_audit import drill as drills
from grant_audit.as_of import AsOf
from grant_audit.drill import Drill
from grant_audit.pages import CaseFiles
from grant_audit.sentences import Language, amount, word
from pruefpfad.cli.as_of import answers_auditors, case_files, origin_of
from pruefpfad.cli.cases import heading, lang_option
from pruefpfad.cli.installation import Installation
from pruefpfad.cli.output import json_option, say_json, say_table
from pruefpfad.cli.whole_files import file_option, output_option, write_with_checksum
from pruefpfad.spreadsheets import as_csv

EXIT_DIFFERS = 1


@click.command(
    epilog="Example: pruefpfad --data var/demo audit drill --programme esf-nrw-2014-2020"
    " --line ESF/2016"
)
@click.option("--programme", help="Down from this programme to its lines.")
@click.option("--line", help="With --programme: one line, FUND/YEAR, with each of its operations.")
@click.option("--case", "reference", help="Down from this operation to the bank's confirmations.")
@click.option("--order", help="Up from this payment order, and down to its confirmation.")
@click.option("--payment", help="Up from the end-to-end id of a payment, as the bank states it.")
@file_option("--csv", "csv_file", help_text="A file for the rows as CSV, amounts in cents.")
@lang_option
@json_option
@output_option
@answers_auditors
def drill(
    installation: Installation,
    as_of: AsOf,
    programme: str | None,
    line: str | None,
    reference: str | None,
    order: str | None,
    payment: str | None,
    csv_file: Path | None,
    lang: Language,
    as_json: bool,
    output: Path | None,
) -> None:
    """Show each amount with the place of its event, and compare the sums of every level.

    Exit code 0 if all reconcile to the cent, 1 if some do not.
    """
    _one_of(programme, reference, order, payment)
    if line and not programme:
        raise click.UsageError("--line: expected together with --programme")
    # As of now a case is read alone; the rest needs all cases for its sums.
    with case_files(installation, as_of) as pages:
        found = _found(pages, programme, line, reference, order, payment)
        origin = origin_of(pages, as_of)
    plain = origin.plain(**_plain(found, lang))
    if output:
        write_with_checksum(output, msgspec.json.format(msgspec.json.encode(plain)))
    if csv_file:
        write_with_checksum(csv_file, _as_csv(found).encode())
    if as_json:
        say_json(plain)
    else:
        _say(found, lang)
        click.echo(origin.line(lang))
    raise SystemExit(0 if found.reconciles else EXIT_DIFFERS)


def _one_of(*named: str | None) -> None:
    if sum(1 for each in named if each) != 1:
        raise click.UsageError("--programme, --case, --order, --payment: expected one of them")


def _found(
    pages: CaseFiles,
    programme: str | None,
    line: str | None,
    reference: str | None,
    order: str | None,
    payment: str | None,
) -> Drill:
    if programme:
        return drills.of_programme(pages, programme, line)
    if reference:
        return drills.of_case(pages, reference)
    return drills.of_order(pages, order) if order else drills.of_payment(pages, payment or "")


def _plain(found: Drill, lang: Language) -> dict[str, Any]:
    checks = [{**asdict(check), "holds": check.holds} for check in found.checks]
    return {
        "subject": found.subject,
        "reconciles": found.reconciles,
        "depth": word("depth", "drill", lang),
        "rows": [asdict(row) for row in found.rows],
        "checks": checks,
    }


def _as_csv(found: Drill) -> str:
    """The rows from top to bottom, with the names that JSON has. What does not apply is empty."""
    columns = ("level", "name", *drills.AMOUNTS, "day", "place", "told")
    rows = (
        (
            *(row.level, row.name),
            *(str(row.amounts.get(name, "")) for name in drills.AMOUNTS),
            *(row.day, row.place, row.told),
        )
        for row in found.rows
    )
    return as_csv(columns, rows)


def _say(found: Drill, lang: Language) -> None:
    names = [name for name in drills.AMOUNTS if any(name in row.amounts for row in found.rows)]
    rows = [
        (
            f"{'  ' * drills.LEVELS.index(row.level)}{word(row.level, 'level', lang)} {row.name}",
            *(amount(row.amounts[name], lang) if name in row.amounts else "" for name in names),
            row.day,
            row.place,
            row.told,
        )
        for row in found.rows
    ]
    columns = [
        heading("level", lang),
        *(f"{heading(name.removesuffix('_cents'), lang)} €" for name in names),
        *(heading(term, lang) for term in ("day", "place", "remark")),
    ]
    say_table(f"{found.subject}: {heading('drill', lang)}", columns, rows)
    say_table(heading("comparison", lang), _check_columns(lang), _check_rows(found, lang))
    click.echo(word("depth", "drill", lang))


def _check_columns(lang: Language) -> list[str]:
    terms = [heading(term, lang) for term in ("name", "comparison")]
    return [*terms, f"{heading('left', lang)} €", f"{heading('right', lang)} €", ""]


def _check_rows(found: Drill, lang: Language) -> Iterable[tuple[str, ...]]:
    for check in found.checks:
        yield (
            f"{word(check.level, 'level', lang)} {check.name}",
            word(check.claim, "drill", lang),
            amount(check.left_cents, lang),
            amount(check.right_cents, lang),
            word("holds" if check.holds else "differs", "drill", lang),
        )


AUDIT_COMMANDS = (drill,)
