"""The vault beside intake's ledger: which keys are there, and which should not be.

A vault that is put back from a backup does not know what was destroyed since, nor who came since.
This reads both, changes neither, and opens nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from grant_intake.personal import HOLDER
from grant_intake.personal_records import KeyDestruction
from grant_store.personal.key_store import StoredKey
from grant_store.personal.vault import Vault
from grant_store.store import Store
from grant_values.personal import Holder

State = Literal["readable", "destroyed", "brought_back", "not_on_record", "unreadable", "missing"]
IN_ORDER: Final = frozenset({"readable", "destroyed"})
_AT_ONCE = 1_000


@dataclass(frozen=True)
class KeyOnRecord:
    """One person and purpose of a case: what the ledger says of the key, and what the vault does.

    `brought_back`: on record as destroyed, and in the vault again. `not_on_record`: destroyed in
    the vault alone. `unreadable`: what protects it is not in the key file. `missing`: the vault has
    never had it.
    """

    case_id: UUID
    holder: Holder
    state: State
    destruction_on_record: bool


def keys_on_record(intake: Store, vault: Vault, case_id: UUID | None = None) -> list[KeyOnRecord]:
    """Of all cases, or of one: one row for each person and purpose that intake has data of."""
    prefix = f"{case_id}/" if case_id else ""
    named = [_named(document.key) for document in intake.documents(HOLDER, prefix)]
    return [
        row
        for start in range(0, len(named), _AT_ONCE)
        for row in _compared(intake, vault, named[start : start + _AT_ONCE])
    ]


def _compared(
    intake: Store, vault: Vault, named: Sequence[tuple[UUID, Holder]]
) -> Iterator[KeyOnRecord]:
    ids = {holder: KeyDestruction.create_id(*holder) for _, holder in named}
    destructions = intake.streams(list(ids.values()))
    keys = vault.keys.of_holders(list(ids))
    protection = vault.protection_known()
    for case_id, holder in named:
        on_record = bool(destructions.get(ids[holder]))
        state = _state(keys.get(holder), on_record, protection)
        yield KeyOnRecord(case_id, holder, state, on_record)


def _state(key: StoredKey | None, on_record: bool, protection: frozenset[str]) -> State:
    if key is None:
        return "destroyed" if on_record else "missing"
    if key.is_destroyed:
        return "destroyed" if on_record else "not_on_record"
    if on_record:
        return "brought_back"
    return "readable" if key.wrapped_under in protection else "unreadable"


def _named(key: str) -> tuple[UUID, Holder]:
    case_id, purpose, subject = key.split("/")
    return UUID(case_id), Holder(UUID(subject), purpose)
