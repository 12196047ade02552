"""Lifting what was recorded in an older version to a newer one, one step after the other.

Stored bytes and their leaf never change: what is lifted is a reader's copy. It must not know which
events there are; their steps stand in `upcasters`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

State = dict[str, Any]
"""An event's own fields as JSON values."""

Upcast = Callable[[State], State]
"""From the state of one version to that of the next. It asks nothing but the state, changes nothing
in it, and makes the same of the same."""

_decoder = msgspec.json.Decoder(State)


def state_of(data: bytes) -> State:
    """The fields in stored bytes. `msgspec.DecodeError` where they are no JSON object."""
    return _decoder.decode(data)


class CannotLift(ValueError):
    """There is no way from a stored version to the one that is asked for."""


class Upcasters:
    """The steps of some topics. The one from version 1 to version 2 stands under (topic, 1)."""

    def __init__(self, steps: Mapping[tuple[str, int], Upcast]) -> None:
        self._steps = steps

    def missing(self, topic: str, version: int) -> list[int]:
        """The versions below this one from which no step leads on."""
        return [older for older in range(1, version) if not self.leads_on(topic, older)]

    def leads_on(self, topic: str, version: int) -> bool:
        """Whether a step leads from this version to the next."""
        return (topic, version) in self._steps

    def lifted(self, topic: str, version: int, to: int, state: State) -> State:
        """The state of one version as it is in a later one. Raises `CannotLift`."""
        for older in range(version, to):
            state = self._step(topic, older, state)
        return state

    def _step(self, topic: str, version: int, state: State) -> State:
        upcast = self._steps.get((topic, version))
        if upcast is None:
            raise CannotLift(f"{topic}: no upcaster leads from version {version} to the next.")
        try:
            return upcast(state)
        except LookupError as error:
            raise CannotLift(f"{topic} is not of version {version}: it lacks {error}.") from error
