"""One transfer of a payment run, as the run records it and its followers read it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from grant_values.shapes import Payee


@dataclass(frozen=True)
class RunPayment:
    """What the bank is asked to pay for one order. `end_to_end_id` is new with every attempt."""

    case_id: UUID
    reference: str
    order_id: str
    end_to_end_id: str
    payee: Payee
    amount_cents: int
    purpose: str
