"""Participants of a case: enrolled with sealed records, and left.

Get, decide, keep. What is sealed is opened here to be checked, and never written anywhere in clear.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from grant_intake import personal
from grant_intake.domain import GrantApplication
from grant_intake.participation import Participation
from grant_intake.personal_records import KeyDestruction
from grant_store.work import UnitOfWork
from grant_values.invalid import Invalid
from grant_values.personal import PARTICIPANT_RECORDS, Sealed, place_of
from grant_values.shapes import Actor


def enrol_participant(
    work: UnitOfWork,
    by: Actor,
    reference: str,
    number: int,
    entered_on: date,
    **records: Sealed | None,
) -> None:
    """Record that a person takes part: who they are, and what is counted of them, sealed.

    Without either nobody is a participant (Annex I of Regulation (EU) No 1304/2013; R97).
    `records` are named by their purpose.
    """
    case = work.get(GrantApplication, GrantApplication.create_id(reference))
    _check_entry(case, entered_on)
    subject = place_of(case.id, "participant", number).subject
    if work.find(Participation, Participation.create_id(subject)):
        raise Invalid("number", f"expected a new number: {number} is enrolled")
    given = {field: each for field, each in records.items() if each}
    for field, each in given.items():
        personal.check_new(work, field, each, case.id, number)
    enrolled = Participation(
        case_id=case.id,
        programme=case.programme,
        subject=subject,
        number=number,
        entered_on=entered_on,
        enrolled_by=by.id,
    )
    work.keep(enrolled)
    work.write_document(*uncounted(enrolled))
    personal.record(work, case.id, entered_on, *given.values())


def record_departure(
    work: UnitOfWork, by: Actor, reference: str, number: int, left_on: date
) -> None:
    """Record on which day a participant has left the operation."""
    case = work.get(GrantApplication, GrantApplication.create_id(reference))
    subject = place_of(case.id, "participant", number).subject
    participation = work.find(Participation, Participation.create_id(subject))
    if participation is None:
        raise Invalid("number", "expected that of an enrolled participant")
    participation.leave(left_on, by.id)
    work.keep(participation)


def uncounted(enrolled: Participation) -> tuple[str, str, dict[str, Any]]:
    """What intake remembers of somebody who was not counted yet: also which counts asked for them
    and have left them out."""
    body = {
        "programme": enrolled.programme,
        "entered_on": enrolled.entered_on.isoformat(),
        "left_out": [],
    }
    return personal.UNCOUNTED, f"{enrolled.case_id}/{enrolled.subject}", body


def read_for_enrolment(payload: Mapping[str, Any]) -> Collection[UUID]:
    """Which aggregates a command asks for, so that they can be read together."""
    return tuple(_ids(payload))


def _ids(payload: Mapping[str, Any]) -> Iterator[UUID]:
    yield Participation.create_id(payload["identity"].subject)
    for purpose in PARTICIPANT_RECORDS:
        if (each := payload[purpose]) is not None:
            yield each.record
            yield KeyDestruction.create_id(*each.holder)


def _check_entry(case: GrantApplication, entered_on: date) -> None:
    if case.withdrawn:
        raise Invalid("reference", "expected that of a case that was not withdrawn")
    if entered_on < case.received_on:
        raise Invalid("entered_on", f"expected a day not before the receipt on {case.received_on}")
