"""What a sample is drawn from: payments or operations with what was paid for them in a period.

Frozen by the positions of the pages it was read from: at these it is the same again, and its hash
says so. What was returned in full was not paid and is not in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

from grant_audit import queries
from grant_audit.case_file import CaseFile
from grant_audit.pages import CaseFiles
from grant_values.money import Cents

PAYMENTS, OPERATIONS = "payments", "operations"
POPULATIONS = (PAYMENTS, OPERATIONS)


@dataclass(frozen=True)
class Item:
    """One item of a population. `place` is where its (last) payment's confirmation stands."""

    id: str
    reference: str
    amount_cents: Cents
    place: str

    @property
    def line(self) -> str:
        return f"{self.id}\t{self.reference}\t{self.amount_cents}\t{self.place}\n"


@dataclass(frozen=True)
class Population:
    """Items with a positive amount, in order of their ids."""

    items: tuple[Item, ...]

    @property
    def amount_cents(self) -> Cents:
        return sum(item.amount_cents for item in self.items)

    @property
    def as_lines(self) -> bytes:
        """Lines "id TAB reference TAB cents TAB place LF" in UTF-8, in order of id."""
        return "".join(item.line for item in self.items).encode()

    @property
    def sha256(self) -> str:
        """Over the lines."""
        return sha256(self.as_lines).hexdigest()


def population(
    pages: CaseFiles, kind: str, programme: str, starts_on: date, ends_on: date
) -> Population:
    """The payments with a value date in the period, or the operations that had some."""
    files = (file for file in queries.every_case(pages) if programme in ("", file.programme))
    period = starts_on.isoformat(), ends_on.isoformat()
    paid = [item for file in files for item in _payments(file, *period)]
    found = paid if kind == PAYMENTS else _operations(paid)
    return Population(tuple(sorted(found, key=lambda item: item.id)))


def _payments(file: CaseFile, first: str, last: str) -> Iterator[Item]:
    """Each payment that the bank executed in the period and has not returned."""
    for order in file.orders:
        returned = {each["end_to_end_id"] for each in order["returns"] if each["was_executed"]}
        for each in order["executions"]:
            if each["end_to_end_id"] not in returned and first <= each["effective_on"] <= last:
                yield _payment(file, each)


def _payment(file: CaseFile, execution: dict[str, Any]) -> Item:
    return Item(
        execution["end_to_end_id"], file.reference, execution["amount_cents"], execution["place"]
    )


def _operations(payments: Iterable[Item]) -> Iterator[Item]:
    """One item for each case, with the sum of its payments and the place of the last of them."""
    by_case: dict[str, list[Item]] = {}
    for payment in payments:
        by_case.setdefault(payment.reference, []).append(payment)
    for reference, own in by_case.items():
        last = max(own, key=lambda item: int(item.place.rpartition("/")[2]))
        yield Item(reference, reference, sum(item.amount_cents for item in own), last.place)
