"""`pruefpfad replay check`: what is served equals what the events lead to, or it says what not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

import click

from grant_audit.sentences import Language, word
from grant_values.places import read_place
from pruefpfad.assembly import SERVICES
from pruefpfad.cli.as_of import progress_bars
from pruefpfad.cli.cases import columns_of, lang_option
from pruefpfad.cli.installation import Installation, reads
from pruefpfad.cli.looking import on_record
from pruefpfad.cli.output import EXIT_NOT_YET, json_option, say_json, say_table
from pruefpfad.rebuilt.check import Outcome
from pruefpfad.rebuilt.check import check as rebuild_and_compare

EXIT_DIFFERS = 1
EXIT_PARKED = 6


@click.command(
    "check",
    epilog="Exit codes: 0 equal · 1 differs · 5 differs, and services went on meanwhile: try again"
    " · 6 equal but for parked events, which are named: what is served lacks them."
    " Example: pruefpfad --data var/demo replay check --at budgeting/500 --at intake/100",
)
@click.option(
    "--service",
    "services",
    multiple=True,
    type=click.Choice(sorted(SERVICES)),
    help="Only this service; again for each. Without it, all.",
)
@click.option(
    "--at",
    "positions",
    multiple=True,
    metavar="SERVICE/POSITION",
    help="Compare at this position as well; what was rebuilt up to there is then continued.",
)
@lang_option
@json_option
@reads
@on_record(required_on_servers=False)
def check(
    installation: Installation,
    services: tuple[str, ...],
    positions: tuple[str, ...],
    lang: Language,
    as_json: bool,
) -> None:
    """Rebuild every aggregate and every read model from events, and compare with what is served.

    Each aggregate by two ways: the ledger in order of position, and its own stream. Each document
    byte for byte. What became of each command, by the events that it recorded. The hash of a read
    model at a position is the same whenever it is asked for.
    """
    stops = _stops(positions, installation.lane)
    with installation.stores() as stores, progress_bars() as progress:
        outcome = rebuild_and_compare(stores, services or tuple(SERVICES), stops, progress)
    if as_json:
        say_json({"equal": outcome.is_equal, "parked": outcome.parked, **asdict(outcome)})
    else:
        _say(outcome, lang)
    if not outcome.is_equal:
        raise SystemExit(EXIT_NOT_YET if outcome.moved else EXIT_DIFFERS)
    if outcome.parked:
        raise SystemExit(EXIT_PARKED)


def _stops(positions: Iterable[str], lane: str) -> dict[str, set[int]]:
    stops: dict[str, set[int]] = {}
    for text in positions:
        service, position = read_place("at", text, lane, SERVICES)
        stops.setdefault(service, set()).add(position)
    return stops


def _say(outcome: Outcome, lang: Language) -> None:
    rows = (
        (
            f"{report.service}/{report.position}",
            " ".join(f"{name}/{at}" for name, at in report.followed.items()) or "–",
            str(report.aggregates),
            str(report.documents),
            str(report.outcomes),
            str(report.differences),
        )
        for report in outcome.reports
    )
    texts = ("ledger", "followed", "aggregates", "work_documents", "outcomes", "differences")
    say_table(word("rebuilt", "heading", lang), columns_of(texts, (), lang), rows)
    states = [state for report in outcome.reports for state in report.states]
    if states:
        say_table(
            word("read_model_at", "heading", lang),
            columns_of(("position", "work_documents", "content_hash"), (), lang),
            ((state.at, str(state.documents), state.sha256) for state in states),
        )
    for report in outcome.reports:
        for each in report.named:
            click.echo(f"{report.service}: {each.what} {each.name}: {each.why}")
        if report.differences > len(report.named):
            more = report.differences - len(report.named)
            click.echo(f"{report.service}: {more} {word('more', 'heading', lang)}")
        for place in report.parked:
            click.echo(f"{report.service}: {word('parked', 'heading', lang)}: {place}")
    if outcome.moved:
        click.echo(f"{word('moved', 'heading', lang)}: {', '.join(outcome.moved)}")
