"""Every answer that a caller got, kept by the command's key and compared with the ledgers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from grant_bus.actors import TokenCheck
from grant_contracts.answers import Answer
from simulation.clerks import Broken
from support.authority import KEY, NOW

FINAL = ("recorded", "refused")

Key = tuple[str, str, str]
"""A service, who sent a command to it, and under which key."""

_tokens = TokenCheck(KEY, lambda: NOW)


@dataclass
class Told:
    """What callers were told. An answer "unknown" stays open until the same key was sent again."""

    final: dict[Key, Answer] = field(default_factory=dict)
    open: set[Key] = field(default_factory=set)
    unknown: int = 0
    """How often somebody was told, or had to assume, that the outcome is unknown."""

    def note(self, service: str, message: Mapping[str, Any], answer: Answer | None) -> None:
        """None where it is unknown. What was once recorded or refused must stay so."""
        sender = _tokens.mandate(message["actor_token"]).actor.id
        key = service, sender, str(message["key"])
        if answer is None:
            self.unknown += 1
            if key not in self.final:  # A command given once more was settled before.
                self.open.add(key)
            return
        self.open.discard(key)
        if answer.kind in FINAL and self.final.setdefault(key, answer) != answer:
            raise Broken(f"{key}: was {self.final[key]}, is {answer}")

    def check(self, stores: Mapping[str, Any]) -> None:
        """Compare all that was told with what stands in the ledgers now."""
        if self.open:
            raise Broken(f"nobody knows what became of {self.open}")
        for (service, sender, key), answer in self.final.items():
            stored = stores[service].outcome(sender, key)
            found = stored and (stored.kind, stored.reason, stored.positions.stop - 1)
            told = answer.kind, answer.reason, answer.position
            if found != told:
                raise Broken(f"{service} {sender} {key}: told {told}, recorded {found}")
