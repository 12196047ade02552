"""Events, outcomes and stores for the tests of the store. No assertions here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol
from uuid import UUID, uuid4

from grant_store.rows import NewEvent, Outcome
from grant_store.store import Store


class OpensLedger(Protocol):
    """One more handle on the ledger of this test, as another process would have it."""

    def __call__(
        self, clock: Callable[[], datetime] | None = None, service: str = "budgeting"
    ) -> Store: ...


def an_event(
    originator_id: UUID | None = None,
    version: int = 1,
    event_id: UUID | None = None,
    topic: str = "budgeting.FundsEarmarked",
    state: bytes = b'{"amount_cents":100000}',
) -> NewEvent:
    return NewEvent(
        event_id=event_id or uuid4(),
        originator_id=originator_id or uuid4(),
        originator_version=version,
        topic=topic,
        schema_version=1,
        state=state,
        metadata=b'{"actorid":"b-17"}',
    )


def an_outcome(key: str = "k-1", first: int = 0, event_count: int = 0) -> Outcome:
    return Outcome("portal", key, b"\x01" * 32, "recorded", "", first, event_count)
