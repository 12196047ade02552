"""What the decider knew: a decision of a case, read from the stores, with all that belongs to it.

It joins what only the composition root knows: which facts a service follows, and whose store is
whose. How events are sorted stands in `grant_audit.decisions`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict
from typing import Any
from uuid import UUID

from grant_audit import queries
from grant_audit.as_of import AsOf, Ledgers, events_of_case, rebuilt_case
from grant_audit.case_file import CaseFile
from grant_audit.decisions import (
    Heard,
    KnownThen,
    Place,
    decisions,
    heard_by,
    known_then,
)
from grant_audit.documents import HeldDocument, documents_of
from grant_audit.pages import SECTIONS
from grant_audit.rebuilding import no_progress
from grant_bus.feed import event_of
from grant_bus.parked import parked_events
from grant_contracts.envelope import CloudEvent
from grant_store.lifted import lifted_state
from grant_store.store import Store
from grant_values.cases import case_id_of
from grant_values.invalid import Invalid
from pruefpfad.assembly import SERVICES
from pruefpfad.rebuilt.aggregates import rows_of

Entries = dict[Place, queries.Entry]


class DecidedCase:
    """One case of these stores, and the decisions in it."""

    def __init__(self, ledgers: Ledgers, reference: str) -> None:
        self._ledgers = ledgers
        self._reference = reference
        self._case_id = case_id_of(reference)
        self._events = events_of_case(ledgers, ledgers["audit"], self._case_id)
        pages = rebuilt_case(ledgers, ledgers["audit"], self._case_id, AsOf())
        history = [*queries.history(pages, reference), *queries.history_without_case(pages)]
        self.entries: Entries = {
            (entry["source"].partition("/")[0], entry["position"]): entry for entry in history
        }
        of_case = {
            service: [known for known in events if known[0].caseid == self._case_id]
            for service, events in self._events.items()
        }
        self.decisions: list[CloudEvent] = decisions(of_case)

    def decision(self, number: int) -> CloudEvent:
        if not 1 <= number <= len(self.decisions):
            known = len(self.decisions)
            raise Invalid("decision", f"expected a number from 1 to {known}, not {number}")
        return self.decisions[number - 1]

    def event_at(self, place: Place) -> CloudEvent:
        """Any event of the case, or of what stands above cases: one that a rule decided, too."""
        service, position = place
        for event, _ in self._events[service]:
            if event.at == position and place in self.entries:
                return event
        raise Invalid("place", "expected that of an event on this case, or on none")

    def known_at(self, decision: CloudEvent) -> tuple[KnownThen, Heard]:
        """What was known of the case, and what the service's whole ledger says it had heard."""
        service, _ = place_of(decision)
        store = self._ledgers[service]
        heard = heard_by(_entries(store), decision.at, set(_passed(store, self._case_id)))
        return known_then(decision, self._events, self._case_id, heard, _wants), heard

    def as_it_stood(self, decision: CloudEvent) -> CaseFile | None:
        """The case as the service that decided had it in its own ledger before; None if it had
        nothing."""
        service, position = place_of(decision)
        others = {name: 0 for name in SECTIONS if name != service}
        return self._case_in(AsOf(positions={**others, service: position - 1}))

    def documents_then(self, decision: CloudEvent) -> list[HeldDocument]:
        """The documents that intake had on record at the instant of the decision; none where the
        case was not on record yet."""
        file = self._case_in(AsOf(recorded=decision.time))
        return [] if file is None else list(documents_of(file))

    def _case_in(self, as_of: AsOf) -> CaseFile | None:
        pages = rebuilt_case(self._ledgers, self._ledgers["audit"], self._case_id, as_of)
        try:
            return queries.case(pages, self._reference)
        except Invalid:
            return None


def place_of(event: CloudEvent) -> Place:
    return event.origin.partition("/")[0], event.at


def as_plain(
    case: DecidedCase, decision: CloudEvent, number: int | None, sentences: Mapping[Place, str]
) -> dict[str, Any]:
    """Everything about a decision as plain values for programs. It has no `number` where it was
    found by its place."""
    then, heard = case.known_at(decision)
    stood = case.as_it_stood(decision)

    def told(places: Collection[Place]) -> list[dict[str, Any]]:
        return [_told(case, place, then, sentences) for place in places]

    return {
        "decision": {
            "number": number,
            **_told(case, then.decision, then, sentences),
            "effective": then.effective,
            "actor_method": decision.actormethod,
            "command": decision.commandkey,
            "correlation": decision.correlationid,
        },
        "case": None if stood is None else {"state": stood.state, **asdict(stood)},
        "followed_at_least": dict(sorted(heard.before.items())),
        "known": told(then.known),
        "not_yet": told(then.not_yet),
        "untold": told(then.untold),
        "not_followed": told(then.not_followed),
        "late": told(then.late),
        "documents": [asdict(document) for document in case.documents_then(decision)],
    }


def _told(
    case: DecidedCase, place: Place, then: KnownThen, sentences: Mapping[Place, str]
) -> dict[str, Any]:
    at = then.reached.get(place)
    reached = None if at is None else f"{then.decision[0]}/{at}"
    return {**case.entries[place], "sentence": sentences[place], "reached": reached}


def _entries(store: Store) -> Iterator[CloudEvent]:
    for row in rows_of(store, store.head().position, no_progress):
        yield event_of(store.origin, row)


def _passed(store: Store, case_id: UUID) -> Iterator[Place]:
    """Events of the case that the service has passed and not applied: parked, or discarded."""
    for parked in parked_events(store, case_id):
        yield place_of(parked.cloud_event)
    discarded = f"{store.service}.ParkedEventDiscarded"
    for row in rows_of(store, store.head().position, no_progress):
        if row.topic == discarded:
            data = lifted_state(row, dict[str, Any])
            yield data["origin"].partition("/")[0], data["position"]


def _wants(service: str, event: CloudEvent) -> bool:
    policies = SERVICES[service].policies
    return place_of(event)[0] in policies.upstreams and policies.wants(event)
