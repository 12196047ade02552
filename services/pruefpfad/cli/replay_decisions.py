"""`pruefpfad replay decisions`: every automatic result and amount, decided again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from dataclasses import asdict
from typing import Any

import click

from grant_audit.sentences import Language, word
from grant_store.store import Store
from pruefpfad.cli.cases import lang_option
from pruefpfad.cli.installation import Installation, case_of, opens
from pruefpfad.cli.looking import on_record
from pruefpfad.cli.output import json_option, say_json, say_table
from pruefpfad.cli.progress import PositionBars
from pruefpfad.decided_again.differences import Difference
from pruefpfad.decided_again.replay import CALLS, Selection, Tally, decided_again

EXIT_DIFFERS = 1
_WIDEST_VALUE = 120


@click.command(
    epilog="Example: pruefpfad --data var/demo replay decisions --case ESF1420-000015. Exit code 0:"
    " everything came out as recorded; 1: something did not."
)
@click.option("--programme", help="Only the cases of this programme, and what belongs to no case.")
@click.option("--case", "case_name", help="Only this case: its reference or its id.")
@click.option(
    "--open-accounts",
    is_flag=True,
    help="Open sealed accounts by the vault, so that bank files are decided again too.",
)
@lang_option
@json_option
@opens
@on_record(required_on_servers=False)
def decisions(
    installation: Installation,
    programme: str | None,
    case_name: str | None,
    open_accounts: bool,
    lang: Language,
    as_json: bool,
) -> None:
    """Decide again, by the rules in this program, what rules have decided: checks, grants,
    earmarks, terms, legal days, orders, runs and refusals; and name what comes out otherwise than
    it is recorded. What persons have decided is taken as they did."""
    selection = Selection(case_of(case_name) if case_name else None, programme)
    tally = Tally()
    vault = installation.vault() if open_accounts else nullcontext()
    with installation.stores() as stores, vault as opened, PositionBars(_heads(stores)) as bars:
        found = list(decided_again(stores, selection, tally, bars.reached, opened))
    _say_json(tally, found) if as_json else _say(tally, found, lang)
    if found:
        raise SystemExit(EXIT_DIFFERS)


def _heads(stores: Mapping[str, Store]) -> dict[str, int]:
    return {name: stores[name].head().position for name in CALLS}


def _say(tally: Tally, found: Iterable[Difference], lang: Language) -> None:
    def term(name: str) -> str:
        return word(name, "decided_again", lang)

    topics = sorted({*tally.recomputed, *tally.given}, key=_order)
    rows = [
        (topic, str(tally.recomputed[topic]), str(tally.differing[topic]), str(tally.given[topic]))
        for topic in topics
    ]
    columns = [term(name) for name in ("event", "compared", "differing", "given")]
    say_table(term("title"), columns, rows)
    for each in found:
        case = f", {term('case')} {each.case_id}" if each.case_id else ""
        click.echo(
            f"{each.origin}/{each.position} {each.topic}{case}: {each.field}:"
            f" {term('recorded')} {_short(each.recorded)},"
            f" {term('computed')} {_short(each.computed)}"
        )
    click.echo(
        f"{tally.recomputed.total()} {term('again')}, {tally.differing.total()} {term('differ')}"
    )


def _say_json(tally: Tally, found: Iterable[Difference]) -> None:
    counts = {
        topic: {
            "decided_again": tally.recomputed[topic],
            "differing": tally.differing[topic],
            "given": tally.given[topic],
        }
        for topic in sorted({*tally.recomputed, *tally.given}, key=_order)
    }
    say_json({"events": counts, "differences": [asdict(each) for each in found]})


def _order(topic: str) -> tuple[int, str]:
    """The services in the order of a grant's life."""
    return list(CALLS).index(topic.partition(".")[0]), topic


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _WIDEST_VALUE else f"{text[:_WIDEST_VALUE]}…"
