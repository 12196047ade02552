"""`pruefpfad audit sample` and `audit samples`: samples drawn on record, and drawn again."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import click
import msgspec

from grant_audit.as_of import AsOf
from grant_audit.own_ledger import AUDIT
from grant_audit.population import POPULATIONS
from grant_audit.samples import (
    SampleOnRecord,
    drawn_otherwise,
    population_of,
    sample_on_record,
    samples_as_of,
)
from grant_audit.sampling import METHODS
from grant_audit.sentences import Language, amount, word
from grant_values.invalid import Invalid
from grant_values.legal_time import legal_date
from pruefpfad.cli.as_of import Origin, answers_auditors, case_files
from pruefpfad.cli.cases import heading, lang_option
from pruefpfad.cli.installation import Installation, Signed, commands
from pruefpfad.cli.looking import put_on_record
from pruefpfad.cli.output import finish, json_option, say_json, say_table
from pruefpfad.cli.whole_files import file_option, output_option, write_with_checksum

EXIT_DIFFERS = 1
DAY = click.DateTime(["%Y-%m-%d"])


@click.command(
    epilog="Example: pruefpfad --data var/demo audit sample --id 2026-1 --method monetary-unit"
    " --population payments --from 2016-01-01 --to 2016-12-31 --size 30 --seed 4711"
    " --purpose 'Vorhabenprüfung 2026' --actor-token TOKEN"
)
@click.option("--id", "name", help="The sample's id; without it, a new one.")
@click.option("--method", type=click.Choice(METHODS), help="How items are drawn.")
@click.option("--size", type=click.IntRange(min=1), help="How many items.")
@click.option("--seed", help="From which all chance follows; any text.")
@click.option("--population", type=click.Choice(POPULATIONS), help="What is drawn from.")
@click.option("--programme", help="Only of this programme.")
@click.option("--from", "starts_on", type=DAY, help="First value date of the payments.")
@click.option("--to", "ends_on", type=DAY, help="Last value date of the payments.")
@click.option("--repeat", "sample", help="Draw the sample of this id again, and compare.")
@file_option(
    "--population-file",
    help_text="With --repeat, a file for what it is drawn from; its SHA-256 is the sample's.",
)
@click.option("--purpose", required=True, help="Why: it goes on record with the sample.")
@lang_option
@json_option
@output_option
@commands
def sample(
    installation: Installation,
    signed: Signed,
    name: str | None,
    method: str | None,
    size: int | None,
    seed: str | None,
    population: str | None,
    programme: str | None,
    starts_on: datetime | None,
    ends_on: datetime | None,
    sample: str | None,
    population_file: Path | None,
    purpose: str,
    lang: Language,
    as_json: bool,
    output: Path | None,
) -> None:
    """Draw a sample and put on record all that draws it again; or, with --repeat, do that.

    What it is drawn from is frozen at positions and bears a hash. Exit code 0: drawn again, it is
    the same bytes; 1: it is not.
    """
    given = {
        "method": method,
        "size": size,
        "seed": seed,
        "population": population,
        "starts_on": starts_on and str(starts_on.date()),
        "ends_on": ends_on and str(ends_on.date()),
    }
    if sample:
        if name or programme or any(given.values()):
            raise click.UsageError("--repeat: expected alone, all else stands in the sample")
        put_on_record(installation, signed, purpose, {"sample": sample})
        found = _on_record(installation, sample)
        differing = _differing(installation, found, population_file)
    else:
        if population_file:
            raise click.UsageError("--population-file: expected together with --repeat")
        missing = [field for field, value in given.items() if value is None]
        if missing:
            raise Invalid(_option(missing[0]), "expected a value, to draw a sample")
        found = _draw(installation, signed, {**given, "programme": programme or ""}, name, purpose)
        differing = []
    _tell(found, lang, as_json=as_json, output=output)
    for field in differing:
        click.echo(f"{field}: not as it was when the sample was drawn", err=True)
    raise SystemExit(EXIT_DIFFERS if differing else 0)


def _option(field: str) -> str:
    return {"starts_on": "from", "ends_on": "to"}.get(field, field)


def _draw(
    installation: Installation,
    signed: Signed,
    given: dict[str, object],
    name: str | None,
    purpose: str,
) -> SampleOnRecord:
    chosen = name or f"sample-{uuid4().hex[:12]}"
    today = str(legal_date(datetime.now(UTC)))
    message = signed.message(
        "audit.draw_sample", **given, sample=chosen, purpose=purpose, effective_on=today
    )
    answer = installation.ask(message)
    if answer.kind != "recorded":
        finish(answer)
    return _on_record(installation, chosen)


def _on_record(installation: Installation, name: str) -> SampleOnRecord:
    with installation.stores() as stores:
        return sample_on_record(stores["audit"], name)


def _differing(
    installation: Installation, found: SampleOnRecord, population_file: Path | None
) -> list[str]:
    """Draw it again from the case files as they were at its positions."""
    positions = {
        origin.partition("/")[0]: position for origin, position in found.fact.positions.items()
    }
    with case_files(installation, AsOf(positions=positions)) as pages:
        drawn_from = population_of(found.fact, pages)
    if population_file:
        write_with_checksum(population_file, drawn_from.as_lines)
    return drawn_otherwise(found.fact, drawn_from)


def _tell(found: SampleOnRecord, lang: Language, *, as_json: bool, output: Path | None) -> None:
    document = found.as_document
    if output:
        write_with_checksum(output, msgspec.json.format(msgspec.json.encode(document)))
    if as_json:
        say_json(document)
        return
    fact = found.fact
    rows = [
        (
            each.id,
            each.reference,
            amount(each.amount_cents, lang),
            word("certain" if each.certain else "drawn", "sample", lang),
            each.place,
        )
        for each in fact.selected
    ]
    columns = [
        heading("name", lang),
        heading("reference", lang),
        f"{heading('total', lang)} €",
        heading("state", lang),
        heading("place", lang),
    ]
    say_table(f"{fact.sample}: {len(rows)} / {fact.population_count}", columns, rows)
    for label, value in _footing(found, lang):
        click.echo(f"{label}: {value}")


def _footing(found: SampleOnRecord, lang: Language) -> list[tuple[str, str]]:
    fact = found.fact
    positions = " ".join(f"{origin}/{position}" for origin, position in fact.positions.items())
    method = word(fact.method, "sample_method", lang)
    return [
        (word("method", "sample", lang), f"{method}, {fact.method_version} ({fact.source})"),
        (word("seed", "sample", lang), fact.seed),
        (word("interval", "sample", lang), amount(fact.interval_cents, lang)),
        (word("population", "sample", lang), amount(fact.population_cents, lang)),
        ("SHA-256", fact.population_sha256),
        (heading("computed_from", lang), positions),
        (heading("place", lang), found.place),
    ]


@click.command(epilog="Example: pruefpfad --data var/demo audit samples --lang en")
@lang_option
@json_option
@answers_auditors
def samples(installation: Installation, as_of: AsOf, lang: Language, as_json: bool) -> None:
    """List the samples on record: what each was drawn from, how, by whom and why."""
    with installation.stores() as stores:
        found, last = samples_as_of(stores, as_of)
    origin = Origin({AUDIT: last}, as_of.effective)
    if as_json:
        say_json(origin.plain(samples=[each.as_document for each in found]))
        return
    rows = [
        (
            each.fact.sample,
            word(each.fact.method, "sample_method", lang),
            word(each.fact.population, "sample_population", lang),
            f"{each.fact.size} / {each.fact.population_count}",
            amount(each.fact.population_cents, lang),
            each.fact.drawn_by,
            each.fact.purpose,
            each.place,
        )
        for each in found
    ]
    columns = [
        heading("name", lang),
        word("method", "sample", lang),
        word("population", "sample", lang),
        heading("payments", lang),
        f"{heading('total', lang)} €",
        heading("by", lang),
        word("purpose", "sample", lang),
        heading("place", lang),
    ]
    say_table(f"{len(found)} {word('samples', 'sample', lang)}", columns, rows)
    click.echo(origin.line(lang))


AUDIT_COMMANDS = (sample, samples)
