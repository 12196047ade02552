"""What intake publishes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, ClassVar

from grant_contracts.envelope import Fact
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
