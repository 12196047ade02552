"""What budgeting decided about personal data, and how far intake has carried it out.

It asks budgeting's ledger for the decisions and intake's store for what is there and destroyed. It
must not know how a key is destroyed, and gives no command itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from grant_audit import queries
from grant_audit.pages import CaseFiles
from grant_intake.personal import HOLDER
from grant_intake.personal_records import KeyDestruction
from grant_store.personal.ends import DecidedEnd, EndsOfCase
from grant_store.store import Store
from pruefpfad.decided_ends import DecidedInBudgeting

State = Literal["due", "held", "taken_back", "without_data"]


@dataclass(frozen=True)
class Outstanding:
    """What is left of a decision that keys end: of one person and purpose.

    `due`: two keepers carry it out. `held`: a hold has taken it back, and is set. `taken_back`: no
    longer, so that it is to be decided again. `without_data`: the case never had such data, so that
    the decision touches nothing. `decided_at` is the deciding event, such as "budgeting/main/57".
    """

    reference: str
    subject: UUID
    purpose: str
    reason: str
    decided_on: date
    decided_at: str
    state: State


def outstanding(pages: CaseFiles, decided: DecidedInBudgeting, intake: Store) -> list[Outstanding]:
    """All that is left, the oldest decision first; each person, purpose and state once."""
    found: dict[tuple[UUID, str, State], Outstanding] = {}
    for file in queries.every_case(pages, ("budgeting",)):
        page = (file.budgeting or {}).get("retention")
        if page:
            for each in _of_case(page["reference"], file.case_id, decided, intake):
                found.setdefault((each.subject, each.purpose, each.state), each)
    return sorted(found.values(), key=lambda each: (each.decided_on, each.reference, each.purpose))


def _of_case(
    reference: str, case_id: UUID, decided: DecidedInBudgeting, intake: Store
) -> Iterator[Outstanding]:
    ends = decided.known_of(case_id)
    if not (ends.decided or ends.taken_back):
        return
    holders = _holders(intake, case_id)
    for end, state in sorted(_by_state(ends), key=lambda each: each[0].decided_on):
        for subject, purpose in _without_data(end, holders) if state == "due" else ():
            yield _outstanding(reference, subject, purpose, end, "without_data")
        for subject, purpose in holders:
            covered = end.subject in (None, subject) and purpose in end.purposes
            if covered and not intake.stream(KeyDestruction.create_id(subject, purpose)):
                yield _outstanding(reference, subject, purpose, end, state)


def _by_state(ends: EndsOfCase) -> Iterator[tuple[DecidedEnd, State]]:
    yield from ((each, "due") for each in ends.decided)
    taken_back: State = "held" if ends.holds else "taken_back"
    yield from ((each, taken_back) for each in ends.taken_back)


def _holders(intake: Store, case_id: UUID) -> list[tuple[UUID, str]]:
    """Whose data the case has or had, and what for."""
    keys = [document.key.split("/") for document in intake.documents(HOLDER, f"{case_id}/")]
    return [(UUID(subject), purpose) for _, purpose, subject in keys]


def _without_data(end: DecidedEnd, holders: list[tuple[UUID, str]]) -> Iterator[tuple[UUID, str]]:
    """A disposal ends whatever there is; a person's request is about something."""
    if end.subject is not None:
        asked = [(end.subject, purpose) for purpose in end.purposes]
        yield from (each for each in asked if each not in holders)


def _outstanding(
    reference: str, subject: UUID, purpose: str, end: DecidedEnd, state: State
) -> Outstanding:
    return Outstanding(reference, subject, purpose, end.reason, end.decided_on, end.place, state)
