"""`pruefpfad case known`: what the decider knew, and what was on record elsewhere by then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from grant_audit.as_of import AsOf
from grant_audit.pages import SECTIONS
from grant_audit.sentences import Language, sentence, word
from grant_contracts.envelope import CloudEvent
from grant_values.invalid import Invalid
from grant_values.places import read_place
from pruefpfad.cli.as_of import Origin, answers_auditors
from pruefpfad.cli.cases import columns_of, heading, lang_option
from pruefpfad.cli.installation import Installation
from pruefpfad.cli.output import json_option, say_json, say_table
from pruefpfad.known import DecidedCase, as_plain, place_of

LISTS = ("known", "not_yet", "untold", "not_followed", "late")


@click.command(
    "known",
    epilog="Example: pruefpfad --data var/demo/story case known ZIQ-2020-0001 --decision 7",
)
@click.argument("reference")
@click.option("--decision", "number", type=int, help="Its number; without it, list them all.")
@click.option(
    "--place",
    metavar="SERVICE/N",
    help="Any event instead: one that a rule decided, or of a payment run.",
)
@lang_option
@json_option
@answers_auditors
def known(
    installation: Installation,
    as_of: AsOf,
    reference: str,
    number: int | None,
    place: str | None,
    lang: Language,
    as_json: bool,
) -> None:
    """Tell what the service that decided knew of a case at a decision, refusals too.

    Its own ledger says what it had heard. Beside that stands what was recorded elsewhere and had
    not arrived, and what counted already and was recorded by nobody until later.
    """
    if not as_of.is_now:
        raise Invalid("decision", "expected no other axis: the decision itself says as of when")
    if place and number is not None:
        raise Invalid("place", "expected either --place or --decision: both name one event")
    at = read_place("place", place, installation.lane, SECTIONS) if place else None
    with installation.stores() as stores:
        case = DecidedCase(stores, reference)
        if number is None and at is None:
            heads = {service: stores[service].head().position for service in SECTIONS}
            _list(case, Origin(heads), lang, as_json=as_json)
            return
        sentences = {place: sentence(entry, lang) for place, entry in case.entries.items()}
        decision = case.event_at(at) if at else case.decision(number or 0)
        found = as_plain(case, decision, number, sentences)
    if as_json:
        say_json(found)
    else:
        _say(found, lang)


def _list(case: DecidedCase, origin: Origin, lang: Language, *, as_json: bool) -> None:
    numbered = list(enumerate(case.decisions, 1))
    if as_json:
        listed = [_line(case, number, event, lang) for number, event in numbered]
        say_json(origin.plain(decisions=listed))
        return
    texts = ("number", "place", "recorded_at", "decided_by", "decision")
    rows = [
        tuple(str(cell) for cell in _line(case, number, event, lang).values())
        for number, event in numbered
    ]
    say_table(heading("decisions", lang), columns_of(texts, (), lang), rows)
    click.echo(origin.line(lang))


def _line(case: DecidedCase, number: int, event: CloudEvent, lang: Language) -> dict[str, Any]:
    service, position = place = place_of(event)
    return {
        "number": number,
        "place": f"{service}/{position}",
        "recorded_at": event.time.isoformat()[:19],
        "actor_id": event.actorid,
        "sentence": sentence(case.entries[place], lang),
    }


def _say(found: dict[str, Any], lang: Language) -> None:
    say_table(
        f"{heading('decision', lang)} {found['decision']['number'] or _place(found['decision'])}",
        columns_of(("what", "how_it_stands"), (), lang),
        [(heading(name, lang), text) for name, text in _about(found, lang) if text],
    )
    for name in LISTS:
        if found[name]:
            _say_entries(heading(name, lang), found[name], lang)
    if found["documents"]:
        say_table(
            heading("evidence_then", lang),
            columns_of(("title", "file_hash"), (), lang),
            [(each["title"], each["sha256"]) for each in found["documents"]],
        )


def _about(found: dict[str, Any], lang: Language) -> list[tuple[str, str]]:
    decision = found["decision"]
    data, case = decision["data"], found["case"]
    reasons = data.get("reasons", "")
    role = word(decision["actor_role"], "role", lang)
    followed = " ".join(f"{name}/{at}" for name, at in found["followed_at_least"].items())
    return [
        ("event", decision["sentence"]),
        ("place", _place(decision)),
        ("recorded_at", decision["recorded_at"][:19]),
        ("counts_from", decision["effective"].isoformat()),
        ("decided_by", f"{decision['actor_id']} ({role})"),
        ("authentication", decision["actor_method"]),
        ("seconded_by", decision["second_actor_id"]),
        ("legal_basis", data.get("rule", "")),
        ("reasons", " · ".join(reasons.values()) if isinstance(reasons, dict) else reasons),
        ("command", decision["command"]),
        ("case_known_as", word(case["state"], "state", lang) if case else ""),
        ("followed_until", followed),
    ]


def _say_entries(title: str, entries: Sequence[dict[str, Any]], lang: Language) -> None:
    say_table(
        title,
        columns_of(("place", "recorded_at", "event", "reached"), (), lang),
        [
            (
                _place(entry),
                entry["recorded_at"][:19],
                entry["sentence"],
                entry["reached"] or "–",
            )
            for entry in entries
        ],
    )


def _place(entry: dict[str, Any]) -> str:
    return f"{entry['source'].partition('/')[0]}/{entry['position']}"
