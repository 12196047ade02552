"""Personal data as every service may know them: sealed, by reference, and for which purpose.

Plain values and closed lists. It must not know how something is sealed, nor where keys are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid5

from grant_values.bank_accounts import BankAccount
from grant_values.shapes import Payee

PURPOSES: Final[Mapping[str, str]] = {
    "payment": "To pay somebody: name and account.",
    "contact": "To reach whoever speaks for an applicant.",
    "identity": "To know who takes part: name, date of birth, address.",
    "characteristics": "To count who takes part (Annex I of Regulation (EU) 2021/1057).",
    "special_categories": "The same for special categories of data (Art. 9 GDPR).",
    "follow_up": "To ask again after the operation.",
}
"""What personal data are processed for (Art. 5(1)(b) GDPR). Each has a key of its own."""

KINDS: Final[Mapping[str, str]] = {
    "account": "payment",
    "contact_person": "contact",
    "participant": "identity",
    "participant_characteristics": "characteristics",
    "participant_special_categories": "special_categories",
    "participant_follow_up": "follow_up",
}
"""Which kinds of records there are, and the purpose that each of them is for."""

PARTICIPANT_RECORDS: Final[Mapping[str, str]] = {
    purpose: kind for kind, purpose in KINDS.items() if kind.startswith("participant")
}
"""What is recorded of a participant: by purpose, the kind of record."""


class Holder(NamedTuple):
    """Whose data, and what for: what there is one key for."""

    subject: UUID
    purpose: str


_ROLES: Final[Mapping[str, str]] = {"account": "payee", "contact_person": "contact"}
"""Whom a kind of record is about, within a case. All others are about a participant."""


@dataclass(frozen=True)
class Place:
    """Where a sealed record belongs. It opens there and nowhere else."""

    subject: UUID
    record: UUID
    kind: str

    @property
    def purpose(self) -> str:
        return KINDS[self.kind]

    @property
    def holder(self) -> Holder:
        return Holder(self.subject, self.purpose)


def place_of(case_id: UUID, kind: str, number: int = 1) -> Place:
    """Where a case's record of this kind belongs, the same for whoever asks.

    `number` counts the case's payees, contact persons or participants from 1. Subjects are
    numbered case by case, because each case is kept for a time of its own.
    """
    subject = uuid5(case_id, f"{_ROLES.get(kind, 'participant')}/{number}")
    return Place(subject, record_of(subject, kind), kind)


def record_of(subject: UUID, kind: str) -> UUID:
    """The record of this kind about a person."""
    return uuid5(subject, kind)


@dataclass(frozen=True)
class Sealed:
    """A sealed record: what it is, which key opens it, and its ciphertext as base64.

    `subject` is whom the data are about, as a number that says nothing of them.
    """

    subject: UUID
    record: UUID
    purpose: str
    kind: str
    key: UUID
    sealed: str = field(repr=False)

    @property
    def place(self) -> Place:
        return Place(self.subject, self.record, self.kind)

    @property
    def holder(self) -> Holder:
        return Holder(self.subject, self.purpose)


@dataclass(frozen=True)
class SealedPayee(Sealed):
    """A sealed account. `invented` marks one made up for a demonstration."""

    invented: bool = False

    @property
    def reference(self) -> Payee:
        return Payee(self.subject, self.record, self.invented)


@dataclass(frozen=True)
class Account:
    """A payee's name and account, opened. It is in no representation and in no error."""

    name: str = field(repr=False)
    iban: str = field(repr=False)
    bic: str = field(repr=False)

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Account:
        """The account in an opened record, as it was sealed. ValueError where there is none."""
        found = [content.get(each) for each in ("name", "iban", "bic")]
        if not all(isinstance(each, str) for each in found):
            raise ValueError("expected a record with name, iban and bic")
        return cls(*map(str, found))

    def check(self) -> None:
        """ValueError names the part whose form does not fit."""
        if not self.name:
            raise ValueError("name: expected some text")
        BankAccount(self.iban, self.bic or None)
