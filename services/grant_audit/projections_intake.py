"""What intake's facts change in the case file."""

from __future__ import annotations

from collections.abc import Mapping

from grant_audit.pages import (
    CALL,
    CALL_NAME,
    PARTICIPANT_COUNT,
    PROGRAMME,
    Pages,
    Projection,
    placed,
    taken,
)
from grant_contracts import intake
from grant_contracts.envelope import Fact


def _programme_registered(pages: Pages, fact: intake.ProgrammeRegistered) -> None:
    page = placed(pages, fact, "programme", "programme_version", "definition", "definition_sha256")
    pages.write(PROGRAMME, f"{fact.programme}/{fact.programme_version}", page)


def _call_opened(pages: Pages, fact: intake.CallOpened) -> None:
    key = f"{fact.programme}/{fact.call}"
    page = taken(fact, "programme", "programme_version", "call", "opens_on", "closes_on")
    pages.write(CALL, key, {**page, "closed_on": None})
    pages.write(CALL_NAME, str(pages.event.subject), key)


def _call_closed(pages: Pages, fact: intake.CallClosed) -> None:
    pages.page(CALL, pages.name_of(CALL_NAME)).update(taken(fact, "closed_on"))


def _application_submitted(pages: Pages, fact: intake.ApplicationSubmitted) -> None:
    # The account stands sealed among the personal records.
    pages.section().update(
        taken(
            fact,
            "reference",
            "programme",
            "programme_version",
            "call",
            "received_at",
            "late",
            "channel",
            "applicant",
            "operation",
            "plan",
            "declarations",
            "attachments",
            "fingerprint",
        )
    )


def _completeness_checked(pages: Pages, fact: intake.CompletenessChecked) -> None:
    pages.section()["completeness"] = taken(
        fact, "complete", "missing", "checklist", "checked_by", "effective_on"
    )


def _application_withdrawn(pages: Pages, fact: intake.ApplicationWithdrawn) -> None:
    pages.section()["withdrawal"] = placed(pages, fact, "reason", "recorded_by", "effective_on")


def _document_filed(pages: Pages, fact: intake.DocumentFiled) -> None:
    page = placed(
        pages,
        fact,
        "title",
        "sha256",
        "mime",
        "size_bytes",
        "holder",
        "location",
        "items",
        "retention_class",
        "filed_by",
        "effective_on",
    )
    pages.section().setdefault("documents", {})[fact.document] = {**page, "superseded": None}


def _document_superseded(pages: Pages, fact: intake.DocumentSuperseded) -> None:
    superseded = taken(fact, "superseded_by", "reason", "recorded_by", "effective_on")
    pages.section()["documents"][fact.document]["superseded"] = superseded


def _item_declared_not_applicable(pages: Pages, fact: intake.ItemDeclaredNotApplicable) -> None:
    declared = placed(pages, fact, "reason", "declared_by", "effective_on")
    pages.section().setdefault("not_applicable", {})[str(fact.item)] = declared


def _item_declared_applicable(pages: Pages, fact: intake.ItemDeclaredApplicable) -> None:
    # As of a day, the declaration that was taken back may count later than its taking back.
    pages.section().setdefault("not_applicable", {}).pop(str(fact.item), None)


def _personal_data_recorded(pages: Pages, fact: intake.PersonalDataRecorded) -> None:
    # What is sealed stays out: the page says that there is something, and about whom.
    record = placed(pages, fact, "subject", "purpose", "kind", "effective_on")
    pages.section().setdefault("personal", {})[str(fact.record)] = record | {"destroyed": None}


def _participant_enrolled(pages: Pages, fact: intake.ParticipantEnrolled) -> None:
    page = placed(pages, fact, "programme", "number", "entered_on", "enrolled_by")
    people = pages.section().setdefault("participants", {})
    people[str(fact.subject)] = page | {"left_on": None}


def _participant_left(pages: Pages, fact: intake.ParticipantLeft) -> None:
    for each in pages.section().get("participants", {}).values():
        if each["number"] == fact.number:
            each.update(taken(fact, "left_on"))


def _participants_counted(pages: Pages, fact: intake.ParticipantsCounted) -> None:
    # Of one case or of many: it stands beside the cases, and of whom it was made is not shown.
    page = placed(
        pages,
        fact,
        "programme",
        "programme_version",
        "reference",
        "counted_until",
        "smallest_group",
        "source",
        "persons",
        "cells",
        "counted_by",
        "effective_on",
    )
    left_out = {"left_out": len(fact.left_out)}
    key = f"{fact.programme}/{fact.counted_until}/{fact.reference or '-'}"
    pages.write(PARTICIPANT_COUNT, key, page | left_out)


def _key_destroyed(pages: Pages, fact: intake.KeyDestroyed) -> None:
    destroyed = placed(pages, fact, "reason", "destroyed_by", "seconded_by", "effective_on")
    for record in pages.section().get("personal", {}).values():
        if (record["subject"], record["purpose"]) == (str(fact.subject), fact.purpose):
            record["destroyed"] = destroyed


def _restored_key_destroyed(pages: Pages, fact: intake.RestoredKeyDestroyed) -> None:
    """Beside the destruction: until then, what it had ended could be read."""
    destroyed = placed(pages, fact, "destroyed_by", "seconded_by", "effective_on")
    for record in pages.section().get("personal", {}).values():
        if (record["subject"], record["purpose"]) == (str(fact.subject), fact.purpose):
            record.setdefault("destroyed_again", []).append(destroyed)


PROJECTIONS: Mapping[type[Fact], Projection] = {
    intake.ProgrammeRegistered: _programme_registered,
    intake.CallOpened: _call_opened,
    intake.CallClosed: _call_closed,
    intake.ApplicationSubmitted: _application_submitted,
    intake.CompletenessChecked: _completeness_checked,
    intake.ApplicationWithdrawn: _application_withdrawn,
    intake.DocumentFiled: _document_filed,
    intake.DocumentSuperseded: _document_superseded,
    intake.ItemDeclaredNotApplicable: _item_declared_not_applicable,
    intake.ItemDeclaredApplicable: _item_declared_applicable,
    intake.PersonalDataRecorded: _personal_data_recorded,
    intake.KeyDestroyed: _key_destroyed,
    intake.RestoredKeyDestroyed: _restored_key_destroyed,
    intake.ParticipantEnrolled: _participant_enrolled,
    intake.ParticipantLeft: _participant_left,
    intake.ParticipantsCounted: _participants_counted,
}
