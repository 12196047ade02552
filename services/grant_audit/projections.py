"""Every event of every service becomes a line of history and changes the pages it is about.

Responsible for decoding and dispatch. What a fact changes stands in one module per service.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from uuid import UUID

from grant_audit import (
    projections_budgeting,
    projections_disbursement,
    projections_eligibility,
    projections_intake,
    projections_standing,
)
from grant_audit.pages import HISTORY, NO_CASE, SECTIONS, Page, Pages, Projection, Shelf
from grant_contracts.envelope import CloudEvent, Fact
from grant_contracts.fact_reader import FactReader
from grant_contracts.registry import FACTS
from grant_store.work import UnitOfWork
from grant_values.cases import case_id_of

PROJECTIONS: Mapping[str, Projection] = {
    **{fact.TOPIC: project for fact, project in projections_intake.PROJECTIONS.items()},
    **{fact.TOPIC: project for fact, project in projections_eligibility.PROJECTIONS.items()},
    **{fact.TOPIC: project for fact, project in projections_budgeting.PROJECTIONS.items()},
    **{fact.TOPIC: project for fact, project in projections_disbursement.PROJECTIONS.items()},
    **projections_standing.projections_of(SECTIONS),
}

_READERS = {topic: FactReader(FACTS[topic]) for topic in PROJECTIONS}


def when_recorded(work: UnitOfWork, event: CloudEvent) -> None:
    """Write one event into the case file. An unknown topic or version stops the follower."""
    project(work, event, decoded(event))


def project(shelf: Shelf, event: CloudEvent, fact: Fact) -> None:
    """Write an event, whose fact is decoded, onto pages: the audit's own or rebuilt ones."""
    service = event.origin.partition("/")[0]
    pages = Pages(shelf, event, service, case_of(event, fact), _history_entry(event))
    shelf.write_document(HISTORY, history_key(event, pages.case_id), pages.history)
    PROJECTIONS[event.topic](pages, fact)


def decoded(event: CloudEvent) -> Fact:
    """The fact in an event. Raises ValueError for a topic or version that is not known here."""
    reader = _READERS.get(event.topic)
    if reader is None:
        raise ValueError(f"{event.topic} is not in the registry of facts.")
    return reader.read(event)


def case_of(event: CloudEvent, fact: Fact) -> UUID | None:
    """The case that an event is on, or None."""
    if event.caseid is not None:
        return event.caseid
    reference = getattr(fact, "reference", None)
    return case_id_of(reference) if reference else None


def history_key(event: CloudEvent, case_id: UUID | None) -> str:
    """The key of an event's page of history: they sort by case, instant, service, position."""
    instant = event.time.astimezone(UTC).isoformat(timespec="microseconds")
    service = event.origin.partition("/")[0]
    return f"{case_id or NO_CASE}/{instant}/{service}/{event.at:012d}"


def _history_entry(event: CloudEvent) -> Page:
    # The data stay the bytes that were recorded: they are spliced in, not decoded and written anew.
    return {
        "source": event.origin,
        "position": event.at,
        "type": event.topic,
        "schema_version": int(event.schemaversion),
        "recorded_at": event.time,
        "actor_id": event.actorid,
        "actor_role": event.actorrole,
        "second_actor_id": event.secondactorid,
        "subject": event.subject,
        "causation": event.causationid,
        "data": event.data,
    }
