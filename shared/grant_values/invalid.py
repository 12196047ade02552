"""The one exception for a command that asks for something that cannot be."""

from __future__ import annotations


class Invalid(ValueError):
    """Names the field and what was expected of it. Nothing is recorded for such a command.

    A lawful refusal is something else: an event with a reason.
    """

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(f"{field}: {expected}")
        self.field = field
        self.expected = expected


class NotEntitled(Exception):
    """This person may not do this, whatever the case: goes on record in the access stream.

    Raised before anything has changed. `reason` comes from the closed list of the contracts.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
