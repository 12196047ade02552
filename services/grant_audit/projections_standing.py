"""What the facts that every service publishes change: refused access, declared demonstrations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from grant_audit.pages import ACCESS, DEMONSTRATION, Pages, Projection, taken
from grant_contracts.standing import AccessRefused, DemonstrationDeclared


def _access_refused(pages: Pages, fact: AccessRefused) -> None:
    page = taken(fact, "command", "actor_id", "role", "reason")
    pages.write(ACCESS, f"{pages.service}/{pages.event.at:012d}", page)


def _demonstration_declared(pages: Pages, fact: DemonstrationDeclared) -> None:
    pages.write(DEMONSTRATION, pages.service, fact.purpose)


def projections_of(services: Iterable[str]) -> Mapping[str, Projection]:
    """By topic, as each service has a topic of its own for these facts."""
    return {
        f"{service}.{fact}": projection
        for service in services
        for fact, projection in (
            ("AccessRefused", _access_refused),
            ("DemonstrationDeclared", _demonstration_declared),
        )
    }
