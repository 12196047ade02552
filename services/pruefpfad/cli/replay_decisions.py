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
from pruefpfad.decided_again.differences import Difference, Fault, Finding
from pruefpfad.decided_again.replay import CALLS, Selection, Tally, decided_again

EXIT_DIFFERS = 1
EXIT_FAULT = 6
_WIDEST_VALUE = 120


@click.command(
    epilog="Example: pruefpfad --data var/demo replay decisions --case ESF1420-000015. Exit code 0:"
    " everything came out as recorded; 1: something came out otherwise; 6: nothing did, but this"
    " program failed at some events, which are named and are neither right nor wrong."
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
    if _differences(found):
        raise SystemExit(EXIT_DIFFERS)
    if found:
        raise SystemExit(EXIT_FAULT)


def _heads(stores: Mapping[str, Store]) -> dict[str, int]:
    return {name: stores[name].head().position for name in CALLS}


def _differences(found: Iterable[Finding]) -> list[Difference]:
    return [each for each in found if isinstance(each, Difference)]


def _faults(found: Iterable[Finding]) -> list[Fault]:
    return [each for each in found if isinstance(each, Fault)]


def _say(tally: Tally, found: Iterable[Finding], lang: Language) -> None:
    def term(name: str) -> str:
        return word(name, "decided_again", lang)

    counts = (tally.recomputed, tally.differing, tally.given, tally.failed)
    rows = [(topic, *(str(count[topic]) for count in counts)) for topic in _topics(tally)]
    columns = [term(name) for name in ("event", "compared", "differing", "given", "failed")]
    say_table(term("title"), columns, rows)
    for each in _differences(found):
        click.echo(
            f"{_place(each, term('case'))}: {each.field}:"
            f" {term('recorded')} {_short(each.recorded)},"
            f" {term('computed')} {_short(each.computed)}"
        )
    for fault in _faults(found):
        place = _place(fault, term("case"))
        click.echo(f"{place}: {term('fault')}: {fault.error} ({fault.raised_at})")
    click.echo(
        f"{tally.recomputed.total()} {term('again')}, {tally.differing.total()} {term('differ')}"
    )
    if tally.failed:
        click.echo(f"{tally.failed.total()} {term('not_computed')}")


def _place(found: Finding, case: str) -> str:
    on_case = f", {case} {found.case_id}" if found.case_id else ""
    return f"{found.origin}/{found.position} {found.topic}{on_case}"


def _say_json(tally: Tally, found: Iterable[Finding]) -> None:
    counts = {
        topic: {
            "decided_again": tally.recomputed[topic],
            "differing": tally.differing[topic],
            "given": tally.given[topic],
            "failed": tally.failed[topic],
        }
        for topic in _topics(tally)
    }
    say_json(
        {
            "events": counts,
            "differences": [asdict(each) for each in _differences(found)],
            "faults": [asdict(each) for each in _faults(found)],
        }
    )


def _topics(tally: Tally) -> list[str]:
    return sorted({*tally.recomputed, *tally.given, *tally.failed}, key=_order)


def _order(topic: str) -> tuple[int, str]:
    """The services in the order of a grant's life."""
    return list(CALLS).index(topic.partition(".")[0]), topic


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _WIDEST_VALUE else f"{text[:_WIDEST_VALUE]}…"
