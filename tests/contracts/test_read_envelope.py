"""A message in its short form is read as the schema reads it, and a doubtful one by the schema."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from grant_contracts.commands import CommandMessage, read_envelope

SCHEMA = CommandMessage()
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(max_size=4),
    st.sampled_from(["intake.submit_application", "intake.submit_application\n", "k" * 201]),
    st.dictionaries(st.one_of(st.text(max_size=3), st.integers()), st.integers(), max_size=2),
)
NAMES = ("command", "key", "actor_token", "payload", "correlation_id", "deadline", "surprise")
FIT = st.fixed_dictionaries(
    {
        "command": st.just("intake.submit_application"),
        "key": st.text(min_size=1, max_size=200),
        "actor_token": st.text(),
        "payload": st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
    }
)
CHANGED = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=3)


def read_by(read: Any, message: dict[str, Any]) -> tuple[Any, Any]:
    try:
        return read(message), None
    except ValidationError as error:
        return None, error.messages


@given(FIT, CHANGED, st.sets(st.sampled_from(NAMES), max_size=2))
def test_every_message_is_read_or_refused_as_the_schema_does_it(
    fit: dict[str, Any], changed: dict[str, Any], missing: set[str]
) -> None:
    message = {name: value for name, value in (fit | changed).items() if name not in missing}

    assert read_by(read_envelope, message) == read_by(SCHEMA.load, message)
