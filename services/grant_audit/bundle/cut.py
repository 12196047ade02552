"""Where each log ends in a bundle, so that every cause that an event names is in the bundle too.

The heads of logs that follow others are read before the heads of those that they follow: whatever
an event follows from was recorded before it, and so lies below a head that is read later. Only
budgeting and disbursement follow each other. Budgeting is read first, at b, then disbursement, at
d; what disbursement recorded in between may name events above b, and so d is lowered to the first
event that does. Once is enough: suppose that budgeting's event p ≤ b followed from disbursement's
q that was cut off. Then some r ≤ q names budgeting's c > b. Each was recorded before the next:
c, r, q, p; but c > b ≥ p stands above p in the same ledger, and was recorded after it.

A cause that lies above the very end of its ledger, read after the event that names it, is lost: its
ledger was restored alone. That is no reason to leave out anything: the verifier must see what names
it, or the log that lost nothing would seem to be the one that was cut off.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from grant_store.rows import LedgerEvent

_CAUSE = re.compile(rb'"causationid":"event:([a-z0-9]+/[a-z0-9]+)/([0-9]+)"')


def cause_of(row: LedgerEvent) -> tuple[str, int] | None:
    """The log, "SERVICE/LANE", and the position of the event that this one names as its cause."""
    cause = _CAUSE.search(row.metadata)
    return (cause[1].decode(), int(cause[2])) if cause else None


def follows_from_beyond(
    row: LedgerEvent, cuts: Mapping[str, int], end_of: Callable[[str], int]
) -> bool:
    """Whether an event names a cause above the cut of a log, "SERVICE/LANE", that has one yet, and
    not above the end that its ledger has by now."""
    cause = cause_of(row)
    if cause is None:
        return False
    name, position = cause
    cut = cuts.get(name)
    return cut is not None and cut < position <= end_of(name)
