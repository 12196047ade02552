"""Counts of participants: closed by a person, of those who were in none before.

Get, decide, keep. Characteristics are opened to be counted; what is recorded are groups, by the
rule of `counting`, so that the record tells of nobody when the keys are gone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from grant_intake.counting import counted
from grant_intake.domain import GrantApplication, Programme
from grant_intake.participation import ParticipantCount
from grant_intake.personal import UNCOUNTED
from grant_intake.personal_records import KeyDestruction, PersonalRecord
from grant_store.personal.vault import DESTROYED
from grant_store.work import UnitOfWork
from grant_values.cases import case_id_of
from grant_values.dated import DatedTable, DatedValue, NothingInForce
from grant_values.invalid import Invalid
from grant_values.participants import Traits, traits_of
from grant_values.personal import PARTICIPANT_RECORDS, Holder, Sealed, record_of
from grant_values.shapes import Actor


def count_participants(
    work: UnitOfWork,
    by: Actor,
    programme: str,
    programme_version: str,
    reference: str,
    counted_until: date,
    effective_on: date,
) -> None:
    """Close a count of those who entered until a day and were never counted: of one case, or with
    an empty reference of all cases of the programme together."""
    smallest = _smallest_group(work, programme, programme_version, effective_on)
    case_id = _case_of(work, programme, reference)
    _check_days(work, programme, reference, counted_until, effective_on)
    asked = _asked(work, programme, case_id, counted_until)
    if not asked:
        raise Invalid("counted_until", "expected a day until which somebody entered uncounted")
    group = counted(dict(_traits(work, list(asked))), smallest.value, _companies(asked))
    inside = set(group.persons)
    count = ParticipantCount(
        programme=programme,
        programme_version=programme_version,
        reference=reference,
        counted_until=counted_until,
        smallest_group=smallest.value,
        source=smallest.source,
        persons=len(group.persons),
        cells=group.cells,
        left_out=tuple(subject for subject in asked if subject not in inside),
        counted_by=by.id,
        effective_on=effective_on,
    )
    work.keep(count)
    for key, body in after_count(count, work.documents(UNCOUNTED, _prefix(case_id))):
        work.write_document(UNCOUNTED, key, body)


def after_count(
    count: ParticipantCount, known: Sequence[tuple[str, Any]]
) -> Iterator[tuple[str, Any]]:
    """What a count changes of those who were `known` not to be counted yet: None takes one out."""
    left_out = {str(subject) for subject in count.left_out}
    name = f"{count.reference or '*'}/{count.counted_until}"
    prefix = _prefix(case_id_of(count.reference) if count.reference else None)
    for key, body in known:
        subject = key.rpartition("/")[2]
        if key.startswith(prefix) and _is_asked(body, count.programme, count.counted_until):
            stays = {**body, "left_out": [*body["left_out"], name]}
            yield key, stays if subject in left_out else None


def _asked(
    work: UnitOfWork, programme: str, case_id: UUID | None, counted_until: date
) -> dict[UUID, list[str]]:
    """Whom a count is about, and by which counts they were left out; those who were come first."""
    asked = [
        (not body["left_out"], key, body["left_out"])
        for key, body in work.documents(UNCOUNTED, _prefix(case_id))
        if _is_asked(body, programme, counted_until)
    ]
    return {UUID(key.rpartition("/")[2]): left_out for _, key, left_out in sorted(asked)}


def _companies(asked: Mapping[UUID, Sequence[str]]) -> list[list[UUID]]:
    """Those who were left out together, count by count."""
    companies: dict[str, list[UUID]] = defaultdict(list)
    for subject, counts in asked.items():
        for name in counts:
            companies[name].append(subject)
    return list(companies.values())


def _is_asked(body: Mapping[str, Any], programme: str, counted_until: date) -> bool:
    in_time = date.fromisoformat(body["entered_on"]) <= counted_until
    return in_time and bool(body["programme"] == programme)


def _prefix(case_id: UUID | None) -> str:
    return f"{case_id}/" if case_id else ""


def _check_days(
    work: UnitOfWork, programme: str, reference: str, counted_until: date, effective_on: date
) -> None:
    if effective_on < counted_until:
        raise Invalid("counted_until", f"expected a day up to that of the count, {effective_on}")
    count_id = ParticipantCount.create_id(programme, reference, counted_until)
    if work.find(ParticipantCount, count_id):
        raise Invalid("counted_until", f"expected another day: {counted_until} is closed")


def _case_of(work: UnitOfWork, programme: str, reference: str) -> UUID | None:
    if not reference:
        return None
    case = work.get(GrantApplication, GrantApplication.create_id(reference))
    if case.programme != programme:
        raise Invalid("reference", "expected that of a case of the programme")
    return case.id


def _smallest_group(
    work: UnitOfWork, programme: str, programme_version: str, day: date
) -> DatedValue[int]:
    """For how many persons a number must stand, by the definition on a day."""
    registered = work.find(Programme, Programme.create_id(programme, programme_version))
    if registered is None:
        raise Invalid("programme", "expected the code and version of a registered programme")
    rows = tuple(
        DatedValue(date.fromisoformat(row["valid_from"]), int(row["persons"]), row["source"])
        for row in registered.participants.get("smallest_group", ())
    )
    try:
        return DatedTable("participants.smallest_group", rows).on(day)
    except (ValueError, NothingInForce) as error:
        expected = f"expected a definition with participants.smallest_group on {day}"
        raise Invalid("programme_version", expected) from error


def _traits(work: UnitOfWork, subjects: Sequence[UUID]) -> Iterator[tuple[UUID, Traits]]:
    """What is counted of each of these persons, as far as it can still be read."""
    purposes = ("characteristics", "special_categories")
    sealed = [each for purpose in purposes for each in _readable(work, subjects, purpose)]
    contents = {
        each.holder: content
        for each, content in zip(sealed, work.vault.open_all(sealed), strict=True)
        if content is not DESTROYED
    }
    for subject in subjects:
        asked, by_consent = (contents.get(Holder(subject, purpose)) for purpose in purposes)
        if asked is not None:
            yield subject, traits_of(asked, by_consent or {})


def _readable(work: UnitOfWork, subjects: Sequence[UUID], purpose: str) -> Iterator[Sealed]:
    """The records of these persons for a purpose whose keys are not on record as destroyed."""
    for subject in subjects:
        kept = work.find(PersonalRecord, record_of(subject, PARTICIPANT_RECORDS[purpose]))
        gone = work.find(KeyDestruction, KeyDestruction.create_id(subject, purpose))
        if kept is not None and gone is None:
            yield kept.sealed
