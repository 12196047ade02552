"""What budgeting decided about personal data, and which of it intake has not carried out yet.

It reads the case files for the decisions and intake's store for what is destroyed, and says which
commands are left to give. It must not know how a key is destroyed, and gives no command itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from grant_audit import queries
from grant_audit.pages import CaseFiles
from grant_intake.personal import HOLDER
from grant_intake.personal_records import KeyDestruction
from grant_store.store import Store

_REASON_OF: Final[Mapping[str, str]] = {
    "consent_withdrawn": "consent_withdrawn",
    "no_longer_necessary": "no_longer_necessary",
    "unlawful": "unlawful_processing",
}
"""By which reason intake destroys keys, for each ground that erases."""


@dataclass(frozen=True)
class Outstanding:
    """Keys of a person and purpose that were decided to end and are still there.

    `decided_at` is the place of the deciding event, such as "budgeting/main/57".
    """

    reference: str
    subject: UUID
    purpose: str
    reason: str
    decided_on: date
    decided_at: str


@dataclass(frozen=True)
class _Decision:
    reference: str
    purposes: tuple[str, ...]
    subject: UUID | None
    reason: str
    decided_on: date
    decided_at: str


def outstanding(pages: CaseFiles, intake: Store) -> list[Outstanding]:
    """All that is left to carry out, the oldest decision first; each person and purpose once."""
    found: dict[tuple[UUID, str], Outstanding] = {}
    for file in queries.every_case(pages, ("budgeting",)):
        page = (file.budgeting or {}).get("retention", {})
        for decision in sorted(_decisions(page), key=lambda each: each.decided_on):
            for each in _left(intake, file.case_id, decision):
                found.setdefault((each.subject, each.purpose), each)
    return sorted(found.values(), key=lambda each: (each.decided_on, each.reference, each.purpose))


def _decisions(page: Mapping[str, Any]) -> Iterator[_Decision]:
    for asked in page.get("erasures", {}).values():
        decided = asked["decided"]
        if decided and decided["decision"] == "erase":
            yield _Decision(
                page["reference"],
                tuple(asked["purposes"]),
                UUID(asked["subject"]),
                _REASON_OF[decided["ground"]],
                date.fromisoformat(decided["effective_on"]),
                decided["place"],
            )
    disposed = page.get("disposed")
    if disposed:
        yield _Decision(
            page["reference"],
            tuple(disposed["purposes"]),
            None,
            "retention_ended",
            date.fromisoformat(disposed["effective_on"]),
            disposed["place"],
        )


def _left(intake: Store, case_id: UUID, decision: _Decision) -> Iterator[Outstanding]:
    for document in intake.documents(HOLDER, f"{case_id}/"):
        _, purpose, text = document.key.split("/")
        subject = UUID(text)
        if purpose not in decision.purposes or decision.subject not in (None, subject):
            continue
        if intake.stream(KeyDestruction.create_id(subject, purpose)):
            continue
        yield Outstanding(
            decision.reference,
            subject,
            purpose,
            decision.reason,
            decision.decided_on,
            decision.decided_at,
        )
