"""Payees as facts name them, and their accounts as they are sealed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from grant_store.personal.encryption_keys import FILE_NAME, EncryptionKeys
from grant_store.personal.ends import DecidedEnd, EndsOfCase
from grant_store.personal.sqlite_keys import SQLiteKeys
from grant_store.personal.vault import Vault
from grant_values.cases import case_id_of
from grant_values.personal import Sealed, place_of
from grant_values.shapes import Payee

OpensVault = Callable[[], Vault]
IBAN = "DE89370400440532013000"


class DecidedForTests:
    """What was decided to end, as a test says it: without a word, nothing."""

    def __init__(self) -> None:
        self.said = EndsOfCase()
        self.is_still = False

    def say(self, reason: str, *purposes: str, subject: UUID | None = None) -> None:
        """One more decision."""
        end = DecidedEnd(subject, purposes, reason, date(2026, 1, 14), "budgeting/main/57")
        self.said = EndsOfCase((), (*self.said.decided, end))

    def hold(self, *names: str) -> None:
        """A hold takes back what was decided; without a name, none is set any more."""
        self.said = EndsOfCase(names, (), self.said.decided)

    @contextmanager
    def of_case(self, case_id: UUID) -> Iterator[EndsOfCase]:
        self.is_still = True
        try:
            yield self.said
        finally:
            self.is_still = False


def payee_of(reference: str) -> Payee:
    """The reference under which the payee of a case stands in every fact."""
    place = place_of(case_id_of(reference), "account")
    return Payee(place.subject, place.record, invented=True)


def payee_on_the_wire(reference: str) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(payee_of(reference))
    return plain


def a_vault(folder: Path, draw: Callable[[int], bytes] | None = None) -> Vault:
    """An empty vault in a folder of its own. `draw` takes the place of chance."""
    keys, protection = SQLiteKeys(folder / "keys.sqlite3"), EncryptionKeys(folder / FILE_NAME)
    vault = Vault(keys, protection, draw) if draw else Vault(keys, protection)
    vault.migrate()
    return vault


def a_sealed_account(
    vault: Vault, reference: str, name: str = "Caritasverband Köln", iban: str = IBAN, bic: str = ""
) -> Sealed:
    """The account of a case's payee, whatever is wrong with it."""
    place = place_of(case_id_of(reference), "account")
    [sealed] = vault.seal_all([(place, {"name": name, "iban": iban, "bic": bic})])
    return sealed


def as_sealed(payload: Mapping[str, Any]) -> dict[str, Any]:
    """An application in the form that it has behind the border. Nobody can open what is in it."""
    place = place_of(case_id_of(payload["reference"]), "account")
    sealed = Sealed(place.subject, place.record, place.purpose, place.kind, UUID(int=1), "AAAA")
    payee = msgspec.to_builtins(sealed) | {"invented": True}
    return {**payload, "payee": payee}
