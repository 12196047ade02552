"""Payees as facts name them, and their accounts as they are sealed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from grant_store.personal.encryption_keys import FILE_NAME, EncryptionKeys
from grant_store.personal.sqlite_keys import SQLiteKeys
from grant_store.personal.vault import Vault
from grant_values.cases import case_id_of
from grant_values.personal import Sealed, place_of
from grant_values.shapes import Payee

OpensVault = Callable[[], Vault]
IBAN = "DE89370400440532013000"


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
