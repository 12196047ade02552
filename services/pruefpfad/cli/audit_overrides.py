"""`pruefpfad audit overrides`: every rule that persons have set aside."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click
import msgspec

from grant_audit import queries
from grant_audit.as_of import AsOf
from grant_audit.overrides import INCIDENT
from grant_audit.overrides import overrides as every_override
from grant_audit.own_ledger import AUDIT, entries_as_of
from grant_audit.sentences import Language, word
from pruefpfad.cli.as_of import NO_CASE, answers_auditors, case_files, origin_of
from pruefpfad.cli.cases import heading, lang_option
from pruefpfad.cli.installation import Installation
from pruefpfad.cli.output import json_option, say_json, say_table
from pruefpfad.cli.whole_files import output_option, write_with_checksum

EXIT_ALONE = 1


@click.command(epilog="Example: pruefpfad --data var/demo audit overrides --lang en")
@click.option("--programme", help="Only in the cases of this programme.")
@lang_option
@json_option
@output_option
@answers_auditors
def overrides(
    installation: Installation,
    as_of: AsOf,
    programme: str | None,
    lang: Language,
    as_json: bool,
    output: Path | None,
) -> None:
    """List every manual override: rule, reason, and the two persons who bear it.

    Exit code 0 if each is borne by two, 1 if one lacks its reason or its second person.
    """
    with installation.stores() as stores:
        own, last = entries_as_of(stores, as_of, {f"{AUDIT}{INCIDENT}"})
    with case_files(installation, as_of, NO_CASE) as pages:
        on_no_case = [*queries.history_without_case(pages), *own]
    with case_files(installation, as_of) as pages:
        found = every_override(pages, programme, on_no_case)
        origin = origin_of(pages, as_of).with_audit(last)
    listed = [{**asdict(each), "is_borne_by_two": each.is_borne_by_two} for each in found]
    plain = origin.plain(overrides=listed)
    if output:
        write_with_checksum(output, msgspec.json.format(msgspec.json.encode(plain)))
    if as_json:
        say_json(plain)
    else:
        terms = ("reference", "rule", "reason", "by", "second", "day", "place")
        rows = [
            (
                each.reference or "–",
                word(each.rule, "override", lang),
                each.reason,
                each.by,
                each.seconded_by or word("missing", "matrix", lang),
                each.day or "–",
                each.place,
            )
            for each in found
        ]
        columns = [heading(term, lang) for term in terms]
        say_table(f"{len(found)} {heading('overrides', lang)}", columns, rows)
        click.echo(origin.line(lang))
    raise SystemExit(0 if all(each.is_borne_by_two for each in found) else EXIT_ALONE)


AUDIT_COMMANDS = (overrides,)
