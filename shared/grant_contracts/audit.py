"""What audit publishes of itself: who looked at the history, and what samples were drawn."""

from __future__ import annotations

from typing import Any, ClassVar

from grant_contracts.envelope import Fact


class AuditorAccessed(Fact, frozen=True, kw_only=True):
    """An auditor looked at the history, for a purpose. It was recorded before the answer.

    `positions` are those up to which the case files reached then, by origin: the answer shows
    these events at least.
    """

    TOPIC: ClassVar = "audit.AuditorAccessed"
    actor_id: str
    question: str
    scope: str
    subject: str
    arguments: dict[str, Any]
    positions: dict[str, Any]
    purpose: str
    key: str
