"""What audit itself records: who looked at the history, and which samples were drawn from it.

Nothing here is about the merits of a case, and nothing of it follows from a feed: so it outlives a
replay of the feeds. No broker, no database, no clock.
"""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.domain import Aggregate, event

from grant_values.shapes import SampledItem

SCOPES = ("case", "programme", "payment", "order", "sample", "everything")
"""What a question may be about; `subject` names the one of its kind."""


class AuditorAccess(Aggregate):
    """One look of an auditor at the history: what was asked, about whom, and why (R88)."""

    class AuditorAccessed(Aggregate.Created):
        TOPIC = "audit.AuditorAccessed"
        actor_id: str
        question: str
        scope: str
        subject: str
        arguments: dict[str, Any]
        positions: dict[str, Any]
        purpose: str
        key: str

    @staticmethod
    def create_id(actor_id: str, key: str) -> UUID:
        """One stream per look, so that no stream grows and none is contended."""
        return uuid5(NAMESPACE_URL, f"/auditor-access/{actor_id}/{key}")

    @event(AuditorAccessed)
    def __init__(
        self,
        actor_id: str,
        question: str,
        scope: str,
        subject: str,
        arguments: dict[str, Any],
        positions: dict[str, Any],
        purpose: str,
        key: str,
    ) -> None:
        self.question = question


class Sample(Aggregate):
    """A sample with all that it takes to draw it again: the method in words, size, seed, and the
    population as it was at these positions (Art. 28 VO (EU) 480/2014; R56)."""

    class SampleDrawn(Aggregate.Created):
        TOPIC = "audit.SampleDrawn"
        sample: str
        purpose: str
        method: str
        method_version: str
        method_text: str
        source: str
        population: str
        programme: str
        starts_on: date
        ends_on: date
        size: int
        seed: str
        positions: dict[str, Any]
        population_sha256: str
        population_count: int
        population_cents: int
        interval_cents: int
        selected: tuple[SampledItem, ...]
        drawn_by: str
        effective_on: date

    @staticmethod
    def create_id(sample: str) -> UUID:
        return uuid5(NAMESPACE_URL, f"/samples/{sample}")

    @event(SampleDrawn)
    def __init__(
        self,
        sample: str,
        purpose: str,
        method: str,
        method_version: str,
        method_text: str,
        source: str,
        population: str,
        programme: str,
        starts_on: date,
        ends_on: date,
        size: int,
        seed: str,
        positions: dict[str, Any],
        population_sha256: str,
        population_count: int,
        population_cents: int,
        interval_cents: int,
        selected: tuple[SampledItem, ...],
        drawn_by: str,
        effective_on: date,
    ) -> None:
        self.sample = sample
