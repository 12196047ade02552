"""A stored row's own fields as today's program names them, for whoever reads ledgers without the
aggregates. Only the few that are needed may be asked for, as a structure of the reader's own.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

from grant_contracts.registry import FACTS
from grant_contracts.upcasters import UPCASTERS
from grant_contracts.upcasting import state_of
from grant_store.rows import LedgerEvent

T = TypeVar("T")


def lifted_state(row: LedgerEvent, form: type[T]) -> T:
    """The fields of a row in the form that is asked for, older versions lifted step by step.

    Raises `msgspec.DecodeError` or `ValueError` where they do not fit.
    """
    fact = FACTS.get(row.topic)
    known = fact.VERSION if fact else row.schema_version
    if row.schema_version == known:
        return msgspec.json.decode(row.state, type=form)
    if row.schema_version > known:
        raise ValueError(f"{row.topic} has version {row.schema_version}; {known} is known.")
    state = UPCASTERS.lifted(row.topic, row.schema_version, known, state_of(row.state))
    return msgspec.convert(state, form)
