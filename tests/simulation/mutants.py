"""The program without each of its guards in turn: a simulation that notices none proves nothing."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext

from simulation.guards_of_decisions import OF_DECISIONS
from simulation.guards_of_feeds import OF_FEEDS
from simulation.guards_of_payments import OF_PAYMENTS
from simulation.mutation import Mutant

MUTANTS: Mapping[str, Mutant] = {
    mutant.name: mutant for mutant in (*OF_FEEDS, *OF_DECISIONS, *OF_PAYMENTS)
}


def taken_out(name: str) -> AbstractContextManager[None]:
    """The program without this guard; with all of them where no name is given."""
    return MUTANTS[name].made() if name else nullcontext()
