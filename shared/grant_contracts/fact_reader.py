"""Reads one kind of fact from its envelope, whatever version it was recorded in."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

from grant_contracts.envelope import CloudEvent, Fact
from grant_contracts.upcasters import UPCASTERS
from grant_contracts.upcasting import Upcasters, state_of

F = TypeVar("F", bound=Fact)


class FactReader(Generic[F]):
    """Events of an older version are lifted to today's; those of a later one are refused."""

    def __init__(self, fact_class: type[F], upcasters: Upcasters = UPCASTERS) -> None:
        self.fact_class = fact_class
        self._upcasters = upcasters
        self._decoder = msgspec.json.Decoder(fact_class)

    def read(self, event: CloudEvent) -> F:
        """The fact with its envelope. `ValueError` where it cannot be read: it says why."""
        version, known = int(event.schemaversion), self.fact_class.VERSION
        if version > known:
            raise ValueError(f"{event.topic} has version {version}; {known} is known.")
        fact = self._decoder.decode(event.data) if version == known else self._lifted(event)
        msgspec.structs.force_setattr(fact, "envelope", event)
        return fact

    def _lifted(self, event: CloudEvent) -> F:
        version, known = int(event.schemaversion), self.fact_class.VERSION
        state = self._upcasters.lifted(event.topic, version, known, state_of(event.data))
        return msgspec.convert(state, self.fact_class)
