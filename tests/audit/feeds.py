"""Feeds of four services, made by hand, and an audit that follows them as it would in earnest."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec

from grant_audit.policies import UPSTREAMS, when_recorded
from grant_audit.schemas import COMMANDS
from grant_bus.actors import TokenCheck, new_signing_key
from grant_bus.desk import Desk
from grant_bus.feed import pack, unpack
from grant_bus.policies import EveryEvent
from grant_bus.writer import Writer
from grant_contracts.envelope import CloudEvent
from grant_contracts.registry import FACTS
from grant_store.catalogue import Catalogue
from grant_store.leaf import leaf_hash, microseconds
from grant_store.rows import LedgerEvent, NewEvent
from grant_store.sqlite import SQLiteStore
from grant_store.standing import StandingAggregates
from grant_values.cases import case_id_of
from support.personal import payee_on_the_wire

# Audit takes no command yet, so its desk never refuses access. The name is no service's own: the
# library finds aggregate classes by their names, and these must not stand in for real ones.
STANDING = StandingAggregates("no-service")
MORNING = datetime(2019, 3, 1, 8, 0, tzinfo=UTC)
DAY = date(2019, 3, 1)
ESF_2019 = {"fund": "ESF", "year": 2019, "amount_cents": 50_000}
LAND_2019 = {"fund": "Land", "year": 2019, "amount_cents": 30_000}
TRANCHES = [ESF_2019, LAND_2019]
APPLICANT = {
    "key": "B1",
    "name": "Quartier e. V.",
    "kind": "parish",
    "legal_person": True,
    "land": "DE-NW",
    "postcode": "44787",
    "city": "Bochum",
}
PAYEE = payee_on_the_wire("ZIQ-1")
RECORDED_IN = {topic: fact.VERSION for topic, fact in FACTS.items()}
"""The version of each event that today's program records."""
DEFINITION = {
    "code": "ziq",
    "version": "v1",
    "title": "Zusammen im Quartier",
    "cci": "2014DE05SFOP010",
    "money": {"esf_rate": "0.5", "land_only_modules": ["3"]},
}
TERMS = {
    "grant_cents": 80_000,
    "eligible_cents": 100_000,
    "tranches": TRANCHES,
    "financing_type": "Anteilfinanzierung",
    "starts_on": "2019-04-01",
    "ends_on": "2019-12-31",
    "authority": "Bezirksregierung",
    "side_provisions": "ANBest-P",
    "remedy_kind": "action",
    "remedy_months": 1,
    "remedy_instruction": "Klage",
}
REASONS = {"facts": "Sachverhalt", "law": "Recht", "discretion": "Ermessen"}
OPERATION = {
    "title": "Nachbarschaftstreff",
    "summary": "Ein Treff für alle",
    "funding_line": "",
    "module": "1",
    "starts_on": "2019-04-01",
    "ends_on": "2019-12-31",
    "postcode": "44787",
    "city": "Bochum",
    "category_code": "109",
    "target_groups": ["children"],
    "posts": [],
    "number": 7,
}
PLAN = {
    "eligible_cents": 100_000,
    "requested_cents": 80_000,
    "own_cents": 20_000,
    "others_cents": 0,
}
# Whatever a fact needs and a test does not care about, by name of the field.
ORDINARY: Mapping[str, Any] = {
    "programme": "ziq",
    "programme_version": "v1",
    "call": "2019",
    "applicant": APPLICANT,
    "operation": OPERATION,
    "plan": PLAN,
    "payee": PAYEE,
    "tranches": TRANCHES,
    "wanted": TRANCHES,
    "terms": TERMS,
    "received_at": "2019-02-01T09:00:00Z",
    "created_at": "2019-06-01T09:00:00Z",
    "late": False,
    "happened_on": None,
    "retain_until": "2027-12-31",
    "channel": "portal",
    "declarations": {
        "not_begun": True,
        "subsidy_facts_acknowledged": True,
        "no_double_funding": True,
    },
    "title": "Nachbarschaftstreff",
    "definition": DEFINITION,
    "eligible_cents": 100_000,
    "override_reason": "",
    "seconded_by": "",
    "debtor_iban": "DE02120300000000202051",
    "inputs": {},
    "calculation": {},
    "number": 7,
    "reason": "ceiling_exceeded",
    "result": "met",
    "rule": "seat_in_land",
    "explanation": "seat_in_the_land",
    "starts_on": "2019-04-01",
    "ends_on": "2019-12-31",
    "effective_on": str(DAY),
}


