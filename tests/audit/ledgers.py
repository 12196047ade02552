"""Ledgers of four services in memory, written unit by unit as the services' writers would."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec

from audit.feeds import a_fact
from grant_audit.pages import SECTIONS
from grant_contracts.registry import FACTS
from grant_store.rows import Head, LedgerEvent
from grant_values.cases import case_id_of

START = datetime(2019, 1, 1, 9, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Entry:
    """One fact of a unit: on the case of `reference` unless that is empty, about `subject`."""

    topic: str
    given: dict[str, Any] = field(default_factory=dict)
    subject: str = ""
    on_case: bool = True


class Ledger:
    """What is asked of a store by whoever reads its events."""

    lane = "main"

    def __init__(self, service: str) -> None:
        self.service = service
        self.origin = f"{service}/main"
        self.rows: list[LedgerEvent] = []

    def head(self) -> Head:
        return Head(len(self.rows), self.rows[-1].leaf_hash if self.rows else b"")

    def events_after(self, position: int, limit: int) -> list[LedgerEvent]:
        return self.rows[position : position + limit]

    def streams(self, originator_ids: Sequence[UUID]) -> dict[UUID, list[LedgerEvent]]:
        return {
            each: [row for row in self.rows if row.originator_id == each] for each in originator_ids
        }


class Offices:
    """The four services' ledgers. What is recorded as one unit has one cause and one instant."""

    def __init__(self) -> None:
        self.ledgers: dict[str, Any] = {service: Ledger(service) for service in SECTIONS}
        self.now = START
        self._units = 0

    def wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    def record(
        self, service: str, reference: str, entries: Sequence[Entry], cause: str = ""
    ) -> int:
        """The position of the last of these entries. `cause` is "<service>/<position>" of the event
        that they follow from; without it they come of a command."""
        self._units += 1
        origin = "{}/main/{}".format(*cause.split("/")) if cause else ""
        causation = f"event:{origin}" if origin else f"command:{self._units}"
        for entry in entries:
            self._append(self.ledgers[service], reference, entry, causation)
        return self.ledgers[service].head().position

    def _append(self, ledger: Ledger, reference: str, entry: Entry, causation: str) -> None:
        case_id = str(case_id_of(reference))
        names = {each.name for each in msgspec.structs.fields(FACTS[entry.topic])}
        known = {"reference": reference, "case_id": case_id} if entry.on_case else {}
        given = {**{key: known[key] for key in known if key in names}, **entry.given}
        metadata = {
            "actorid": "s-1",
            "actorrole": "decider",
            "causationid": causation,
            **({"caseid": case_id} if entry.on_case else {}),
        }
        position = len(ledger.rows) + 1
        row = LedgerEvent(
            position=position,
            event_id=uuid5(NAMESPACE_URL, f"{ledger.origin}/{position}"),
            originator_id=_subject_id(entry, reference),
            originator_version=position,
            topic=entry.topic,
            schema_version=1,
            recorded_at=self.now,
            state=json.dumps(a_fact(entry.topic, **given)).encode(),
            metadata=json.dumps(metadata).encode(),
            leaf_hash=bytes(32),
        )
        ledger.rows.append(row)


def _subject_id(entry: Entry, reference: str) -> UUID:
    """The aggregates that a case is mainly made of bear its id."""
    return uuid5(NAMESPACE_URL, entry.subject) if entry.subject else case_id_of(reference)
