"""What intake publishes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from grant_contracts.envelope import Fact
from grant_values.participants import CountedCell
from grant_values.shapes import (
    Applicant,
    Attachment,
    Declarations,
    FinancingPlan,
    Operation,
    Payee,
)


class ProgrammeRegistered(Fact, frozen=True, kw_only=True):
    """One dated version of a programme, with its whole definition."""

    TOPIC: ClassVar = "intake.ProgrammeRegistered"
    programme: str
    programme_version: str
    definition: dict[str, Any]
    definition_sha256: str
    registered_by: str


class CallOpened(Fact, frozen=True, kw_only=True):
    """A window for applications; both days belong to it."""

    TOPIC: ClassVar = "intake.CallOpened"
    programme: str
    programme_version: str
    call: str
    opens_on: date
    closes_on: date
    opened_by: str


class CallClosed(Fact, frozen=True, kw_only=True):
    """The window has ended; what comes later is late."""

    TOPIC: ClassVar = "intake.CallClosed"
    closed_on: date
    closed_by: str


class ApplicationSubmitted(Fact, frozen=True, kw_only=True):
    """An application was received. The case bears its id."""

    TOPIC: ClassVar = "intake.ApplicationSubmitted"
    VERSION: ClassVar = 2
    reference: str
    programme: str
    programme_version: str
    call: str
    received_at: datetime
    late: bool
    channel: str
    applicant: Applicant
    operation: Operation
    plan: FinancingPlan
    payee: Payee
    declarations: Declarations
    attachments: tuple[Attachment, ...]
    fingerprint: str


class CompletenessChecked(Fact, frozen=True, kw_only=True):
    """Somebody went through the checklist."""

    TOPIC: ClassVar = "intake.CompletenessChecked"
    complete: bool
    missing: tuple[str, ...]
    checklist: str
    checked_by: str
    effective_on: date


class ApplicationWithdrawn(Fact, frozen=True, kw_only=True):
    """The applicant took the application back; after an award this is a renunciation."""

    TOPIC: ClassVar = "intake.ApplicationWithdrawn"
    reason: str
    recorded_by: str
    effective_on: date


class DocumentFiled(Fact, frozen=True, kw_only=True):
    """A document is on the file of a case: by hash, with who holds it and where.

    `items` are those of Annex XIII that it evidences. The document itself stays outside.
    """

    TOPIC: ClassVar = "intake.DocumentFiled"
    case_id: UUID
    reference: str
    document: str
    title: str
    sha256: str
    mime: str
    size_bytes: int
    holder: str
    location: str
    items: tuple[int, ...]
    retention_class: str
    filed_by: str
    effective_on: date


class DocumentSuperseded(Fact, frozen=True, kw_only=True):
    """Another document of the case took the place of this one, which stays on file."""

    TOPIC: ClassVar = "intake.DocumentSuperseded"
    document: str
    superseded_by: str
    reason: str
    recorded_by: str
    effective_on: date


class ItemDeclaredNotApplicable(Fact, frozen=True, kw_only=True):
    """An item of Annex XIII that the case cannot have, and why."""

    TOPIC: ClassVar = "intake.ItemDeclaredNotApplicable"
    item: int
    reason: str
    declared_by: str
    effective_on: date


class ItemDeclaredApplicable(Fact, frozen=True, kw_only=True):
    """A declaration was taken back: the item of Annex XIII has to be evidenced."""

    TOPIC: ClassVar = "intake.ItemDeclaredApplicable"
    item: int
    reason: str
    declared_by: str
    effective_on: date


class PersonalDataRecorded(Fact, frozen=True, kw_only=True):
    """Data about a person came in, sealed. Who has no access to the vault cannot read them."""

    TOPIC: ClassVar = "intake.PersonalDataRecorded"
    case_id: UUID
    subject: UUID
    record: UUID
    purpose: str
    kind: str
    key: UUID
    sealed: str
    effective_on: date


class ParticipantEnrolled(Fact, frozen=True, kw_only=True):
    """A person takes part in an operation. Who it is stands sealed in records of their own."""

    TOPIC: ClassVar = "intake.ParticipantEnrolled"
    case_id: UUID
    programme: str
    subject: UUID
    number: int
    entered_on: date
    enrolled_by: str


class ParticipantLeft(Fact, frozen=True, kw_only=True):
    """A participant has left the operation."""

    TOPIC: ClassVar = "intake.ParticipantLeft"
    number: int
    left_on: date
    recorded_by: str


class ParticipantsCounted(Fact, frozen=True, kw_only=True):
    """A group of participants was counted, none of whom is in another count.

    Every cell has `smallest_group` persons or more; who could not be counted so is left out.
    Without a case, the group is one across the programme.
    """

    TOPIC: ClassVar = "intake.ParticipantsCounted"
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


class KeyDestroyed(Fact, frozen=True, kw_only=True):
    """What was sealed for this subject and purpose can never be read again, wherever it stands."""

    TOPIC: ClassVar = "intake.KeyDestroyed"
    case_id: UUID
    subject: UUID
    purpose: str
    key: UUID
    reason: str
    destroyed_by: str
    seconded_by: str
    effective_on: date


class RestoredKeyDestroyed(Fact, frozen=True, kw_only=True):
    """A backup of the vault had brought a destroyed key back, and it was destroyed once more."""

    TOPIC: ClassVar = "intake.RestoredKeyDestroyed"
    case_id: UUID
    subject: UUID
    purpose: str
    key: UUID
    destroyed_by: str
    seconded_by: str
    effective_on: date
