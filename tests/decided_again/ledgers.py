"""Recorded ledgers as stores, with or without a value of one event altered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, cast
from uuid import UUID

import msgspec

from grant_store.rows import LedgerEvent
from grant_store.store import Store
from histories.recording import Ledgers
from pruefpfad.decided_again.differences import Difference, Finding
from pruefpfad.decided_again.replay import CALLS, Selection, Tally, decided_again

OTHER_ID = "00000000-0000-4000-8000-000000000001"


class Rows:
    """The rows of one ledger, and what is read of a store to decide again."""

    def __init__(self, service: str, rows: Sequence[LedgerEvent]) -> None:
        self.origin = f"{service}/main"
        self._rows = rows

    def events_after(self, position: int, limit: int) -> Sequence[LedgerEvent]:
        return self._rows[position : position + limit]

    def stream(self, originator_id: UUID) -> Sequence[LedgerEvent]:
        return [row for row in self._rows if row.originator_id == originator_id]


def differences_in(
    ledgers: Mapping[str, Sequence[LedgerEvent]], selection: Selection, tally: Tally
) -> list[Difference]:
    """Raises AssertionError where the program itself failed: no altered record may make it."""
    found = findings_in(ledgers, selection, tally)
    differing = [each for each in found if isinstance(each, Difference)]
    assert differing == found, [each for each in found if each not in differing]
    return differing


def findings_in(
    ledgers: Mapping[str, Sequence[LedgerEvent]], selection: Selection, tally: Tally
) -> list[Finding]:
    stores = {name: cast(Store, Rows(name, ledgers.get(name, ()))) for name in CALLS}
    return list(decided_again(stores, selection, tally, lambda *_: None))


def altered(ledgers: Ledgers, row: LedgerEvent, field: str) -> Ledgers | None:
    """The ledgers with another value in a field of an event; None where there is nothing to
    alter, such as an empty list."""
    state = msgspec.json.decode(row.state)
    changed = another(state[field])
    if changed == state[field]:
        return None
    service = row.topic.partition(".")[0]
    rows = list(ledgers[service])
    rows[row.position - 1] = row._replace(state=msgspec.json.encode({**state, field: changed}))
    return {**ledgers, service: rows}


def another(value: Any) -> Any:
    """Another value of the same form; in a list the first changes, in an object the last."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str):
        return _another_text(value)
    if isinstance(value, list) and value:
        return [another(value[0]), *value[1:]]
    if isinstance(value, dict) and value:
        last = list(value)[-1]
        return {**value, last: another(value[last])}
    return value


def _another_text(text: str) -> str:
    try:
        return (date.fromisoformat(text) + timedelta(days=1)).isoformat()
    except ValueError:
        return OTHER_ID if _is_id(text) else f"{text}x"


def _is_id(text: str) -> bool:
    try:
        return bool(UUID(text))
    except ValueError:
        return False
