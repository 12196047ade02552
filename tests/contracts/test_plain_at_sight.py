"""A message that is plain at sight is one that the longer walk finds nothing wrong with."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from grant_contracts import commands

TEXTS = st.one_of(st.text(max_size=5), st.sampled_from(["\0", "\ud800", "x" * 201, "ü"]))
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 0.5, float("nan"), b"x", ()]),
    TEXTS,
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.one_of(TEXTS, st.integers()), inner)
    ),
    max_leaves=10,
)


def complaint(message: dict[Any, Any]) -> str:
    try:
        commands.check_plain(message)
    except ValidationError as error:
        return str(error.messages)
    return ""


@given(st.dictionaries(TEXTS, VALUES, max_size=3))
def test_at_sight_nothing_passes_that_the_walk_refuses(message: dict[Any, Any]) -> None:
    quick = complaint(message)
    sight, commands._is_plain_at_sight = commands._is_plain_at_sight, lambda message: False
    try:
        thorough = complaint(message)
    finally:
        commands._is_plain_at_sight = sight

    assert quick == thorough


def test_an_ordinary_command_is_plain_at_sight_and_limits_are_not() -> None:
    deep: Any = "leaf"
    for _ in range(commands.DEEPEST + 1):
        deep = [deep]

    assert commands._is_plain_at_sight({"key": "k", "payload": {"plan": [1, "ü", None, True]}})
    assert not commands._is_plain_at_sight({"payload": deep})
    assert not commands._is_plain_at_sight({"payload": [0] * commands.MOST_VALUES})
    assert not commands._is_plain_at_sight({"payload": "x" * (commands.MOST_CHARACTERS + 1)})
