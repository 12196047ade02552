"""The envelope of a published fact: CloudEvents 1.0, attributes of simple types, rest in `data`."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

import msgspec

SPEC_VERSION = "1.0"
TYPE_PREFIX = "pruefpfad."
SOURCE_PREFIX = "/pruefpfad/"


class CloudEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event as it stands in a message. `position` is text, as CloudEvents attributes are."""

    specversion: str
    id: UUID
    source: str
    type: str
    subject: UUID
    time: datetime
    position: str
    originatorversion: str
    schemaversion: str
    leafhash: str
    data: msgspec.Raw
    actorid: str = ""
    actorrole: str = ""
    actormethod: str = ""
    secondactorid: str = ""
    correlationid: str = ""
    causationid: str = ""
    commandkey: str = ""
    caseid: UUID | None = None

    @property
    def topic(self) -> str:
        """ "budgeting.FundsEarmarked": the stored topic, without the prefix of the type."""
        return self.type.removeprefix(TYPE_PREFIX)

    @property
    def origin(self) -> str:
        """ "budgeting/main": service and lane of the ledger that the event stands in."""
        return self.source.removeprefix(SOURCE_PREFIX)

    @property
    def at(self) -> int:
        """The position as a number."""
        return int(self.position)


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """What another service recorded, as its followers read it.

    Subclasses name the topic and the version; `envelope` is set when the fact is received.
    """

    TOPIC: ClassVar[str]
    VERSION: ClassVar[int] = 1

    envelope: CloudEvent | None = None

    @property
    def received(self) -> CloudEvent:
        if self.envelope is None:
            raise ValueError(f"{type(self).__name__} was made by hand and has no envelope.")
        return self.envelope

    @property
    def about(self) -> UUID:
        """The case that the fact is about."""
        case_id = self.received.caseid
        if case_id is None:
            raise ValueError(f"{self.received.type} at {self.received.position} names no case.")
        return case_id
