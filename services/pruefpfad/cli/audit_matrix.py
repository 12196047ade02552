"""`pruefpfad audit matrix`: what evidences each item of Annex XIII, and what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click
import msgspec

from grant_audit.as_of import AsOf
from grant_audit.documents import HeldDocument
from grant_audit.matrix import Matrix, MatrixRow, matrices, matrix_of
from grant_audit.sentences import Language, word
from pruefpfad.cli.as_of import (
    EVERY_CASE,
    answers_auditors,
    case_files,
    origin_of,
    progress_bars,
)
from pruefpfad.cli.cases import heading, lang_option
from pruefpfad.cli.installation import Installation
from pruefpfad.cli.output import json_option, say_json, say_table
from pruefpfad.cli.whole_files import output_option, write_with_checksum

EXIT_INCOMPLETE = 1


def _one_of(reference: str | None, programme: str | None) -> None:
    if bool(reference) == bool(programme):
        raise click.UsageError("--case, --programme: expected one of the two")


@click.command(
    epilog="Example: pruefpfad --data var/demo audit matrix --case ESF1420-000015 --lang en"
)
@click.option("--case", "reference", help="Every item of this case.")
@click.option("--programme", help="One line for each case of this programme.")
@click.option("--wording", is_flag=True, help="The law's own words, and who has to have it.")
@lang_option
@json_option
@output_option
@answers_auditors
def matrix(
    installation: Installation,
    as_of: AsOf,
    reference: str | None,
    programme: str | None,
    wording: bool,
    lang: Language,
    as_json: bool,
    output: Path | None,
) -> None:
    """Show for each item of Annex XIII what evidences it, or why nothing has to.

    Exit code 0 if nothing is missing, 1 if something is.
    """
    _one_of(reference, programme)
    with case_files(installation, as_of, reference or EVERY_CASE, history=True) as store:
        if reference:
            found = [matrix_of(store, reference)]
        else:
            with progress_bars() as told:
                found = list(matrices(store, programme, told))
        origin = origin_of(store, as_of)
    plain = origin.plain(cases=_plain(found, in_full=bool(reference) or wording))
    exit_code = 0 if all(each.is_complete for each in found) else EXIT_INCOMPLETE
    if output:
        write_with_checksum(output, msgspec.json.format(msgspec.json.encode(plain)))
    if as_json:
        say_json(plain)
        raise SystemExit(exit_code)
    if reference:
        _say_items(found[0], lang, in_full=wording)
    else:
        _say_cases(found, lang)
    click.echo(origin.line(lang))
    raise SystemExit(exit_code)


def _plain(found: Sequence[Matrix], *, in_full: bool) -> list[dict[str, object]]:
    """As JSON has it. What is the same for every case of a programme is left out of its many."""
    matrices = [{**asdict(each), "missing": list(each.missing)} for each in found]
    for row in (row for each in matrices for row in each["rows"] if not in_full):
        for field in ("wording", "translated", "responsible"):
            del row[field]
    return matrices


def _say_items(found: Matrix, lang: Language, *, in_full: bool) -> None:
    told = _in_full if in_full else _in_short
    rows = [
        (
            str(row.item),
            word(row.status, "matrix", lang),
            *told(row, lang),
            _evidence(row, lang),
        )
        for row in found.rows
    ]
    more = ("basis", "responsible") if in_full else ()
    columns = [heading(term, lang) for term in ("item", "state", "text", *more, "evidence")]
    say_table(f"{found.reference}: {found.version}", columns, rows)
    click.echo(f"{heading('source', lang)}: {found.source}")


def _in_short(row: MatrixRow, lang: Language) -> tuple[str, ...]:
    return (row.text[lang],)


def _in_full(row: MatrixRow, lang: Language) -> tuple[str, ...]:
    mark = f" ({word('translated', 'matrix', lang)})" if lang in row.translated else ""
    return f"{row.wording[lang]}{mark}", row.basis, row.responsible[lang]


def _evidence(row: MatrixRow, lang: Language) -> str:
    """What stands in the last column: places of events, documents, or the reason for none."""
    parts = []
    if row.contradicted:
        parts.append(word("contradicted", "matrix", lang))
    if row.status == "not_applicable" and row.reason:
        declared = f" ({row.declared_at})" if row.declared_at else ""
        parts.append(f"{row.reason[lang]}{declared}")
    if row.status == "missing":
        lacking = [" | ".join(group) for group in row.lacks]
        parts.append("; ".join(lacking) or word("no_document", "matrix", lang))
    parts += [_document(each) for each in row.documents]
    parts += _events(row)
    return "; ".join(parts)


def _events(row: MatrixRow) -> list[str]:
    """Each kind of event once, with all places of its kind."""
    places: dict[str, list[str]] = {}
    for event in row.events:
        service, _, position = event.place.partition("/")
        short = f"{service}/{position.rpartition('/')[2]}"
        places.setdefault(event.topic.partition(".")[2], []).append(short)
    return [f"{kind} {', '.join(found)}" for kind, found in places.items()]


def _document(document: HeldDocument) -> str:
    name = document.document or document.title
    replaced = f" → {document.superseded_by}" if document.superseded_by else ""
    held = f" ({document.holder}, {document.location})" if document.holder else ""
    return f"„{name}“{replaced}{held}"


def _say_cases(found: Sequence[Matrix], lang: Language) -> None:
    rows = [
        (
            each.reference,
            *(
                str(sum(row.status == status for row in each.rows))
                for status in ("evidenced", "not_applicable", "missing")
            ),
            ", ".join(map(str, each.missing)),
        )
        for each in found
    ]
    columns = [
        heading("reference", lang),
        *(word(term, "matrix", lang) for term in ("evidenced", "not_applicable", "missing")),
        heading("missing_items", lang),
    ]
    say_table(f"{len(found)} {heading('cases', lang)}", columns, rows)


AUDIT_COMMANDS = (matrix,)
