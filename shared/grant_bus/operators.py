"""What operators may do in every service: retry and discard parked events, build a read model anew,
carry heads of the log into the history, and go on with a store that was restored.

Their commands go through the one writer like any other. What a parked event means is the policies'
business; who may be whose second person stands here, because no domain knows operators.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from eventsourcing.domain import Aggregate

from grant_bus.desk import Command
from grant_bus.parked import ParkedCase, ParkedEvent, count_on
from grant_bus.policies import Policies, context_of, why_not_applied
from grant_contracts import operators_commands as wire
from grant_store.log.checkpoint import Checkpoint
from grant_store.standing import DEMONSTRATION_ID, StandingAggregates
from grant_store.work import UnitOfWork
from grant_values.invalid import Invalid, NotEntitled
from grant_values.persons import second_person
from grant_values.shapes import Actor

OPERATOR = frozenset({"operator"})


class AppliedOnce(RuntimeError):
    """A parked event could be applied, and a moment later not: its policy asks something beside the
    store. Nothing is taken out, for its event would be lost."""


@dataclass(frozen=True)
class Operators:
    """The operators' commands of one service."""

    policies: Policies
    standing: StandingAggregates

    @property
    def of_every_service(self) -> Mapping[str, Command]:
        """What concerns a service's own history."""
        return {
            "anchor_head": Command(wire.AnchorHead, self.anchor_head, OPERATOR),
            "record_incident": Command(
                *(wire.RecordIncident, self.record_incident, OPERATOR),
                takes_second=True,
                mends=True,
                reopens=True,
            ),
        }

    @property
    def of_a_decider(self) -> Mapping[str, Command]:
        """Of a service that decides on what it follows: following it again would decide twice."""
        return {
            "retry_parked": Command(wire.RetryParked, self.retry_parked, OPERATOR, mends=True),
            "discard_parked": Command(
                wire.DiscardParked, self.discard_parked, OPERATOR, takes_second=True, mends=True
            ),
        }

    @property
    def of_a_read_model(self) -> Mapping[str, Command]:
        """Of a service that has nothing but what it followed: nothing may be missing from it."""
        return {
            "retry_parked": Command(wire.RetryParked, self.retry_parked, OPERATOR, mends=True),
            "replay_feeds": Command(wire.ReplayFeeds, self.replay_feeds, OPERATOR, mends=True),
        }

    def anchor_head(
        self, work: UnitOfWork, by: Actor, origin: str, size: int, root: str, note_sha256: str
    ) -> None:
        """Carry a head into the history. Twice the same, or where the last event is such a head
        itself, there is nothing to carry."""
        head = work.store.head().position
        if size > head:
            raise Invalid("size", f"expected a head of at most {head} events")
        _must_be_signed(work, Checkpoint(origin, size, bytes.fromhex(root)), note_sha256)
        kind = self.standing.anchor
        [last] = work.store.events_after(head - 1, 1)
        if last.topic == kind.HeadAnchored.TOPIC or work.find(kind, kind.create_id(origin, size)):
            raise Invalid("size", "expected something to be recorded since the last anchored head")
        anchor = kind(origin=origin, size=size, root=root, note_sha256=note_sha256)
        work.keep(anchor)

    def record_incident(
        self,
        work: UnitOfWork,
        by: Actor,
        seconded_by: Actor | None,
        known_size: int,
        known_root: str,
        reason: str,
    ) -> None:
        """Put on record that the store does not lead to the last known head, and go on."""
        second = _second_person(work, by, seconded_by)
        broken = work.broken
        if broken is None:
            raise Invalid(
                "known_size", "expected a store that does not lead to its last known head"
            )
        if (known_size, known_root) != (broken.known.size, broken.known.root.hex()):
            expected = f"expected the last known head: {broken.known.size} events"
            raise Invalid("known_size", f"{expected}, root {broken.known.root.hex()}")
        incident = self.standing.incident(
            epoch=broken.known.epoch + 1,
            known_origin=broken.known.origin,
            known_size=known_size,
            known_root=known_root,
            found_size=broken.found_size,
            found_leaf=broken.found_leaf.hex(),
            reason=reason,
            recorded_by=by.id,
            seconded_by=second.id,
        )
        work.keep(incident)

    def retry_parked(self, work: UnitOfWork, by: Actor, case_id: UUID) -> None:
        """Apply what is parked of a case, up to the first event that still fails. That one stays
        with the events behind it; where none is left, the case is parked no longer."""
        parked = _known(ParkedCase(work, case_id))
        count, why = self._apply(work, parked.events)
        if why is not None:
            # What the failed event has changed is undone with all else, and the rest done again.
            work.start_over()
            self._apply_again(work, parked.events[:count])
            parked.replace(parked.events[count].failed(why))
        parked.remove(count)

    def discard_parked(
        self,
        work: UnitOfWork,
        by: Actor,
        seconded_by: Actor | None,
        case_id: UUID,
        origin: str,
        position: int,
        reason: str,
    ) -> None:
        """Take out the first parked event of a case, and put on record who bears that and why."""
        second = _second_person(work, by, seconded_by)
        parked = _known(ParkedCase(work, case_id))
        event = parked.events[0].cloud_event
        if (event.origin, event.at) != (origin, position):
            expected = f"expected the first parked event of the case: {event.origin}/{event.at}"
            raise Invalid("position", expected)
        if event.topic not in wire.MAY_BE_DISCARDED:
            raise NotEntitled("never_discarded")
        discarded = self.standing.discarded_event(
            case_id=case_id,
            origin=origin,
            position=position,
            event_id=event.id,
            event_topic=event.topic,
            reason=reason,
            discarded_by=by.id,
            seconded_by=second.id,
        )
        work.keep(discarded)
        parked.remove(1)

    def replay_feeds(self, work: UnitOfWork, by: Actor, from_position: int) -> None:
        """Drop the read model with what is parked; the feeds then bring every event again."""
        lane = work.store.lane
        work.forget_followed([f"{upstream}/{lane}" for upstream in self.policies.upstreams])
        count_on(work)

    def _apply(
        self, work: UnitOfWork, events: Sequence[ParkedEvent]
    ) -> tuple[int, Exception | None]:
        """How many could be applied, and why the next one could not; None if all could."""
        for count, parked in enumerate(events):
            event = parked.cloud_event
            unit = work.part(context_of(work.store.service, event))
            why = why_not_applied(self.policies, unit, event)
            if why is not None:
                return count, why
        return len(events), None

    def _apply_again(self, work: UnitOfWork, events: Sequence[ParkedEvent]) -> None:
        count, why = self._apply(work, events)
        if why is not None:
            event = events[count].cloud_event
            raise AppliedOnce(f"{event.type} at {event.origin}/{event.position}") from why


def _known(parked: ParkedCase) -> ParkedCase:
    if not parked.events:
        raise Invalid("case_id", "expected a case with parked events")
    return parked


def _must_be_signed(work: UnitOfWork, head: Checkpoint, note_sha256: str) -> None:
    """A head in the history that the log does not have would look like tampering for ever."""
    if work.signed is None:
        return
    note = work.signed(head.size)
    if note is None:
        raise Invalid("size", "expected a head that the log has signed")
    if not note.startswith(head.text):
        raise Invalid("root", f"expected the head of {head.size} events as the log has it")
    if sha256(note).hexdigest() != note_sha256:
        raise Invalid("note_sha256", "expected the SHA-256 of the note as the log has it")


def _second_person(work: UnitOfWork, by: Actor, second: Actor | None) -> Actor:
    demonstration = work.find(Aggregate, DEMONSTRATION_ID) is not None
    return second_person(by, second, demonstration=demonstration)
