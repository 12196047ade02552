"""The case file as of a day, an instant or positions, of what audit has followed: its own history.

A service may not read the ledgers of others. But audit has a page for each event that it followed,
and what it has parked: these are folded again, by the projections that once wrote them. It reads
audit's store alone and writes nothing; who asks, and what is shown, it must not know.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import product
from typing import Protocol
from uuid import UUID

import msgspec

from grant_audit.as_of import AsOf
from grant_audit.effective_axis import Begun, counting_on
from grant_audit.pages import CASE, HISTORY, NO_CASE, SECTIONS, CaseFiles
from grant_audit.projections import decoded
from grant_audit.queries import events_followed
from grant_audit.rebuilding import Known, RebuiltPages, write_pages
from grant_bus.parked import EVENT as PARKED
from grant_bus.parked import ParkedEvent
from grant_contracts.envelope import SOURCE_PREFIX, SPEC_VERSION, TYPE_PREFIX, CloudEvent
from grant_store.rows import Document
from grant_values.invalid import Invalid

EVENTS_AT_ONCE = 500
"""About so many events are read and folded before others in the process have their turn."""
_DIGITS = "0123456789abcdef"
_NO_ID = UUID(int=0)


class Followed(CaseFiles, Protocol):
    """Audit's store, as far as it is read here."""

    def document_counts(self) -> Mapping[str, int]: ...


def followed_positions(store: CaseFiles, as_of: AsOf) -> dict[str, int]:
    """Up to which position of each service events are looked for. Where positions are named, all
    have to be: audit keeps no ledger that tells when one of them was recorded."""
    followed = {name: store.tracked(f"{name}/{store.lane}").position for name in SECTIONS}
    if not as_of.positions:
        return followed
    if missing := [name for name in SECTIONS if name not in as_of.positions]:
        named = ", ".join(missing)
        raise Invalid("position", f"expected one of each service, as answers name them, of {named}")
    for name, position in as_of.positions.items():
        if position > followed[name]:
            raise Invalid("position", f"expected at most {name}/{followed[name]}, as was followed")
    return {name: as_of.positions[name] for name in SECTIONS}


def followed_case(store: Followed, case_id: UUID, as_of: AsOf) -> RebuiltPages:
    """The pages of one case and of what stands above all cases, as `as_of.rebuilt_case` has them:
    those of budget lines have the postings of this case alone."""
    fold = _Fold(store, as_of)
    fold.take([*_of(store, NO_CASE), *_of(store, str(case_id))])
    return fold.end()


def followed_without_cases(store: Followed, as_of: AsOf) -> RebuiltPages:
    """The pages of the events that are on no case: programmes, calls, payment runs."""
    fold = _Fold(store, as_of)
    fold.take(_of(store, NO_CASE))
    return fold.end()


def followed_by_all(
    store: Followed, as_of: AsOf, services: Collection[str] = SECTIONS
) -> RebuiltPages:
    """All pages but the history, or those that the events of these services write. Case after case:
    what is above all cases comes first, and no case writes on the pages of another."""
    fold = _Fold(store, as_of, services, with_history=False)
    fold.take(_of(store, NO_CASE))
    for prefix in _prefixes(store.document_counts().get(HISTORY, 0)):
        fold.take(_of(store, prefix))
    return fold.end()


def computed_from(pages: CaseFiles, as_of: AsOf) -> dict[str, object]:
    """Of what an answer was computed: given again as axes, it makes the same answer."""
    asked = {"effective": as_of.effective, "recorded": as_of.recorded}
    given = {name: axis for name, axis in asked.items() if axis is not None}
    return {"positions": events_followed(pages), **given}


def _prefixes(events: int) -> Iterator[str]:
    """What the ids of cases begin with: each stands for few enough events."""
    digits = 1
    while events > EVENTS_AT_ONCE * len(_DIGITS) ** digits:
        digits += 1
    yield from map("".join, product(_DIGITS, repeat=digits))


