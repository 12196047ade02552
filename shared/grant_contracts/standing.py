"""What every service publishes beside its own facts: refused access, what its store is for, what
its operators have discarded, which heads of its log it carries, and when its history broke."""

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


class HeadAnchored(Fact, frozen=True, kw_only=True):
    """The service's history carries a signed head of its own log from here on.

    `root` and `note_sha256` are hexadecimal; the note is that which the log signed.
    """

    origin: str
    size: int
    root: str
    note_sha256: str


class IncidentRecorded(Fact, frozen=True, kw_only=True):
    """The service's store did not lead to a head that was signed of it, as after a restore.

    What came between what was found and what was known is lost here, and positions are used again.
    The log begins anew in `epoch`, under another origin. Hashes are hexadecimal.
    """

    epoch: int
    known_origin: str
    known_size: int
    known_root: str
    found_size: int
    found_leaf: str
    reason: str
    recorded_by: str
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
    for fact in (
        *(AccessRefused, DemonstrationDeclared, ParkedEventDiscarded),
        *(HeadAnchored, IncidentRecorded),
    )
)
