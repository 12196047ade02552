"""Which failures of the broker pass: after those a process tries again and goes on."""

from __future__ import annotations

import pytest
from amqp.exceptions import (
    AccessRefused,
    AMQPError,
    ConnectionForced,
    InternalError,
    NotFound,
    PreconditionFailed,
)

from grant_bus.rabbit import is_passing


@pytest.mark.parametrize(
    ("said", "passes"),
    [
        (ConnectionForced("the broker is being stopped"), True),
        (InternalError("a queue was deleted under a publisher"), True),
        (NotFound("a queue is gone that was declared a moment ago"), True),
        (PreconditionFailed("a queue is there with other arguments"), False),
        (AccessRefused("this user may not"), False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, AMQPError) else "",
)
def test_what_the_broker_says_of_itself_passes_and_what_it_says_of_us_does_not(
    said: AMQPError, passes: bool
) -> None:
    assert is_passing(said) == passes
