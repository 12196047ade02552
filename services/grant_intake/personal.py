"""Personal data of a case: recorded sealed, and destroyed with their key.

Get, decide, keep. Nothing sealed is taken before it was opened and is what it is said to be.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from eventsourcing.domain import Aggregate

from grant_intake.domain import GrantApplication
from grant_intake.personal_records import KeyDestruction, PersonalRecord
from grant_intake.sealed_records import check_content
from grant_store.personal.ends import EndsOfCase
from grant_store.standing import DEMONSTRATION_ID
from grant_store.work import UnitOfWork
from grant_values.invalid import Invalid, NotEntitled
from grant_values.personal import (
    PARTICIPANT_RECORDS,
    Holder,
    Sealed,
    SealedPayee,
    place_of,
)
from grant_values.persons import second_person
from grant_values.shapes import Actor

UNCOUNTED = "uncounted"  # <case id>/<subject>: who takes part and is in no count yet
COUNTED = frozenset({"characteristics", "special_categories"})
HOLDER = "personal"  # <case id>/<purpose>/<subject>: whose data a case has, and what for
COME_OTHERWISE = {"account": "an application"} | dict.fromkeys(
    PARTICIPANT_RECORDS.values(), "an enrolment"
)
"""Kinds of records that are checked together with what they belong to."""


def check_with_application(
    work: UnitOfWork, case_id: UUID, payee: SealedPayee, contacts: tuple[Sealed, ...]
) -> None:
    """`Invalid` unless an account and contact persons were sealed for this case."""
    _check_place("payee", payee, case_id, 1)
    check_content(work, "payee", payee)
    for number, contact in enumerate(contacts, 1):
        field = f"contacts.{number - 1}"
        if contact.kind != "contact_person":
            raise Invalid(f"{field}.kind", "expected 'contact_person'")
        _check_place(field, contact, case_id, number)
        check_content(work, field, contact)


def record(work: UnitOfWork, case_id: UUID, effective_on: date, *records: Sealed) -> None:
    """Record what is sealed, and remember whose it is."""
    for each in records:
        kept = PersonalRecord(
            case_id=case_id,
            subject=each.subject,
            record=each.record,
            purpose=each.purpose,
            kind=each.kind,
            key=each.key,
            sealed=each.sealed,
            effective_on=effective_on,
        )
        work.keep(kept)
        work.write_document(*document_of(kept))


def document_of(kept: PersonalRecord) -> tuple[str, str, dict[str, str]]:
    """What intake remembers of a record: whose data the case has, and what for."""
    subject, purpose = kept.holder
    return HOLDER, f"{kept.case_id}/{purpose}/{subject}", {"subject": str(subject)}


def record_personal_data(
    work: UnitOfWork,
    by: Actor,
    reference: str,
    records: tuple[tuple[int, Sealed], ...],
    effective_on: date,
) -> None:
    """Add sealed records to a case. Nothing is recorded if one of them does not fit."""
    application = work.get(GrantApplication, GrantApplication.create_id(reference))
    application.refuse_before_receipt(effective_on)
    for index, (number, each) in enumerate(records):
        field = f"records.{index}"
        if each.kind in COME_OTHERWISE:
            other = COME_OTHERWISE[each.kind]
            raise Invalid(f"{field}.kind", f"expected another kind: this comes with {other}")
        check_new(work, field, each, application.id, number)
    record(work, application.id, effective_on, *(each for _, each in records))


def check_new(work: UnitOfWork, field: str, sealed: Sealed, case_id: UUID, number: int) -> None:
    """`Invalid` unless a record was sealed for this case, has its form, and can be added to it."""
    _check_place(field, sealed, case_id, number)
    if work.find(PersonalRecord, sealed.record):
        raise Invalid(f"{field}.number", "expected a number that was not recorded before")
    if work.find(KeyDestruction, KeyDestruction.create_id(*sealed.holder)):
        raise Invalid(f"{field}.subject", "expected a person whose key was not destroyed")
    check_content(work, field, sealed)


def destroy_keys(
    work: UnitOfWork,
    by: Actor,
    seconded_by: Actor | None,
    reference: str,
    purpose: str,
    subject: UUID | None,
    reason: str,
    effective_on: date,
) -> None:
    """Destroy the keys of a case for one purpose, first in the vault and then on record.

    Only what was decided to end, for that reason, and under no hold; while it ends, nothing further
    is decided on the case. A fault between vault and record leaves a key destroyed and not on
    record: the same command finishes it, whatever was decided meanwhile.
    """
    second = _second_person(work, by, seconded_by)
    application = work.get(GrantApplication, GrantApplication.create_id(reference))
    application.refuse_before_receipt(effective_on)
    holders = _holders(work, application.id, purpose, subject)
    if reason == "retention_ended":
        _refuse_uncounted(work, application.id, holders)
    with work.ends.of_case(application.id) as decided:
        for holder in holders:
            if work.key_destroyer.has_key(holder):
                _check_was_decided(decided, holder, reason)
        keys = {holder: work.key_destroyer.destroy(holder) for holder in holders}
    if not any(keys.values()):
        raise Invalid("purpose", "expected data that were sealed with this vault")
    for holder, key in keys.items():
        if key is None:
            continue  # Of a foreign vault, and so unreadable. What was destroyed goes on record.
        destroyed = KeyDestruction(
            case_id=application.id,
            subject=holder.subject,
            purpose=purpose,
            key=key,
            reason=reason,
            destroyed_by=by.id,
            seconded_by=second.id,
            effective_on=effective_on,
        )
        work.keep(destroyed)


def destroy_restored_key(
    work: UnitOfWork,
    by: Actor,
    seconded_by: Actor | None,
    case_id: UUID,
    subject: UUID,
    purpose: str,
    effective_on: date,
) -> None:
    """Destroy a key whose destruction is on record, and which a restored vault opens again."""
    second = _second_person(work, by, seconded_by)
    holder = Holder(subject, purpose)
    destruction = work.find(KeyDestruction, KeyDestruction.create_id(*holder))
    if destruction is None or destruction.case_id != case_id:
        raise Invalid(
            "subject", "expected a person of the case whose key is on record as destroyed"
        )
    if effective_on < destruction.effective_on:
        first = destruction.effective_on
        raise Invalid("effective_on", f"expected {first} (the destruction's) or a later day")
    key = work.key_destroyer.destroy(holder) if work.key_destroyer.has_key(holder) else None
    if key is None:
        raise Invalid("subject", "expected a person whose key is back in the vault")
    destruction.repeat(key, by.id, second.id, effective_on)
    work.keep(destruction)


def _check_was_decided(decided: EndsOfCase, holder: Holder, reason: str) -> None:
    """`NotEntitled` where two persons want to end what is held, or what nobody decided to end."""
    if decided.holds:
        raise NotEntitled("legal_hold")
    reasons = {each.reason for each in decided.of(holder)}
    if not reasons:
        raise NotEntitled("end_not_decided")
    if reason not in reasons:
        raise Invalid("reason", f"expected that of the decision: {', '.join(sorted(reasons))}")


def records_named_in(payload: Mapping[str, Any]) -> Collection[UUID]:
    """Which records and destructions a command asks for, so that they can be read together."""
    return tuple(_ids(payload))


def _ids(payload: Mapping[str, Any]) -> Iterator[UUID]:
    for _, each in payload["records"]:
        yield each.record
        yield KeyDestruction.create_id(*each.holder)


def _holders(
    work: UnitOfWork, case_id: UUID, purpose: str, subject: UUID | None
) -> tuple[Holder, ...]:
    """Whose keys are to be destroyed, without those of which it is on record already."""
    prefix = f"{case_id}/{purpose}/"
    subjects = [UUID(key.removeprefix(prefix)) for key, _ in work.documents(HOLDER, prefix)]
    asked = [each for each in subjects if subject in (None, each)]
    if not asked:
        field, what = ("subject", "person") if subject else ("purpose", "purpose")
        raise Invalid(field, f"expected a {what} of which the case has personal data")
    left = [
        Holder(each, purpose)
        for each in asked
        if work.find(KeyDestruction, KeyDestruction.create_id(each, purpose)) is None
    ]
    if not left:
        raise Invalid("purpose", "expected data whose key was not destroyed before")
    return tuple(left)


def _refuse_uncounted(work: UnitOfWork, case_id: UUID, holders: Collection[Holder]) -> None:
    """What is counted outlives the keys: where only time has run out, no count asked for somebody
    yet is a count forgotten. Other reasons of law do not wait for one."""
    for holder in holders:
        waiting = work.document(UNCOUNTED, f"{case_id}/{holder.subject}")
        if holder.purpose in COUNTED and waiting and not waiting["left_out"]:
            expected = "expected participants whom a count has asked for: close one first"
            raise Invalid("purpose", expected)


def _check_place(field: str, sealed: Sealed, case_id: UUID, number: int) -> None:
    """A record that was sealed for another case or person would open for neither."""
    place = place_of(case_id, sealed.kind, number)
    if sealed.subject != place.subject:
        raise Invalid(f"{field}.subject", f"expected {place.subject}")
    if sealed.record != place.record:
        raise Invalid(f"{field}.record", f"expected {place.record}")


def _second_person(work: UnitOfWork, by: Actor, second: Actor | None) -> Actor:
    demonstration = work.find(Aggregate, DEMONSTRATION_ID) is not None
    return second_person(by, second, demonstration=demonstration)
