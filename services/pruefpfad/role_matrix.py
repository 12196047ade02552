"""Who may do what, by the code; and who has done what, by the ledgers (domain § 7.3, 11).

Responsible for reading both. It judges nobody: the domains refuse, and refusals are on record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from grant_store.store import Store
from pruefpfad.assembly import SERVICES

AT_A_TIME = 2_000
Told = Callable[[str, int], None]


@dataclass(frozen=True)
class Entitlement:
    """One command, the roles that may give it, and whether a second person bears it."""

    command: str
    roles: tuple[str, ...]
    takes_second: bool


@dataclass
class Acting:
    """What one actor has done in one role, in the events of all services."""

    actor_id: str
    role: str
    first_at: datetime
    last_at: datetime
    events: int = 0
    methods: set[str] = field(default_factory=set)
    services: set[str] = field(default_factory=set)


def entitlements() -> Iterator[Entitlement]:
    """Every command of every service, in order of its name."""
    for service, each in SERVICES.items():
        for name, command in sorted(each.commands.items()):
            roles = tuple(sorted(command.roles))
            yield Entitlement(f"{service}.{name}", roles, command.takes_second)


def actings(
    stores: Mapping[str, Store],
    lasts: Mapping[str, int],
    told: Told = lambda service, position: None,
) -> list[Acting]:
    """Who has acted in which role, by actor and role, up to the last position of each ledger."""
    found: dict[tuple[str, str], Acting] = {}
    for service, last in lasts.items():
        position = 0
        while rows := stores[service].events_after(position, min(AT_A_TIME, last - position)):
            for row in rows:
                _count(found, service, row.recorded_at, msgspec.json.decode(row.metadata))
            position = rows[-1].position
            told(service, position)
    return [found[key] for key in sorted(found)]


def _count(
    found: dict[tuple[str, str], Acting], service: str, at: datetime, metadata: dict[str, Any]
) -> None:
    key = metadata.get("actorid", ""), metadata.get("actorrole", "")
    acting = found.setdefault(key, Acting(*key, first_at=at, last_at=at))
    acting.first_at, acting.last_at = min(acting.first_at, at), max(acting.last_at, at)
    acting.events += 1
    acting.services.add(service)
    acting.methods.add(metadata.get("actormethod", ""))
