"""Who acts in a simulated world: tokens that are good whatever its clock says."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

from grant_bus.actors import Mandate, issue_token
from grant_values.shapes import Actor
from support.authority import KEY, NOW

MANDATE = date(2014, 1, 1), date(2030, 12, 31)
A_LONG_TIME = timedelta(days=4_000)


@cache
def token(actor: Actor, mandate: tuple[date, date]) -> str:
    """Signed once for each actor and mandate of a process: signing takes long."""
    return issue_token(KEY, Mandate(actor, "token", *mandate), NOW - A_LONG_TIME, NOW + A_LONG_TIME)
