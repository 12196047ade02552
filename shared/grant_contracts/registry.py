"""Every published fact by its topic, so that a reader of all feeds finds the contract of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import ModuleType

from grant_contracts import audit, budgeting, disbursement, eligibility, intake
from grant_contracts.envelope import Fact
from grant_contracts.standing import STANDING


def _facts_of(module: ModuleType) -> Iterator[type[Fact]]:
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, Fact) and value is not Fact:
            yield value


def _by_topic(facts: Iterable[type[Fact]]) -> dict[str, type[Fact]]:
    found: dict[str, type[Fact]] = {}
    for fact in facts:
        if fact.TOPIC in found:
            raise ValueError(f"The topic {fact.TOPIC} stands on two facts.")
        found[fact.TOPIC] = fact
    return found


FACTS: Mapping[str, type[Fact]] = _by_topic(
    [
        *(
            fact
            for module in (intake, eligibility, budgeting, disbursement, audit)
            for fact in _facts_of(module)
        ),
        *STANDING,
    ]
)
