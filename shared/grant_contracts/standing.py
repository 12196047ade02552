"""What every service publishes beside its own facts: refused access, what its store is for, and
what its operators have discarded."""

from __future__ import annotations

from typing import TypeVar, cast
from uuid import UUID

import msgspec

from grant_contracts.envelope import Fact

SERVICES = ("intake", "eligibility", "budgeting", "disbursement", "audit")


class AccessRefused(Fact, frozen=True, kw_only=True):
    """An actor gave a command that was not theirs to give. Nothing else was recorded for it."""

    command: str
    actor_id: str
    role: str
    reason: str
    key: str


class DemonstrationDeclared(Fact, frozen=True, kw_only=True):
    """In this service's store programs may play persons. Always its first event."""

    purpose: str


class ParkedEventDiscarded(Fact, frozen=True, kw_only=True):
    """Two operators took an event out of the parked ones. This service has never applied it."""

    case_id: UUID
    origin: str
    position: int
    event_id: UUID
    event_topic: str
    reason: str
    discarded_by: str
    seconded_by: str


F = TypeVar("F", bound=Fact)


def of_service(fact: type[F], service: str) -> type[F]:
    """A standing fact as one service publishes it: the topic carries the service's name."""
    return cast(
        type[F],
        msgspec.defstruct(
            fact.__name__,
            [],
            bases=(fact,),
            namespace={"TOPIC": f"{service}.{fact.__name__}", "__doc__": fact.__doc__},
            module=__name__,
            frozen=True,
            kw_only=True,
        ),
    )


STANDING: tuple[type[Fact], ...] = tuple(
    of_service(fact, service)
    for service in SERVICES
    for fact in (AccessRefused, DemonstrationDeclared, ParkedEventDiscarded)
)
