"""What becomes of a command: the outcome kept under its key, and the answer to its sender."""

from __future__ import annotations

from typing import Any

import msgspec

from grant_bus.desk import Order
from grant_contracts.answers import Answer
from grant_store.rows import Appended, NewEvent, Outcome
from grant_store.work import Batch, UnitOfWork


def outcome_of(order: Order, unit: UnitOfWork) -> Outcome:
    """A command is refused if it recorded a refusal: an event whose name ends in "Refused".

    What policies refuse while an operator mends something is no refusal of the operator.
    """
    ending = ".AccessRefused" if order.mends else "Refused"
    refusals = [event for event in unit.new_events if event.topic.endswith(ending)]
    reason = _reason(refusals[0]) if refusals else ""
    kind = "refused" if refusals else "recorded"
    count = len(unit.new_events)
    return Outcome(order.sender, order.key, order.body_hash, kind, reason, unit.first_event, count)


def _reason(refusal: NewEvent) -> str:
    state: dict[str, Any] = msgspec.json.decode(refusal.state)
    return str(state["reason"])


def recorded(batch: Batch, appended: Appended | None, order: Order, outcome: Outcome) -> Answer:
    if appended is None:
        raise RuntimeError("An outcome was kept but nothing was appended.")
    own = batch.events[outcome.first : outcome.first + outcome.event_count]
    return Answer(
        kind="refused" if outcome.kind == "refused" else "recorded",
        command=order.command,
        key=order.key,
        position=appended.first_position + outcome.first + outcome.event_count - 1,
        event_ids=tuple(event.event_id for event in own),
        reason=outcome.reason,
    )
