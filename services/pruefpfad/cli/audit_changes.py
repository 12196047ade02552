"""`pruefpfad audit changes`: what was laid down for all cases, and changed, by whom and when."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from grant_audit import queries
from grant_audit.as_of import AsOf
from grant_audit.pages import NO_CASE
from grant_audit.sentences import Language, sentence
from pruefpfad.cli.as_of import answers_auditors, case_files, origin_of
from pruefpfad.cli.cases import heading, lang_option
from pruefpfad.cli.installation import Installation
from pruefpfad.cli.output import json_option, say_json, say_table
from pruefpfad.cli.whole_files import output_option, write_with_checksum


@click.command(epilog="Example: pruefpfad --data var/demo audit changes --lang en")
@lang_option
@json_option
@output_option
@answers_auditors
def changes(
    installation: Installation, as_of: AsOf, lang: Language, as_json: bool, output: Path | None
) -> None:
    """Tell what was laid down for all cases, in order: programmes with their rules, calls, budget
    lines and ceilings, incidents, anchors of the history's signed heads.

    What was decided in a case stands in its own history; payment runs in `payments list`, refused
    commands in `access list`.
    """
    with case_files(installation, as_of, NO_CASE) as pages:
        entries = queries.changes(pages)
        origin = origin_of(pages, as_of)
    told = [{**entry, "sentence": sentence(entry, lang)} for entry in entries]
    plain = origin.plain(events=told)
    if output:
        write_with_checksum(output, msgspec.json.format(msgspec.json.encode(plain)))
    if as_json:
        say_json(plain)
        return
    rows = [
        (
            f"{entry['source']}/{entry['position']}",
            entry["recorded_at"][:19],
            entry["actor_id"],
            entry["sentence"],
        )
        for entry in told
    ]
    columns = [heading(term, lang) for term in ("place", "recorded_at", "by", "text")]
    say_table(f"{len(rows)} {heading('changes', lang)}", columns, rows)
    click.echo(origin.line(lang))


AUDIT_COMMANDS = (changes,)
