"""What the facts that every service publishes change: demonstrations, and discarded events.

Heads of the log and incidents are about a store and no case: they are told, and change no page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from grant_audit.pages import DEMONSTRATION, Pages, Projection, only_history, placed
from grant_contracts.standing import DemonstrationDeclared, ParkedEventDiscarded


def _demonstration_declared(pages: Pages, fact: DemonstrationDeclared) -> None:
    pages.write(DEMONSTRATION, pages.service, fact.purpose)


def _parked_event_discarded(pages: Pages, fact: ParkedEventDiscarded) -> None:
    discarded = placed(
        pages, fact, "origin", "position", "event_topic", "reason", "discarded_by", "seconded_by"
    )
    pages.section().setdefault("discarded", []).append(discarded)


def projections_of(services: Iterable[str]) -> Mapping[str, Projection]:
    """By topic, as each service has a topic of its own for these facts."""
    return {
        f"{service}.{fact}": projection
        for service in services
        for fact, projection in (
            ("AccessRefused", only_history),
            ("DemonstrationDeclared", _demonstration_declared),
            ("ParkedEventDiscarded", _parked_event_discarded),
            ("HeadAnchored", only_history),
            ("IncidentRecorded", only_history),
        )
    }
