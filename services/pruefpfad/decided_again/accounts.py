"""Sealed records where decisions are taken again: opened by a vault, or taken to be in order.

A recorded application or order had an account that a bank could pay to, and a recorded person had
filled in a form. So most decisions need not open them; what was refused because of an account, the
file of a run, and counts of participants rest on their content.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grant_contracts.reasons import NOT_PAYABLE
from grant_store.personal.access import Opener
from grant_store.personal.vault import DESTROYED, Content, Destroyed
from grant_values.personal import Sealed
from pruefpfad.decided_again.calls import Led

REST_ON_THE_ACCOUNT = frozenset({*NOT_PAYABLE, "account_destroyed"})
_PAYABLE: Content = {"name": "Zahlungsempfänger", "iban": "DE04999999980000074984", "bic": ""}
"""An account that cannot exist: no German bank code begins with 9."""

_IN_ORDER: Mapping[str, Content] = {
    "contact_person": {"name": "–"},
    "participant": {"given_name": "–", "family_name": "–", "date_of_birth": "2000-01-01"},
    "participant_characteristics": {
        "gender": "women",
        "age": 0,
        "labour_status": "inactive",
        "education": "isced_0_2",
    },
    "participant_special_categories": {},
    "participant_follow_up": {},
}
"""Of other kinds of records: forms as nobody has filled them in."""


class Accounts:
    """Takes the vault's place. `stood_in` says whether an account was asked for that could not be
    opened, because there is no vault or its key was destroyed; whoever asks sets it back."""

    def __init__(self, vault: Opener | None) -> None:
        self._vault = vault
        self.stood_in = False

    def open_all(self, seals: Sequence[Sealed]) -> list[Content | Destroyed]:
        if self._vault is None:
            self.stood_in = self.stood_in or bool(seals)
            return [_stand_in(each) for each in seals]
        found = self._vault.open_all(seals)
        self.stood_in = self.stood_in or DESTROYED in found
        return [
            _stand_in(sealed) if content is DESTROYED else content
            for sealed, content in zip(seals, found, strict=True)
        ]

    def open(self, sealed: Sealed) -> Content | Destroyed:
        [content] = self.open_all([sealed])
        return content


def _stand_in(sealed: Sealed) -> Content:
    return _IN_ORDER.get(sealed.kind, _PAYABLE)


def is_refused_for_its_account(led: Led) -> bool:
    """Whether an order was refused because of its payee's account."""
    return getattr(led.event, "reason", "") in REST_ON_THE_ACCOUNT


def always(led: Led) -> bool:
    return True
