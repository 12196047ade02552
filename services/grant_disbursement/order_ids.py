"""How payment orders and their transfers are named, so that a bank statement leads to the case.

It knows the bank's limit on the length of a name, and nothing of why something is paid.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

# ISO 20022 takes 35 characters; three are left for "-" and up to 99 attempts.
ORDER_ID_LIMIT: Final = 32
_KEPT_OF_A_LONG_REFERENCE: Final = 12
_DIGITS_OF_A_LONG_REFERENCE: Final = 14


def order_id_of(reference: str, number: int) -> str:
    """The id of a case's n-th order: "ZIQ-2021-0001-3". No other case has an order of this id.

    Of a reference that is too long the beginning stays, followed by digits of its hash.
    """
    order_id = f"{reference}-{number}"
    if len(order_id) <= ORDER_ID_LIMIT:
        return order_id
    digits = sha256(reference.encode()).hexdigest()[:_DIGITS_OF_A_LONG_REFERENCE].upper()
    return f"{reference[:_KEPT_OF_A_LONG_REFERENCE]}-{digits}-{number}"


def end_to_end_id_of(order_id: str, attempt: int) -> str:
    """The name of one attempt to pay an order: unique, and traceable to the order (R42)."""
    return f"{order_id}-{attempt}"
