"""Each upcaster, tried on everything that was recorded in the version that it begins at."""

from __future__ import annotations

import copy

import msgspec
import pytest

from grant_contracts.registry import FACTS
from grant_contracts.upcasters import STEPS, UPCASTERS
from grant_contracts.upcasting import State, state_of
from histories.recording import recorded_plays

STATES: dict[tuple[str, int], list[State]] = {}
for play in recorded_plays():
    for rows in play.ledgers.values():
        for row in rows:
            kind = (row.topic, row.schema_version)
            STATES.setdefault(kind, []).append(state_of(row.state))


@pytest.mark.parametrize(("topic", "version"), sorted(STATES))
def test_whatever_was_recorded_is_read_as_todays_fact(topic: str, version: int) -> None:
    fact = FACTS[topic]

    for state in STATES[topic, version]:
        lifted = UPCASTERS.lifted(topic, version, fact.VERSION, state)
        assert isinstance(msgspec.convert(lifted, fact), fact)


def test_an_upcaster_changes_nothing_in_what_it_is_given_and_makes_the_same_of_the_same() -> None:
    for kind, upcast in STEPS.items():
        for state in STATES[kind]:
            given = copy.deepcopy(state)

            assert upcast(state) == upcast(state), kind
            assert state == given, kind
