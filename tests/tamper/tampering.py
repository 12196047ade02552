"""One way to tamper, and what must be said of it. The ways stand in the modules beside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from tamper.verdicts import TAMPERED, UNUSABLE, Verdict

FOUND = frozenset({TAMPERED})

Place = tuple[str, str]
"""A check of the verifier, and what it must name: a place, with stars for what does not matter, or
a file or words in its message."""

Copy = TypeVar("Copy")
"""What is tampered with: a copy of stores, or the path of a copy of a bundle."""


@dataclass(frozen=True)
class Tampering(Generic[Copy]):
    """Something that is done to a copy.

    The verdict's exit code must be one of `codes`, and where that is "tampered", a finding must
    name the place: the event at `position` of `log`, or the `head` above it, or whatever begins
    with `start`; there may be several of these with a bar between. Where `places` are given, one of
    them must be named, and nothing else will do; who calls the bundle unusable must name one of
    them too.
    """

    level: str
    kind: str
    what: str
    act: Callable[[Copy], None]
    codes: frozenset[int] = FOUND
    log: str = ""
    position: int = 0
    head: int = 0
    start: str = ""
    places: frozenset[Place] = frozenset()
    heads: str = "all"
    """Which heads the auditor brings: "all" that were cosigned, the "last" of each log, "none",
    or those of all logs but one: "not SERVICE"."""
    is_covered: bool = True
    """Whether it touches what stands at or below the last cosigned head."""
    services: Sequence[str] = ()
    """Whose stores the defences of the operator and the witness look at,"""
    stopped_by: frozenset[str] = frozenset()
    """and which of them must object."""

    def complaint(self, verdict: Verdict) -> str:
        """What is wrong with a verdict on it; empty if it is the right one."""
        if verdict.exit_code not in self.codes:
            expected = " or ".join(map(str, sorted(self.codes)))
            return f"exit code {verdict.exit_code}, not {expected}; {verdict.complaint}"
        if verdict.exit_code in (TAMPERED, UNUSABLE) and not self._is_placed(verdict):
            found = [(one.check, one.at) for one in verdict.findings][:5]
            return f"not placed: {found} {verdict.complaint}"
        return ""

    def silence(self, objections: Mapping[str, str]) -> str:
        """Which defences should have objected and did not; empty if none."""
        return ", ".join(sorted(self.stopped_by - objections.keys()))

    def _is_placed(self, verdict: Verdict) -> bool:
        if self.places:
            return verdict.names_one_of(self.places)
        if verdict.exit_code == UNUSABLE:
            return True
        if self.position:
            return verdict.names(self.log, self.position, self.head or self.position)
        return any(map(verdict.names_place, self.start.split("|")))
