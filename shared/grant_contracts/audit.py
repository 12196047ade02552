"""What audit publishes of itself: who looked at the history, and what samples were drawn."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from grant_contracts.envelope import Fact
from grant_values.shapes import SampledItem


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


class SampleDrawn(Fact, frozen=True, kw_only=True):
    """A sample was drawn from what was on record at these positions. Drawn again, it is the same.

    `population_sha256` is over the population's lines, `interval_cents` 0 for a method without an
    interval; `programme` is empty where the population has those of every programme.
    """

    TOPIC: ClassVar = "audit.SampleDrawn"
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
