"""Documents of a case: what is on file, by hash, who holds it and where. No broker, no database.

The documents themselves stay outside. A title names a kind of paper, never a person: what is
recorded is hashed and cannot be taken back.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID, uuid5

from eventsourcing.domain import Aggregate, event

from grant_values.invalid import Invalid


class FiledDocument(Aggregate):
    """One document on the file of a case: what it evidences, who holds it and where.

    Art. 25 Abs. 2 VO (EU) 480/2014: identity and location of the bodies that hold the documents.
    """

    class DocumentFiled(Aggregate.Created):
        TOPIC = "intake.DocumentFiled"
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

    class DocumentSuperseded(Aggregate.Event):
        TOPIC = "intake.DocumentSuperseded"
        document: str
        superseded_by: str
        reason: str
        recorded_by: str
        effective_on: date

    @staticmethod
    def create_id(case_id: UUID, document: str) -> UUID:
        return uuid5(case_id, f"/documents/{document}")

    @event(DocumentFiled)
    def __init__(
        self,
        case_id: UUID,
        reference: str,
        document: str,
        title: str,
        sha256: str,
        mime: str,
        size_bytes: int,
        holder: str,
        location: str,
        items: tuple[int, ...],
        retention_class: str,
        filed_by: str,
        effective_on: date,
    ) -> None:
        self.case_id = case_id
        self.document = document
        self.filed_on = effective_on
        self.superseded_by = ""

    # Decide.
    def supersede(
        self, superseded_by: str, reason: str, recorded_by: str, effective_on: date
    ) -> None:
        """Another document of the case takes this one's place. This one stays on file."""
        if self.superseded_by:
            raise Invalid(
                "document", f"expected one in force: {self.superseded_by} took its place before"
            )
        if superseded_by == self.document:
            raise Invalid("superseded_by", "expected another document than the one it replaces")
        if effective_on < self.filed_on:
            raise Invalid(
                "effective_on", f"expected a day not before the filing on {self.filed_on}"
            )
        self._supersede(self.document, superseded_by, reason, recorded_by, effective_on)

    # Apply.
    @event(DocumentSuperseded)
    def _supersede(
        self, document: str, superseded_by: str, reason: str, recorded_by: str, effective_on: date
    ) -> None:
        self.superseded_by = superseded_by
