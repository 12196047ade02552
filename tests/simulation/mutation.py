"""How a guard is taken out while the program runs, and put back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from inspect import getattr_static
from typing import Any

Instead = Callable[[Any], Any]
"""Makes of a function what stands in its place."""


@dataclass(frozen=True)
class Change:
    """One function of the product, and what stands in its place."""

    owner: Any
    name: str
    instead: Instead

    @property
    def target(self) -> Any:
        """What stands there now. Raises `AttributeError` where nothing of this name does."""
        return getattr_static(self.owner, self.name)

    @contextmanager
    def made(self) -> Iterator[None]:
        original = self.target
        setattr(self.owner, self.name, self.instead(original))
        try:
            yield
        finally:
            setattr(self.owner, self.name, original)


@dataclass(frozen=True)
class Mutant:
    """The program without one of its guards."""

    name: str
    says: str
    """Which guard is taken out, as a sentence about the program that is left."""
    changes: tuple[Change, ...]

    @contextmanager
    def made(self) -> Iterator[None]:
        with ExitStack() as stack:
            for change in self.changes:
                stack.enter_context(change.made())
            yield


def mutant(name: str, says: str, *changes: Change) -> Mutant:
    return Mutant(name, says, changes)


def always(value: object) -> Instead:
    """Whatever was asked, this is the answer."""
    return lambda original: lambda *values, **named: value


def without(*reasons: str) -> Instead:
    """These reasons of a closed list are never given."""

    def instead(original: Callable[..., Any]) -> Callable[..., Any]:
        def why(*values: Any, **named: Any) -> Any:
            reason = original(*values, **named)
            return None if reason in reasons else reason

        return why

    return instead
