"""A green process of its own, for the tests of the hub: `hub_probe.py MODE DATABASE_URL`.

It prints the longest pause in seconds, or why it refused to go on.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable


def late(url: str) -> None:
    """The driver was imported before the process became green."""
    import psycopg  # noqa: F401

    from grant_bus.nameko import hub

    hub.patch()


def deaf(url: str) -> None:
    """The driver waits in C, as it does when nobody tells it otherwise."""
    from grant_bus.nameko import hub

    hub.patch()
    os.environ[hub.WAITING] = "wait_c"
    hub.refuse_if_stalled(a_query(url, 0.5), limit_seconds=0.25)


def query(url: str) -> None:
    """One query of a second."""
    from grant_bus.nameko import hub

    hub.patch()
    print(hub.refuse_if_stalled(a_query(url, 1.0), limit_seconds=0.25))


def batch(url: str) -> None:
    """A batch as full as it can be: every message of the prefetch, each with all its events."""
    from grant_bus.nameko import hub

    hub.patch()
    from bus.rabbit.parties import a_writer, an_event
    from grant_bus.feed import EVENTS_PER_MESSAGE, pack, unpack
    from grant_bus.rabbit_follower import MESSAGES_PER_BATCH
    from grant_store.opening import open_store
    from grant_store.rows import Append

    count = MESSAGES_PER_BATCH * EVENTS_PER_MESSAGE
    upstream, store = open_store(url, "intake"), open_store(url, "audit")
    upstream.migrate()
    store.migrate()
    upstream.append(Append(events=[an_event() for _ in range(count)]))
    body = pack(upstream.origin, upstream.events_after(0, count))
    # A policy that never asks the database, so that nothing in it lets others run.
    writer = a_writer(store, lambda work, event: work.write_document("seen", str(event.at), 1))
    writer.store.head()
    pause = hub.longest_pause(lambda: writer.follow(upstream.origin, unpack(body)))
    assert store.tracked(upstream.origin).position == len(store.documents("seen")) == count
    print(pause)


def a_query(url: str, seconds: float) -> Callable[[], object]:
    """A query of this length on a connection that is open already."""
    from grant_store.postgres_connection import connect

    connection = connect(url, "probe", autocommit=True)
    return lambda: connection.execute("SELECT pg_sleep(%s)", (seconds,))


if __name__ == "__main__":
    {"late": late, "deaf": deaf, "query": query, "batch": batch}[sys.argv[1]](sys.argv[2])
