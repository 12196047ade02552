"""`pruefpfad participants …`: who takes part, and counts that outlive what is known of them."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any

import click
from marshmallow import ValidationError

from grant_audit.as_of import AsOf
from grant_audit.participants import Participants, enrolled, participants
from grant_audit.sentences import Language, word
from grant_contracts.answers import Answer
from grant_contracts.programme import read_plain
from grant_store.personal.vault import DESTROYED
from pruefpfad.border import Border
from pruefpfad.cli.as_of import case_files, origin_of, shows_case_files
from pruefpfad.cli.cases import heading, lang_option
from pruefpfad.cli.installation import Installation, Signed, commands, vault_options
from pruefpfad.cli.output import finish, json_option, say_json, say_table
from pruefpfad.cli.retention import DAY, text_of
from pruefpfad.sources.files import read_json, read_text

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
GENDERS = ("women", "men", "non_binary")


@click.group("participants", epilog="Example: pruefpfad --data var/demo participants counts")
def group() -> None:
    """Who takes part in operations, sealed, and what is counted of them (docs/personal-data.md)."""


@group.command(epilog="Example: pruefpfad participants enrol participant.toml --actor-token TOKEN")
@click.argument("form", type=FILE)
@vault_options
@json_option
@commands
def enrol(
    installation: Installation,
    signed: Signed,
    form: Path,
    vault_url: str | None,
    vault_keys: Path | None,
    as_json: bool,
) -> None:
    """Record a participant from a FORM in TOML or JSON, as examples/…/participant.toml is one.

    What is personal in it is sealed before it goes anywhere. Keep or destroy the form as your
    office has laid down: it is not needed any more.
    """
    message = signed.message("intake.enrol_participant", **_read(form))
    with installation.with_vault(vault_url, vault_keys).vault() as vault:
        [sealed] = Border(vault).seal([message])
    answer = sealed if isinstance(sealed, Answer) else installation.ask(sealed)
    finish(answer, as_json=as_json)


@group.command(
    epilog="Example: pruefpfad participants leave ZIQ-2020-0001 3 --on 2022-06-30"
    " --actor-token TOKEN"
)
@click.argument("reference")
@click.argument("number", type=click.IntRange(min=1))
@click.option("--on", "left_on", required=True, type=DAY, help="The last day in the operation.")
@json_option
@commands
def leave(
    installation: Installation,
    signed: Signed,
    reference: str,
    number: int,
    left_on: datetime,
    as_json: bool,
) -> None:
    """Record that participant NUMBER of a case has left the operation."""
    payload = {"reference": reference, "number": number, "left_on": text_of(left_on)}
    finish(installation.ask(signed.message("intake.record_departure", **payload)), as_json=as_json)


@group.command(
    epilog="Example: pruefpfad participants close zusammen-im-quartier --version 2020-11"
    " --until 2021-12-31 --on 2022-01-10 --actor-token TOKEN"
)
@click.argument("programme")
@click.option(
    "--version", "programme_version", required=True, help="Whose definition says how to count."
)
@click.option("--case", "reference", default="", help="Only this case; else all of them together.")
@click.option(
    "--until", "counted_until", required=True, type=DAY, help="Who has entered by this day."
)
@click.option("--on", "effective_on", required=True, type=DAY, help="The day of the act.")
@json_option
@commands
def close(
    installation: Installation,
    signed: Signed,
    programme: str,
    programme_version: str,
    reference: str,
    counted_until: datetime,
    effective_on: datetime,
    as_json: bool,
) -> None:
    """Count who was in no count yet, and put that on record for good.

    A person is counted once, so that no two counts can be subtracted from each other. Who could be
    told from the numbers is left out and counted later, or with other cases.
    """
    message = signed.message(
        "intake.count_participants",
        programme=programme,
        programme_version=programme_version,
        reference=reference,
        counted_until=text_of(counted_until),
        effective_on=text_of(effective_on),
    )
    finish(installation.ask(message), as_json=as_json)


@group.command(epilog="Example: pruefpfad --data var/demo participants counts --csv > counts.csv")
@click.option("--programme", help="Only participants of this programme.")
@click.option("--case", "reference", help="Only those of this case.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV for spreadsheets.")
@lang_option
@json_option
@shows_case_files
def counts(
    installation: Installation,
    as_of: AsOf,
    programme: str | None,
    reference: str | None,
    as_csv: bool,
    lang: Language,
    as_json: bool,
) -> None:
    """Show how many take part, and the indicators by the counts that were closed.

    It opens nothing: after the keys are destroyed it shows the same.
    """
    with case_files(installation, as_of) as pages:
        found = participants(pages, programme, reference)
        origin = origin_of(pages, as_of)
    if as_json:
        say_json(origin.plain(**asdict(found)))
    elif as_csv:
        click.echo(_csv(found), nl=False)
        click.echo(origin.line(lang), err=True)
    else:
        _say(found, lang)
        click.echo(origin.line(lang))


@group.command(
    "list", epilog="Example: pruefpfad --data var/demo participants list ZIQ-2020-0001 --json"
)
@click.argument("reference")
@lang_option
@json_option
@shows_case_files
def list_enrolled(
    installation: Installation, as_of: AsOf, reference: str, lang: Language, as_json: bool
) -> None:
    """List the participants of a case by number, without what is sealed of them."""
    with case_files(installation, as_of, reference) as pages:
        found = enrolled(pages, reference)
        origin = origin_of(pages, as_of)
    if as_json:
        say_json(origin.plain(participants=found))
        return
    rows = [
        (
            str(each["number"]),
            each["entered_on"],
            each["left_on"] or "–",
            _records(each["records"], lang),
        )
        for each in found
    ]
    columns = [heading(each, lang) for each in ("number", "entered", "departed", "records")]
    say_table(f"{len(rows)} {heading('participants', lang)} · {reference}", columns, rows)
    click.echo(origin.line(lang))


def _records(records: Mapping[str, bool], lang: Language) -> str:
    return ", ".join(
        word(purpose, "purpose", lang) + ("" if readable else f" {DESTROYED.value}")
        for purpose, readable in sorted(records.items())
    )


def _read(form: Path) -> dict[str, Any]:
    """The payload that a form holds. `ValidationError` says what is wrong with the file."""
    payload = read_json(form) if form.suffix == ".json" else read_plain(read_text(form))
    if not isinstance(payload, dict):
        raise ValidationError({str(form): ["expected an object with the fields of a participant"]})
    return payload


def _say(found: Participants, lang: Language) -> None:
    columns = [heading(each, lang) for each in ("indicator", "what", *GENDERS, "total")]
    rows = [
        (
            row.indicator,
            word(row.indicator, "indicator", lang),
            *(str(each) for each in (row.women, row.men, row.non_binary, row.total)),
        )
        for row in found.rows
    ]
    entered = f"{found.entered} {heading('participants', lang)} (EECO01)"
    left = f"{heading('departed', lang)}: {found.left}"
    say_table(f"{entered}, {left}, {heading('counted', lang)}: {found.counted}", columns, rows)


def _csv(found: Participants) -> str:
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(("indicator", *GENDERS, "total"))
    writer.writerow(("EECO01", "", "", "", found.entered))
    for row in found.rows:
        writer.writerow((row.indicator, row.women, row.men, row.non_binary, row.total))
    return text.getvalue()


COMMANDS = (group,)
