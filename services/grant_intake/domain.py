"""Programmes, calls and the applications made under them. No broker, no database, no clock."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.domain import Aggregate, event

from grant_values.cases import case_id_of
from grant_values.invalid import Invalid
from grant_values.legal_time import legal_date
from grant_values.shapes import (
    Applicant,
    Attachment,
    Declarations,
    FinancingPlan,
    Operation,
    Payee,
)


class Programme(Aggregate):
    """One dated version of a programme's definition. A change of rules is a new version."""

    class ProgrammeRegistered(Aggregate.Created):
        TOPIC = "intake.ProgrammeRegistered"
        programme: str
        programme_version: str
        definition: dict[str, Any]
        definition_sha256: str
        registered_by: str

    @staticmethod
    def create_id(programme: str, programme_version: str) -> UUID:
        return uuid5(NAMESPACE_URL, f"/programmes/{programme}/{programme_version}")

    @event(ProgrammeRegistered)
    def __init__(
        self,
        programme: str,
        programme_version: str,
        definition: dict[str, Any],
        definition_sha256: str,
        registered_by: str,
    ) -> None:
        self.programme = programme
        self.programme_version = programme_version
        self.definition_sha256 = definition_sha256
        self.participants: dict[str, Any] = definition.get("participants", {})


class Call(Aggregate):
    """The window in which applications under one version of a programme are asked for."""

    class CallOpened(Aggregate.Created):
        TOPIC = "intake.CallOpened"
        programme: str
        programme_version: str
        call: str
        opens_on: date
        closes_on: date
        opened_by: str

    class CallClosed(Aggregate.Event):
        TOPIC = "intake.CallClosed"
        closed_on: date
        closed_by: str

    @staticmethod
    def create_id(programme: str, call: str) -> UUID:
        return uuid5(NAMESPACE_URL, f"/calls/{programme}/{call}")

    @event(CallOpened)
    def __init__(
        self,
        programme: str,
        programme_version: str,
        call: str,
        opens_on: date,
        closes_on: date,
        opened_by: str,
    ) -> None:
        self.programme = programme
        self.programme_version = programme_version
        self.call = call
        self.opens_on = opens_on
        self.closes_on = closes_on
        self.closed = False

    # Decide.
    def is_late(self, received_on: date) -> bool:
        """Whether an application received on this day came after the window."""
        return received_on > self.closes_on

    def close(self, closed_on: date, closed_by: str) -> None:
        """End the window, at its last day or before. Closing twice changes nothing."""
        if not self.closed:
            self._close(closed_on, closed_by)

    # Apply.
    @event(CallClosed)
    def _close(self, closed_on: date, closed_by: str) -> None:
        self.closed = True
        self.closes_on = min(self.closes_on, closed_on)


class GrantApplication(Aggregate):
    """What an applicant asks for. It is recorded whatever its merits (§ 24 Abs. 3 VwVfG NRW)."""

    class ApplicationSubmitted(Aggregate.Created):
        TOPIC = "intake.ApplicationSubmitted"
        class_version = 2
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

    class CompletenessChecked(Aggregate.Event):
        TOPIC = "intake.CompletenessChecked"
        complete: bool
        missing: tuple[str, ...]
        checklist: str
        checked_by: str
        effective_on: date

    class ApplicationWithdrawn(Aggregate.Event):
        TOPIC = "intake.ApplicationWithdrawn"
        reason: str
        recorded_by: str
        effective_on: date

    class ItemDeclaredNotApplicable(Aggregate.Event):
        TOPIC = "intake.ItemDeclaredNotApplicable"
        item: int
        reason: str
        declared_by: str
        effective_on: date

    class ItemDeclaredApplicable(Aggregate.Event):
        TOPIC = "intake.ItemDeclaredApplicable"
        item: int
        reason: str
        declared_by: str
        effective_on: date

    @staticmethod
    def create_id(reference: str) -> UUID:
        return case_id_of(reference)

    @event(ApplicationSubmitted)
    def __init__(
        self,
        reference: str,
        programme: str,
        programme_version: str,
        call: str,
        received_at: datetime,
        late: bool,
        channel: str,
        applicant: Applicant,
        operation: Operation,
        plan: FinancingPlan,
        payee: Payee,
        declarations: Declarations,
        attachments: tuple[Attachment, ...],
        fingerprint: str,
    ) -> None:
        self.reference = reference
        self.programme = programme
        self.received_on = legal_date(received_at)
        self.withdrawn = False
        self.complete: bool | None = None
        self.not_applicable: dict[int, str] = {}

    @property
    def case_id(self) -> UUID:
        return self.id

    # Decide.
    def check_completeness(
        self, missing: tuple[str, ...], checklist: str, checked_by: str, effective_on: date
    ) -> None:
        """Record whether all that the checklist asks for is there; `missing` names what is not."""
        self.refuse_before_receipt(effective_on)
        self._check(not missing, missing, checklist, checked_by, effective_on)

    def withdraw(self, reason: str, recorded_by: str, effective_on: date) -> None:
        """The applicant takes the application back. A second withdrawal changes nothing."""
        self.refuse_before_receipt(effective_on)
        if not self.withdrawn:
            self._withdraw(reason, recorded_by, effective_on)

    def declare_not_applicable(
        self, item: int, reason: str, declared_by: str, effective_on: date
    ) -> None:
        """An item of the audit trail that this case cannot have. The same again changes nothing."""
        self.refuse_before_receipt(effective_on)
        if self.not_applicable.get(item) != reason:
            self._declare_not_applicable(item, reason, declared_by, effective_on)

    def declare_applicable(
        self, item: int, reason: str, declared_by: str, effective_on: date
    ) -> None:
        """Take back what was declared of an item, which must then be evidenced."""
        self.refuse_before_receipt(effective_on)
        if item not in self.not_applicable:
            raise Invalid("item", "expected one that was declared not applicable")
        self._declare_applicable(item, reason, declared_by, effective_on)

    def refuse_before_receipt(self, effective_on: date) -> None:
        """`Invalid` for a day before there was a case."""
        if effective_on < self.received_on:
            raise Invalid(
                "effective_on", f"expected a day not before the receipt on {self.received_on}"
            )

    # Apply.
    @event(CompletenessChecked)
    def _check(
        self,
        complete: bool,
        missing: tuple[str, ...],
        checklist: str,
        checked_by: str,
        effective_on: date,
    ) -> None:
        self.complete = complete

    @event(ApplicationWithdrawn)
    def _withdraw(self, reason: str, recorded_by: str, effective_on: date) -> None:
        self.withdrawn = True

    @event(ItemDeclaredNotApplicable)
    def _declare_not_applicable(
        self, item: int, reason: str, declared_by: str, effective_on: date
    ) -> None:
        self.not_applicable[item] = reason

    @event(ItemDeclaredApplicable)
    def _declare_applicable(
        self, item: int, reason: str, declared_by: str, effective_on: date
    ) -> None:
        del self.not_applicable[item]
