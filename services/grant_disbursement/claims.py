"""Claims and payment orders as a grant account holds them. Plain values without rules."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from grant_values.shapes import Tranche

OrderState = Literal["ordered", "transmitted", "executed"]


@dataclass(frozen=True)
class Claim:
    """Wanted cumulative totals and who has certified them. `since` is the day of its last entry."""

    wanted: tuple[Tranche, ...]
    purpose: str
    since: date
    factual_by: str = ""
    arithmetic_by: str = ""

    @property
    def is_certified(self) -> bool:
        return bool(self.factual_by and self.arithmetic_by)

    @property
    def certifiers(self) -> frozenset[str]:
        return frozenset({self.factual_by, self.arithmetic_by} - {""})


@dataclass(frozen=True)
class Order:
    """An order to pay. "Ordered" is not sent; "transmitted" is sent, arrived or not.

    Only the first may be sent. `since` is the day of the order's last entry.
    """

    claim: str
    tranches: tuple[Tranche, ...]
    amount_cents: int
    ordered_by: str
    since: date
    state: OrderState = "ordered"
    attempt: int = 1

    @property
    def year(self) -> int:
        """The budget year whose money it pays; an order never mixes two."""
        return self.tranches[0].year

    def opened_again(self, on: date) -> Order:
        """The order after its payment came back: not sent, under a new end-to-end id."""
        return replace(self, state="ordered", attempt=self.attempt + 1, since=on)


def total_cents(tranches: tuple[Tranche, ...]) -> int:
    return sum(tranche.amount_cents for tranche in tranches)
