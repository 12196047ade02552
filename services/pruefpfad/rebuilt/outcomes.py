"""What became of commands, made again from the events that they recorded.

A sender who asks, or gives a command again, is answered by the outcome that is kept beside the
ledger. Which events a command has recorded, and whether one of them is a refusal, stands in the
ledger itself. What a command without events has become cannot be told from events, and is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import msgspec

from grant_audit.rebuilding import Progress
from grant_bus.feed import event_of
from grant_store.lifted import lifted_state
from grant_store.rows import LedgerEvent, SenderAndKey, StoredOutcome
from grant_store.store import Store
from pruefpfad.rebuilt.aggregates import UNREADABLE, rows_of
from pruefpfad.rebuilt.report import Report

OUTCOMES_AT_ONCE = 400
_REFUSED = "Refused"


class OfCommand(NamedTuple):
    """The events of one command, in their order. Those that policies record while an operator mends
    something are of the command's outcome as well, and bear no key of it."""

    name: SenderAndKey
    rows: Sequence[LedgerEvent]


def check_outcomes(store: Store, report: Report, progress: Progress) -> None:
    """Each command that has recorded events has the outcome that they lead to."""
    commands = _commands(store, report, progress)
    while part := list(islice(commands, OUTCOMES_AT_ONCE)):
        kept = store.outcomes([command.name for command in part])
        for command in part:
            report.outcomes += 1
            why = _why_not(command, kept.get(command.name))
            if why:
                report.differs("outcome", "/".join(command.name), why)


def _commands(store: Store, report: Report, progress: Progress) -> Iterator[OfCommand]:
    name, rows = ("", ""), list[LedgerEvent]()
    for row in _readable(rows_of(store, report.position, progress), store.origin):
        event = event_of(store.origin, row)
        of = event.actorid, event.commandkey
        if rows and of != name:
            yield OfCommand(name, rows)
            rows = []
        if event.commandkey:
            name = of
            rows.append(row)
    if rows:
        yield OfCommand(name, rows)


def _readable(rows: Iterable[LedgerEvent], origin: str) -> Iterator[LedgerEvent]:
    """Without those whose metadata cannot be read: their aggregates are named for it."""
    for row in rows:
        try:
            event_of(origin, row)
        except msgspec.MsgspecError:
            continue
        yield row


def _why_not(command: OfCommand, kept: StoredOutcome | None) -> str:
    """What the outcome should have been; empty where it is that."""
    if kept is None:
        return "the events lead to it; it is not there"
    first, last = command.rows[0].position, command.rows[-1].position
    if first not in kept.positions or last not in kept.positions:
        return f"its events stand at {first} to {last}, and not where it says"
    expected = _expected(command)
    if (kept.kind, kept.reason) != expected:
        return f"the events lead to {' '.join(filter(None, expected))!r}, and not to what it says"
    return ""


def _expected(command: OfCommand) -> tuple[str, str]:
    refusals = [row for row in command.rows if row.topic.endswith(_REFUSED)]
    if not refusals:
        return "recorded", ""
    try:
        return "refused", str(lifted_state(refusals[0], dict[str, Any])["reason"])
    except UNREADABLE:
        return "refused", ""
