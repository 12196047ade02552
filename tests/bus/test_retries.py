"""Again later, never, or unknown: what each failure is worth."""

from __future__ import annotations

import pytest

from grant_bus.rabbit import is_passing
from grant_bus.retries import retry_after
from grant_store.catalogue import UnknownTopic, UnreadableState
from grant_store.errors import (
    AppendConflict,
    HeadMoved,
    NotMigrated,
    OutcomeUnknown,
    StoreError,
    Unreachable,
)
from grant_store.work import NotYet


@pytest.mark.parametrize(
    "error",
    [Unreachable(), HeadMoved(), AppendConflict(), StoreError(), NotMigrated(), MemoryError()],
    ids=lambda error: type(error).__name__,
)
def test_what_fails_for_the_machine_is_tried_again_later(error: Exception) -> None:
    assert retry_after(error) == "again_later"


@pytest.mark.parametrize(
    "error",
    [ValueError(), LookupError(), NotYet(), UnknownTopic(), UnreadableState(), RecursionError()],
    ids=lambda error: type(error).__name__,
)
def test_what_fails_for_the_event_is_never_tried_again_by_itself(error: Exception) -> None:
    assert retry_after(error) == "never"


def test_what_may_be_recorded_is_unknown_and_the_store_is_asked() -> None:
    assert retry_after(OutcomeUnknown()) == "unknown"


@pytest.mark.parametrize("error", [Unreachable(), HeadMoved(), OutcomeUnknown()])
def test_a_process_waits_for_what_passes_by_itself(error: Exception) -> None:
    assert is_passing(error)


@pytest.mark.parametrize("error", [StoreError("no room left"), NotMigrated(), ValueError()])
def test_a_process_ends_where_somebody_has_to_do_something(error: Exception) -> None:
    assert not is_passing(error)
