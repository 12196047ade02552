"""What services remember of facts that left no event with them: definitions, names, renunciations.

It stands in their working data, which are never read here: it is taken from the ledgers again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec

from grant_contracts.envelope import CloudEvent
from grant_store.lifted import lifted_state
from grant_store.rows import KindAndKey
from grant_store.store import Store
from grant_values.personal import Sealed
from pruefpfad.decided_again.units import Unit, events_of

Documents = dict[KindAndKey, Any]


class _Registered(msgspec.Struct):
    programme: str
    programme_version: str
    definition: dict[str, Any]


class _Submitted(msgspec.Struct):
    reference: str
    programme: str
    programme_version: str


class _Withdrawn(msgspec.Struct):
    renunciation: bool
    effective_on: str


class Known:
    """Of a whole history: its programmes, its cases by id, and what was renounced when."""

    def __init__(self, intake: Store) -> None:
        self.definitions: dict[str, Mapping[str, Any]] = {}
        self.references: dict[UUID, str] = {}
        self.programme_of: dict[UUID, str] = {}
        self._versions: dict[UUID, str] = {}
        self._renounced: dict[UUID, tuple[int, str]] = {}
        self._accounts: Documents = {}
        for row in events_of(intake):
            if row.topic == "intake.ProgrammeRegistered":
                found = lifted_state(row, _Registered)
                key = f"{found.programme}/{found.programme_version}"
                self.definitions[key] = found.definition
            elif row.topic == "intake.ApplicationSubmitted":
                submitted = lifted_state(row, _Submitted)
                self.references[row.originator_id] = submitted.reference
                self.programme_of[row.originator_id] = submitted.programme
                self._versions[row.originator_id] = submitted.programme_version
            elif row.topic == "intake.PersonalDataRecorded":
                self._note_account(lifted_state(row, Sealed))

    @property
    def programme_codes(self) -> frozenset[str]:
        """Of the programmes that were registered, in any version."""
        return frozenset(key.partition("/")[0] for key in self.definitions)

    def documents(self) -> Documents:
        """What every service remembers; it may write into its own."""
        programmes = {("programme", key): each for key, each in self.definitions.items()}
        references = {("reference", str(key)): each for key, each in self.references.items()}
        versions = {
            ("programme-of", str(key)): f"{self.programme_of[key]}/{each}"
            for key, each in self._versions.items()
        }
        return {**programmes, **references, **versions, **self._accounts}

    def _note_account(self, sealed: Sealed) -> None:
        if sealed.kind == "account":
            self._accounts["account", str(sealed.subject)] = msgspec.to_builtins(sealed)

    def note(self, unit: Unit) -> None:
        """Remember what a later service may have remembered of this unit."""
        for row in unit.rows:
            if row.topic == "budgeting.WithdrawalNoted":
                noted = lifted_state(row, _Withdrawn)
                if noted.renunciation:
                    self._renounced[row.originator_id] = row.position, noted.effective_on

    def recall(self, documents: Documents, event: CloudEvent) -> None:
        """Put there what was remembered of the case when this event was followed."""
        if event.caseid in self._renounced and event.origin.startswith("budgeting/"):
            position, effective_on = self._renounced[event.caseid]
            if position < event.at:
                documents["renounced", str(event.caseid)] = {"effective_on": effective_on}
