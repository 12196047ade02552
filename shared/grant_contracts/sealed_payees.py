"""From version 1, which named payees with their accounts in clear, to version 2: by reference.

What stood in clear stays where it was recorded, and goes no further. It must not know any event.
"""

from __future__ import annotations

from grant_contracts.upcasting import State


def payee_by_reference(state: State) -> State:
    """Take name and account out of a payee. Without one, as after a rejection, nothing changes."""
    payee = state["payee"]
    if payee is None:
        return state
    return {**state, "payee": {"subject": None, "record": None, "invented": payee["invented"]}}


def payees_by_reference(state: State) -> State:
    """The same for each payment of a run."""
    return {**state, "payments": [payee_by_reference(each) for each in state["payments"]]}
