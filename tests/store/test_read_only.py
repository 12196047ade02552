"""What is opened for reading cannot be written through, on either database."""

from __future__ import annotations

import pytest

from grant_store.errors import NotNow
from grant_store.opening import open_store
from grant_store.rows import Append
from grant_store.store import Store
from store.samples import an_event


def test_it_reads_what_is_there_and_takes_nothing(store: Store, store_url: str) -> None:
    store.append(Append(events=[an_event()]))
    reading = open_store(store_url, "budgeting", read_only=True)

    with pytest.raises(NotNow):
        reading.append(Append(events=[an_event()]))

    assert reading.head() == store.head()
    assert [row.position for row in reading.events_after(0, 10)] == [1]
    reading.close()
    assert store.head().position == 1


def test_it_sees_what_is_written_meanwhile(store: Store, store_url: str) -> None:
    reading = open_store(store_url, "budgeting", read_only=True)
    assert reading.head().position == 0

    store.append(Append(events=[an_event()]))

    assert reading.head().position == 1
    reading.close()