def _of(store: CaseFiles, prefix: str) -> list[Document]:
    return [*store.documents(HISTORY, prefix), *store.documents(PARKED, prefix)]


class _Fold:
    """Pages that grow by the events of one part of the history after the other."""

    def __init__(
        self,
        store: Followed,
        as_of: AsOf,
        services: Collection[str] = SECTIONS,
        *,
        with_history: bool = True,
    ) -> None:
        self._as_of = as_of
        self._lasts = followed_positions(store, as_of)
        self._services = services
        self._pages = RebuiltPages(store.lane, with_history=with_history)
        self._begun: dict[str, Begun] = {service: {} for service in SECTIONS}

    def take(self, documents: Iterable[Document]) -> None:
        events = defaultdict[str, list[CloudEvent]](list)
        for document in documents:
            service = _service_of(document)
            if service is None or service in self._services:
                event = _event_in(document, self._as_of)
                events[event.origin.partition("/")[0]].append(event)
        for service in self._services:
            known = [event for event in events[service] if self._was_recorded(service, event)]
            self._write(service, sorted(known, key=lambda event: event.at))
        self._pages.put_away(CASE)

    def end(self) -> RebuiltPages:
        for service, last in self._lasts.items():
            self._pages.close(f"{service}/{self._pages.lane}", last)
        return self._pages

    def _was_recorded(self, service: str, event: CloudEvent) -> bool:
        recorded = self._as_of.recorded
        return event.at <= self._lasts[service] and (recorded is None or event.time <= recorded)

    def _write(self, service: str, events: Sequence[CloudEvent]) -> None:
        known = [(event, decoded(event)) for event in events]
        write_pages(self._pages, self._counting(service, known))

    def _counting(self, service: str, known: list[Known]) -> Iterable[Known]:
        day = self._as_of.effective
        if day is None:
            return known
        return counting_on(day, service, partial(iter, known), self._begun[service])


class _Entry(msgspec.Struct):
    """A page of the history, as far as the event that wrote it can be read from it."""

    source: str
    position: int
    type: str
    schema_version: int
    recorded_at: datetime
    actor_id: str
    actor_role: str
    second_actor_id: str
    subject: UUID
    causation: str
    data: msgspec.Raw


_decode = msgspec.json.Decoder(_Entry).decode


def _service_of(document: Document) -> str | None:
    """The service whose event a page of history is of; None of what is parked: it does not say."""
    return document.key.rsplit("/", 2)[1] if document.kind == HISTORY else None


def _event_in(document: Document, as_of: AsOf) -> CloudEvent:
    """The event of a page, with what projections and days ask of it; that of a parked one whole."""
    body = document.body or b""
    if document.kind == PARKED:
        return msgspec.json.decode(body, type=ParkedEvent).cloud_event
    try:
        entry = _decode(body)
    except msgspec.ValidationError as error:
        again = "`pruefpfad feeds replay --follower audit --from 0` writes them anew"
        raise Invalid(_axis(as_of), f"expected pages of this program; {again}: {error}") from error
    case = document.key.partition("/")[0]
    return CloudEvent(
        specversion=SPEC_VERSION,
        id=_NO_ID,
        source=f"{SOURCE_PREFIX}{entry.source}",
        type=f"{TYPE_PREFIX}{entry.type}",
        subject=entry.subject,
        time=entry.recorded_at,
        position=str(entry.position),
        originatorversion="",
        schemaversion=str(entry.schema_version),
        leafhash="",
        data=entry.data,
        actorid=entry.actor_id,
        actorrole=entry.actor_role,
        secondactorid=entry.second_actor_id,
        causationid=entry.causation,
        caseid=None if case == NO_CASE else UUID(case),
    )


def _axis(as_of: AsOf) -> str:
    """The field that asked for more than what stands."""
    if as_of.effective is not None:
        return "effective"
    return "recorded" if as_of.recorded is not None else "position"
