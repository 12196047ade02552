"""Accounts where decisions are taken again: nobody opens them, and most decisions do not rest on
what is in them.

A recorded application or order had an account that a bank could pay to. What was refused because of
an account, and the file of a run, rest on its content: these are not computed again.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from grant_contracts.reasons import NOT_PAYABLE
from grant_store.personal.vault import Content, Destroyed
from grant_values.personal import Holder, Sealed
from pruefpfad.decided_again.calls import Led

REST_ON_THE_ACCOUNT = frozenset({*NOT_PAYABLE, "account_destroyed"})
_PAYABLE = {"name": "Zahlungsempfänger", "iban": "DE04999999980000074984", "bic": ""}
"""An account that cannot exist: no German bank code begins with 9."""


class PayableAccounts:
    """Takes the vault's place: every account is one that can be paid to."""

    def open_all(self, seals: Sequence[Sealed]) -> list[Content | Destroyed]:
        return [_PAYABLE] * len(seals)

    def open(self, sealed: Sealed) -> Content | Destroyed:
        return _PAYABLE

    def destroy(self, holder: Holder) -> UUID | None:
        raise NotImplementedError("Nothing is destroyed where decisions are taken again.")


def does_not_rest_on_the_account(led: Led) -> bool:
    """Whether a refused order can be computed without its payee's account."""
    return getattr(led.event, "reason", "") not in REST_ON_THE_ACCOUNT
