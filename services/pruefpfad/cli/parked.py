"""`pruefpfad parked …`: what services could not apply, and what operators do about it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import click

from grant_bus.parked import ParkedEvent, parked_events
from grant_values.invalid import Invalid
from pruefpfad.assembly import SERVICES
from pruefpfad.cli.installation import Installation, Signed, case_of, commands, reads
from pruefpfad.cli.output import (
    EXIT_NOT_YET,
    finish,
    json_option,
    need_all_recorded,
    need_recorded,
    say_json,
    say_table,
)
from pruefpfad.cli.tokens import second_actor_token_option

FOLLOWERS = click.Choice(sorted(name for name, each in SERVICES.items() if each.policies.upstreams))
_PLACE = re.compile(r"([a-z0-9]+/[a-z0-9]+)/([1-9][0-9]*)")


@click.group(epilog="Example: pruefpfad --data var/demo parked list")
def parked() -> None:
    """Events that a service could not apply. Each waits with the later events of its case."""


@parked.command("list", epilog="Example: pruefpfad --data var/demo parked list --service budgeting")
@click.option("--service", type=FOLLOWERS, help="Only what this service could not apply.")
@click.option("--case", help="Only this case: its reference or its id.")
@json_option
@reads
def list_parked(
    installation: Installation, service: str | None, case: str | None, as_json: bool
) -> None:
    """List what is parked, case by case, in the order in which a retry applies it."""
    case_id = case_of(case) if case else None
    with installation.stores() as stores:
        rows = [
            row
            for name in sorted(FOLLOWERS.choices)
            if service in (None, name)
            for row in _rows(name, parked_events(stores[name], case_id))
        ]
    if as_json:
        say_json(rows)
        return
    columns = ("case", "service", "upstream", "position", "event", "reason", "since", "attempts")
    cells = ([_cell(row[column]) for column in columns] for row in rows)
    say_table(f"{len(rows)} parked events", columns, cells)


@parked.command(epilog="Example: pruefpfad --data var/demo parked show budgeting intake/main/7")
@click.argument("service", type=FOLLOWERS)
@click.argument("place")
@json_option
@reads
def show(installation: Installation, service: str, place: str, as_json: bool) -> None:
    """Show one parked event whole, with what went wrong. PLACE is its upstream and position."""
    origin, position = _read_place(place)
    with installation.stores() as stores:
        found = [
            (row, each)
            for row, each in _with_rows(service, parked_events(stores[service]))
            if (row["upstream"], row["position"]) == (origin, position)
        ]
    if not found:
        raise Invalid("place", f"expected that of an event that is parked in {service}")
    row, event = found[0]
    whole = {**row, "data": json.loads(bytes(event.event))}
    if as_json:
        say_json(whole)
        return
    for name, value in row.items():
        click.echo(f"{name:10} {_cell(value)}")
    click.echo(json.dumps(whole["data"], ensure_ascii=False, indent=2))


@parked.command(
    epilog="Example: pruefpfad --data var/demo parked retry budgeting ZIQ-2021-0001"
    " --actor-token TOKEN"
)
@click.argument("service", type=FOLLOWERS)
@click.argument("case", required=False)
@click.option("--all", "every", is_flag=True, help="Every case that is parked in the service.")
@json_option
@commands
def retry(
    installation: Installation,
    signed: Signed,
    service: str,
    case: str | None,
    every: bool,
    as_json: bool,
) -> None:
    """Apply what is parked of a CASE, in order, up to the first event that still fails.

    Each case is a transaction of its own. Exit code 5: something is still parked, and why is said.
    """
    if (case is None) != every:
        raise Invalid("case", "expected a case, or --all")
    case_ids = [case_of(case)] if case else _parked_cases(installation, service)
    name = f"{service}.retry_parked"
    messages = [
        signed.message(name, f":{each}" if every else "", case_id=str(each)) for each in case_ids
    ]
    with installation.writers() as ask:
        if every:
            need_all_recorded(map(ask, messages), as_json=as_json)
        else:
            need_recorded(ask(messages[0]), as_json=as_json)
    if installation.can_read:
        _say_what_is_left(installation, service, case_ids)


def _parked_cases(installation: Installation, service: str) -> list[UUID]:
    if not installation.can_read:
        raise Invalid("database-url", "expected the stores, to see which cases are parked")
    with installation.stores() as stores:
        return list({each.case_id: None for each in parked_events(stores[service])})


def _say_what_is_left(installation: Installation, service: str, case_ids: list[UUID]) -> None:
    """The first parked event of each case that still has some, and then exit code 5."""
    with installation.stores() as stores:
        left = [list(_rows(service, parked_events(stores[service], each))) for each in case_ids]
    for rows in filter(None, left):
        first = rows[0]
        click.echo(
            f"case {first['case']}: still parked: {len(rows)}, the first of them"
            f" {first['upstream']}/{first['position']} after {first['attempts']} attempts:"
            f" {first['reason']}",
            err=True,
        )
    if any(left):
        raise SystemExit(EXIT_NOT_YET)


@parked.command(
    epilog="Example: pruefpfad --data var/demo parked discard budgeting ZIQ-2021-0001"
    " intake/main/7 --reason 'sent twice' --actor-token @FILE --second-actor-token @FILE"
)
@click.argument("service", type=FOLLOWERS)
@click.argument("case")
@click.argument("place")
@click.option("--reason", required=True, help="Why it need not be applied. It goes on record.")
@second_actor_token_option("Another operator, who bears it beside the first.", required=False)
@json_option
@commands
def discard(
    installation: Installation,
    signed: Signed,
    service: str,
    case: str,
    place: str,
    reason: str,
    as_json: bool,
) -> None:
    """Take the first parked event of a CASE out for good. Two operators bear it, on record.

    Not for findings, decisions, withdrawals or payments: those are mended and retried.
    """
    origin, position = _read_place(place)
    if SERVICES[service].is_read_model:
        raise Invalid("service", f"expected one that decides; {service} keeps whatever happened")
    message = signed.message(
        f"{service}.discard_parked",
        case_id=str(case_of(case)),
        origin=origin,
        position=position,
        reason=reason,
    )
    finish(installation.ask(message), as_json=as_json)


def _with_rows(
    service: str, events: list[ParkedEvent]
) -> Iterator[tuple[dict[str, Any], ParkedEvent]]:
    """Each event with what a list shows of it; of the later ones of a case, what they wait for."""
    first: dict[UUID, str] = {}
    for each in events:
        event = each.cloud_event
        place = first.setdefault(each.case_id, f"{event.origin}/{event.at}")
        row = {
            "service": service,
            "upstream": event.origin,
            "case": str(each.case_id),
            "position": event.at,
            "event": event.topic,
            "reason": each.error or f"waits behind {place}",
            "since": each.parked_at,
            "attempts": each.attempts,
        }
        yield row, each


def _rows(service: str, events: list[ParkedEvent]) -> Iterator[dict[str, Any]]:
    return (row for row, _ in _with_rows(service, events))


def _read_place(text: str) -> tuple[str, int]:
    match = _PLACE.fullmatch(text)
    if match is None:
        raise Invalid("place", 'expected an upstream and a position, such as "intake/main/7"')
    return match[1], int(match[2])


def _cell(value: Any) -> str:
    return f"{value:%Y-%m-%d %H:%M:%S}" if isinstance(value, datetime) else str(value)


COMMANDS = (parked,)
