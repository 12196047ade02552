"""What follows in eligibility from what other services recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from grant_bus.policies import Policy
from grant_contracts.envelope import Fact
from grant_contracts.intake import (
    ApplicationSubmitted,
    CompletenessChecked,
    ProgrammeRegistered,
)
from grant_eligibility import application
from grant_eligibility.fingerprint import OperationFingerprint
from grant_eligibility.rules import unknown_rules
from grant_store.work import NotYet, Reading, UnitOfWork


def when_programme_registered(work: UnitOfWork, fact: ProgrammeRegistered) -> None:
    """Remember the definition. One with a rule that is not known here stops the feed."""
    complaints = unknown_rules(fact.definition)
    if complaints:
        raise ValueError("; ".join(complaints))
    key = f"{fact.programme}/{fact.programme_version}"
    work.write_document("programme", key, fact.definition)


def when_application_submitted(work: UnitOfWork, fact: ApplicationSubmitted) -> None:
    """Assess it. Its programme comes first in the same feed, so that it is always known but where
    an operator has discarded it."""
    key = f"{fact.programme}/{fact.programme_version}"
    definition = work.document("programme", key)
    if definition is None:
        raise NotYet(f"Programme {key} is not known here yet.")
    application.assess(work, fact.about, fact, definition)


def when_completeness_checked(work: UnitOfWork, fact: CompletenessChecked) -> None:
    """Remember what is missing: an incomplete application is not found eligible."""
    application.note_completeness(work, fact.about, fact.missing, fact.effective_on)


def _read_for_submission(fact: ApplicationSubmitted) -> Reading:
    programme = f"{fact.programme}/{fact.programme_version}"
    return Reading([OperationFingerprint.create_id(fact.fingerprint)], [("programme", programme)])


READS: Mapping[type[Fact], Callable[[Any], Reading]] = {ApplicationSubmitted: _read_for_submission}

FOLLOWS: Mapping[type[Fact], Policy] = {
    ProgrammeRegistered: when_programme_registered,
    ApplicationSubmitted: when_application_submitted,
    CompletenessChecked: when_completeness_checked,
}

# These only remember: what they write follows from the facts alone, and is made again from them.
REMEMBERED: Mapping[type[Fact], Policy] = {ProgrammeRegistered: when_programme_registered}
