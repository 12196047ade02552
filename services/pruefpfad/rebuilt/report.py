"""What a rebuild found: how much was compared, and what differs. It prints nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

MOST_NAMED = 100
"""So many differences of a service are named; the others are counted. One mistake may be behind
thousands, and a report of them helps nobody."""


@dataclass(frozen=True)
class Difference:
    """One thing that is not what the events lead to. `what` is an aggregate, a document, a total,
    an outcome or a tracking; `name` is what people find it by."""

    what: str
    name: str
    why: str


@dataclass(frozen=True)
class State:
    """A read model as it was at a position of an upstream: how many documents that upstream's
    events have written, and a hash over them. The same position has the same hash, always."""

    at: str
    documents: int
    sha256: str


@dataclass
class Report:
    """One service. `position` is the head up to which its aggregates were rebuilt, `followed` the
    positions of the upstreams up to which its documents were."""

    service: str
    position: int
    followed: dict[str, int]
    aggregates: int = 0
    documents: int = 0
    outcomes: int = 0
    states: list[State] = field(default_factory=list)
    differences: int = 0
    named: list[Difference] = field(default_factory=list)
    parked: list[str] = field(default_factory=list)
    """Upstream events that were passed over and wait for an operator: what is served lacks them."""

    def differs(self, what: str, name: str, why: str) -> None:
        self.differences += 1
        if len(self.named) < MOST_NAMED:
            self.named.append(Difference(what, name, why))
