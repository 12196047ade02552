"""What intake's facts change in the case file."""

from __future__ import annotations

from collections.abc import Mapping

from grant_audit.pages import CALL, CALL_NAME, PROGRAMME, Pages, Projection, taken
from grant_contracts import intake
from grant_contracts.envelope import Fact


def _programme_registered(pages: Pages, fact: intake.ProgrammeRegistered) -> None:
    page = taken(fact, "programme", "programme_version", "definition", "definition_sha256")
    pages.write(PROGRAMME, f"{fact.programme}/{fact.programme_version}", page)


def _call_opened(pages: Pages, fact: intake.CallOpened) -> None:
    key = f"{fact.programme}/{fact.call}"
    page = taken(fact, "programme", "programme_version", "call", "opens_on", "closes_on")
    pages.write(CALL, key, {**page, "closed_on": None})
    pages.write(CALL_NAME, str(pages.event.subject), key)


def _call_closed(pages: Pages, fact: intake.CallClosed) -> None:
    pages.page(CALL, pages.name_of(CALL_NAME)).update(taken(fact, "closed_on"))


def _application_submitted(pages: Pages, fact: intake.ApplicationSubmitted) -> None:
    # The account stays out: whoever reads a case file does not need it before there is a grant.
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
    pages.section()["withdrawal"] = taken(fact, "reason", "recorded_by", "effective_on")


PROJECTIONS: Mapping[type[Fact], Projection] = {
    intake.ProgrammeRegistered: _programme_registered,
    intake.CallOpened: _call_opened,
    intake.CallClosed: _call_closed,
    intake.ApplicationSubmitted: _application_submitted,
    intake.CompletenessChecked: _completeness_checked,
    intake.ApplicationWithdrawn: _application_withdrawn,
}
