"""`pruefpfad audit documents`: who holds what, and whether a file is the document on record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from hashlib import file_digest
from pathlib import Path
from typing import Any

import click
import msgspec

from grant_audit import queries
from grant_audit.as_of import AsOf
from grant_audit.documents import HeldDocument, documents_of
from grant_audit.pages import CaseFiles
from grant_audit.sentences import Language, word
from pruefpfad.cli.as_of import EVERY_CASE, answers_auditors, case_files, origin_of
from pruefpfad.cli.cases import heading, lang_option
from pruefpfad.cli.installation import Installation
from pruefpfad.cli.output import json_option, say_json, say_table
from pruefpfad.cli.whole_files import output_option, write_with_checksum

EXIT_INCOMPLETE = 1


@click.command(epilog="Example: pruefpfad --data var/demo audit documents --case ESF1420-000015")
@click.option("--case", "reference", help="The documents of this case.")
@click.option("--programme", help="Those of every case of this programme.")
@click.option(
    "--files",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Compare the files of this folder, and those below it, with the hashes on record.",
)
@lang_option
@json_option
@output_option
@answers_auditors
def documents(
    installation: Installation,
    as_of: AsOf,
    reference: str | None,
    programme: str | None,
    folder: Path | None,
    lang: Language,
    as_json: bool,
    output: Path | None,
) -> None:
    """List documents with their hash, who holds them and where (Art. 25(2) of 480/2014).

    Exit code 1 if the holder of one is not on record or, with --files, if one has no file or a file
    is no document on record; otherwise 0.
    """
    if bool(reference) == bool(programme):
        raise click.UsageError("--case, --programme: expected one of the two")
    with case_files(installation, as_of, reference or EVERY_CASE) as pages:
        found = list(_documents(pages, reference, programme))
        origin = origin_of(pages, as_of)
    files = _by_digest(folder) if folder else None
    plain = origin.plain(documents=[_plain(each, files) for each in found])
    if output:
        write_with_checksum(output, msgspec.json.format(msgspec.json.encode(plain)))
    if as_json:
        say_json(plain)
    else:
        _say(found, files, lang)
        click.echo(origin.line(lang))
    strange = _not_on_record(found, files or {})
    for path in strange:
        click.echo(f"{path}: {word('no_document_on_record', 'matrix', lang)}", err=True)
    complete = all(each.holder for each in found) and not strange
    has_files = files is None or all(each.sha256 in files for each in found)
    raise SystemExit(0 if complete and has_files else EXIT_INCOMPLETE)


def _documents(
    pages: CaseFiles, reference: str | None, programme: str | None
) -> Iterator[HeldDocument]:
    if reference:
        yield from documents_of(queries.case(pages, reference))
        return
    files = (file for file in queries.every_case(pages) if file.programme == programme)
    for file in sorted(files, key=lambda each: each.reference):
        yield from documents_of(file)


def _by_digest(folder: Path) -> dict[str, list[str]]:
    """The files below a folder, by the SHA-256 of their content."""
    found: dict[str, list[str]] = {}
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        with path.open("rb") as file:
            digest = file_digest(file, "sha256").hexdigest()
        found.setdefault(digest, []).append(str(path.relative_to(folder)))
    return found


def _not_on_record(found: Sequence[HeldDocument], files: Mapping[str, list[str]]) -> list[str]:
    known = {each.sha256 for each in found}
    return [path for digest, paths in files.items() if digest not in known for path in paths]


def _plain(document: HeldDocument, files: Mapping[str, list[str]] | None) -> dict[str, Any]:
    plain = asdict(document)
    return plain if files is None else {**plain, "files": files.get(document.sha256, [])}


def _say(
    found: Sequence[HeldDocument], files: Mapping[str, list[str]] | None, lang: Language
) -> None:
    rows = [
        (
            each.reference,
            each.document or "–",
            each.title,
            each.holder or word("holder_unknown", "matrix", lang),
            each.location or "–",
            ", ".join(map(str, each.items)) or "–",
            each.superseded_by or "–",
            each.place or "–",
            each.sha256,
            *(() if files is None else (_files_of(each, files, lang),)),
        )
        for each in found
    ]
    terms = ("document", "title", "holder", "location", "items", "replaced_by", "place")
    columns = [heading("reference", lang), *(heading(term, lang) for term in terms), "SHA-256"]
    if files is not None:
        columns.append(heading("file", lang))
    say_table(f"{len(found)} {heading('documents', lang)}", columns, rows)


def _files_of(document: HeldDocument, files: Mapping[str, list[str]], lang: Language) -> str:
    return ", ".join(files.get(document.sha256, ())) or word("missing", "matrix", lang)


AUDIT_COMMANDS = (documents,)
