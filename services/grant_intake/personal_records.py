"""Personal data as intake records them: sealed, and the destruction of what opens them.

Permanent events: PersonalDataRecorded, KeyDestroyed, RestoredKeyDestroyed. No broker, no database,
no clock, no key.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID, uuid5

from eventsourcing.domain import Aggregate, event

from grant_values.personal import Holder, Sealed


class PersonalRecord(Aggregate):
    """One sealed record about one person. A stream of its own: it neither grows nor changes."""

    class PersonalDataRecorded(Aggregate.Created):
        TOPIC = "intake.PersonalDataRecorded"
        case_id: UUID
        subject: UUID
        record: UUID
        purpose: str
        kind: str
        key: UUID
        sealed: str
        effective_on: date

    @staticmethod
    def create_id(record: UUID) -> UUID:
        return record

    @event(PersonalDataRecorded)
    def __init__(
        self,
        case_id: UUID,
        subject: UUID,
        record: UUID,
        purpose: str,
        kind: str,
        key: UUID,
        sealed: str,
        effective_on: date,
    ) -> None:
        self.case_id = case_id
        self.holder = Holder(subject, purpose)
        self.sealed = Sealed(subject, record, purpose, kind, key, sealed)


class KeyDestruction(Aggregate):
    """That a key was destroyed: by whom, and for which reason of law (Art. 17 GDPR; R98)."""

    class KeyDestroyed(Aggregate.Created):
        TOPIC = "intake.KeyDestroyed"
        case_id: UUID
        subject: UUID
        purpose: str
        key: UUID
        reason: str
        destroyed_by: str
        seconded_by: str
        effective_on: date

    class RestoredKeyDestroyed(Aggregate.Event):
        TOPIC = "intake.RestoredKeyDestroyed"
        case_id: UUID
        subject: UUID
        purpose: str
        key: UUID
        destroyed_by: str
        seconded_by: str
        effective_on: date

    @staticmethod
    def create_id(subject: UUID, purpose: str) -> UUID:
        """One for each subject and purpose: a key is destroyed once, and never replaced."""
        return uuid5(subject, f"destroyed/{purpose}")

    @event(KeyDestroyed)
    def __init__(
        self,
        case_id: UUID,
        subject: UUID,
        purpose: str,
        key: UUID,
        reason: str,
        destroyed_by: str,
        seconded_by: str,
        effective_on: date,
    ) -> None:
        self.case_id = case_id
        self.holder = Holder(subject, purpose)
        self.effective_on = effective_on

    def repeat(self, key: UUID, by: str, seconded_by: str, effective_on: date) -> None:
        """Record that a backup had brought the key back, and that it was destroyed once more."""
        subject, purpose = self.holder
        self._repeat(self.case_id, subject, purpose, key, by, seconded_by, effective_on)

    @event(RestoredKeyDestroyed)
    def _repeat(
        self,
        case_id: UUID,
        subject: UUID,
        purpose: str,
        key: UUID,
        destroyed_by: str,
        seconded_by: str,
        effective_on: date,
    ) -> None:
        pass
