"""Who takes part in an operation, as a number and two days; and counts of those who do.

Permanent events: ParticipantEnrolled, ParticipantLeft, ParticipantsCounted. What is known of a
person stands sealed in records of its own. No broker, no database, no clock, no key.
"""

from __future__ import annotations

from datetime import date
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.domain import Aggregate, event

from grant_values.cases import case_id_of
from grant_values.invalid import Invalid
from grant_values.participants import CountedCell


class Participation(Aggregate):
    """One person who benefits directly, and who could be identified and asked (R97)."""

    class ParticipantEnrolled(Aggregate.Created):
        TOPIC = "intake.ParticipantEnrolled"
        case_id: UUID
        programme: str
        subject: UUID
        number: int
        entered_on: date
        enrolled_by: str

    class ParticipantLeft(Aggregate.Event):
        TOPIC = "intake.ParticipantLeft"
        number: int
        left_on: date
        recorded_by: str

    @staticmethod
    def create_id(subject: UUID) -> UUID:
        return uuid5(subject, "participation")

    @event(ParticipantEnrolled)
    def __init__(
        self,
        case_id: UUID,
        programme: str,
        subject: UUID,
        number: int,
        entered_on: date,
        enrolled_by: str,
    ) -> None:
        self.case_id = case_id
        self.programme = programme
        self.subject = subject
        self.number = number
        self.entered_on = entered_on
        self.left_on: date | None = None

    # Decide.
    def leave(self, left_on: date, recorded_by: str) -> None:
        """The person's part in the operation has ended."""
        if self.left_on is not None:
            raise Invalid("number", f"expected a participant who has not left, on {self.left_on}")
        if left_on < self.entered_on:
            raise Invalid("left_on", f"expected a day not before the entry on {self.entered_on}")
        self._leave(self.number, left_on, recorded_by)

    # Apply.
    @event(ParticipantLeft)
    def _leave(self, number: int, left_on: date, recorded_by: str) -> None:
        self.left_on = left_on


class ParticipantCount(Aggregate):
    """One closed count: a group of participants, none of whom was counted before or is again.

    `left_out` are those who could not be counted without telling of single persons, or whose
    characteristics cannot be read any more.
    """

    class ParticipantsCounted(Aggregate.Created):
        TOPIC = "intake.ParticipantsCounted"
        programme: str
        programme_version: str
        reference: str
        counted_until: date
        smallest_group: int
        source: str
        persons: int
        cells: tuple[CountedCell, ...]
        left_out: tuple[UUID, ...]
        counted_by: str
        effective_on: date

    @staticmethod
    def create_id(programme: str, reference: str, counted_until: date) -> UUID:
        """`reference` is empty for a count across the cases of a programme."""
        scope = reference or "*"
        return uuid5(NAMESPACE_URL, f"/participant-counts/{programme}/{scope}/{counted_until}")

    @event(ParticipantsCounted)
    def __init__(
        self,
        programme: str,
        programme_version: str,
        reference: str,
        counted_until: date,
        smallest_group: int,
        source: str,
        persons: int,
        cells: tuple[CountedCell, ...],
        left_out: tuple[UUID, ...],
        counted_by: str,
        effective_on: date,
    ) -> None:
        self.programme = programme
        self.reference = reference
        self.counted_until = counted_until
        self.left_out = left_out

    @property
    def case_id(self) -> UUID | None:
        """The case that was counted; None for a count across cases."""
        return case_id_of(self.reference) if self.reference else None
