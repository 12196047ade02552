"""What is asked for, ordered and paid of one award, and the questions about it.

The state of a grant account. It changes only when the account applies an event, and each question
about something that does not exist is answered with the field and what was expected.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date

from grant_disbursement.claims import Claim, Order
from grant_disbursement.order_ids import end_to_end_id_of
from grant_values.invalid import Invalid
from grant_values.money import format_euro
from grant_values.shapes import Tranche

TrancheKey = tuple[str, int]


def key_of(tranche: Tranche) -> TrancheKey:
    return tranche.fund, tranche.year


@dataclass
class Drawings:
    """Totals by fund and budget year, in cents; claims and orders by their names."""

    ceiling_cents: dict[TrancheKey, int]
    ordered_cents: dict[TrancheKey, int] = field(default_factory=dict)
    paid_cents: dict[TrancheKey, int] = field(default_factory=dict)
    claims: dict[str, Claim] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)

    def claim(self, name: str) -> Claim:
        if name not in self.claims:
            raise Invalid("claim", "expected a claim that was submitted for this grant")
        return self.claims[name]

    def order(self, order_id: str) -> Order:
        if order_id not in self.orders:
            raise Invalid("order_id", "expected a payment order of this grant")
        return self.orders[order_id]

    def attempt(self, order_id: str, end_to_end_id: str) -> int:
        """Which attempt to pay an order an end-to-end id names."""
        for attempt in range(1, self.order(order_id).attempt + 1):
            if end_to_end_id == end_to_end_id_of(order_id, attempt):
                return attempt
        raise Invalid("end_to_end_id", f"expected that of a payment made for {order_id}")

    def due(self, name: str) -> tuple[Tranche, ...]:
        """What a claim's cumulative totals add, tranche by tranche, to what was ordered before."""
        wanted = self.claim(name).wanted
        added = [each.amount_cents - self.ordered_cents.get(key_of(each), 0) for each in wanted]
        return tuple(
            replace(tranche, amount_cents=cents)
            for tranche, cents in zip(wanted, added, strict=True)
            if cents > 0
        )

    def exceeds_ceiling(self, due: Tranche) -> bool:
        ordered = self.ordered_cents.get(key_of(due), 0)
        return ordered + due.amount_cents > self.ceiling_cents[key_of(due)]

    def check_wanted(self, wanted: tuple[Tranche, ...]) -> None:
        """Cumulative totals of granted tranches, each once, none below what was ordered."""
        for index, tranche in enumerate(wanted):
            key = key_of(tranche)
            if key not in self.ceiling_cents:
                granted = ", ".join(f"{fund} {year}" for fund, year in self.ceiling_cents)
                raise Invalid(f"wanted.{index}", f"expected a granted tranche: {granted}")
            if key in map(key_of, wanted[:index]):
                raise Invalid(f"wanted.{index}", "expected each tranche once")
            ordered = self.ordered_cents.get(key, 0)
            if tranche.amount_cents < ordered:
                expected = f"expected a cumulative total of at least {format_euro(ordered)}"
                raise Invalid(f"wanted.{index}.amount", f"{expected}, which was ordered before")


def add_to(totals: dict[TrancheKey, int], tranches: tuple[Tranche, ...], sign: int = 1) -> None:
    """Put amounts on totals, or with the sign -1 take them off."""
    for tranche in tranches:
        before = totals.get(key_of(tranche), 0)
        totals[key_of(tranche)] = before + sign * tranche.amount_cents


def check_not_before(earliest: date, effective_on: date, what: str) -> None:
    """Refuse a day before another entry that it builds upon."""
    if effective_on < earliest:
        raise Invalid("effective_on", f"expected a day not before {earliest}, {what}")