def a_fact(topic: str, **given: Any) -> dict[str, Any]:
    """The data of a fact, with ordinary values for what is not given."""
    fields = msgspec.structs.fields(FACTS[topic])
    data = {
        name: given.pop(name) if name in given else _ordinary(topic, name, field.type)
        for field in fields
        if (name := field.name) != "envelope"
    }
    if given:
        raise TypeError(f"{topic} has no field {', '.join(given)}.")
    return data


def _ordinary(topic: str, name: str, kind: Any) -> Any:
    if topic.endswith(("GrantPartiallyApproved", "ApplicationRejected")) and name == "reasons":
        return REASONS
    if name in ORDINARY:
        return ORDINARY[name]
    plain = {bool: True, int: 1, str: f"some-{name}", date: str(DAY), UUID: str(case_id_of(name))}
    return plain.get(kind, [])


@dataclass
class Feeds:
    """Records facts as the four services would; each has positions of its own."""

    events: list[CloudEvent] = field(default_factory=list)
    _positions: dict[str, Iterator[int]] = field(
        default_factory=lambda: {service: count(1) for service in UPSTREAMS}
    )
    _instants: Iterator[int] = field(default_factory=count)

    def record(
        self, topic: str, reference: str | None = None, subject: str = "", **given: Any
    ) -> None:
        """The next event of the topic's service, on the case of `reference` if there is one."""
        service = topic.partition(".")[0]
        names = {field.name for field in msgspec.structs.fields(FACTS[topic])}
        if reference:
            known = {"reference": reference, "case_id": str(case_id_of(reference))}
            given = {**{key: known[key] for key in known if key in names}, **given}
        state = json.dumps(a_fact(topic, **given)).encode()
        caseid = {"caseid": str(case_id_of(reference))} if reference else {}
        metadata = json.dumps({"actorid": "s-1", "actorrole": "decider", **caseid}).encode()
        position = next(self._positions[service])
        event = NewEvent(
            event_id=uuid5(NAMESPACE_URL, f"{service}/{position}"),
            originator_id=uuid5(NAMESPACE_URL, subject or reference or topic),
            originator_version=position,
            topic=topic,
            schema_version=RECORDED_IN[topic],
            state=state,
            metadata=metadata,
        )
        self.events += unpack(pack(f"{service}/main", [self._row(position, event)]))

    def _row(self, position: int, event: NewEvent) -> LedgerEvent:
        recorded_at = MORNING + timedelta(microseconds=next(self._instants))
        leaf = leaf_hash(position, microseconds(recorded_at), event)
        topic, version, state, metadata = event[3:]
        return LedgerEvent(position, *event[:3], topic, version, recorded_at, state, metadata, leaf)

    def by_service(self) -> dict[str, list[CloudEvent]]:
        return {
            service: [event for event in self.events if event.origin == f"{service}/main"]
            for service in UPSTREAMS
        }


@contextmanager
def an_audit(folder: Path) -> Iterator[tuple[SQLiteStore, Writer]]:
    """An audit with an empty store, which follows whatever it is given."""
    store = SQLiteStore(folder / "audit.sqlite3", "audit")
    store.migrate()
    desk = Desk("audit", COMMANDS, STANDING, TokenCheck(new_signing_key(), _now), _now)
    try:
        yield store, Writer(store, Catalogue(()), desk, EveryEvent(UPSTREAMS, when_recorded))
    finally:
        store.close()


def follow(writer: Writer, events: Sequence[CloudEvent]) -> None:
    """Follow these events in their order, one transaction for each run of one service."""
    batch: list[CloudEvent] = []
    for event in events:
        if batch and batch[-1].origin != event.origin:
            writer.follow(batch[-1].origin, batch)
            batch = []
        batch.append(event)
    if batch:
        writer.follow(batch[-1].origin, batch)


def _now() -> datetime:
    return MORNING
