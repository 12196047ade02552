"""Twenty green threads that share one store, for the test that eventlet may patch everything."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import eventlet

    eventlet.monkey_patch()

import os
import sys

# The compiled driver would wait in C and stop every other green thread.
os.environ["PSYCOPG_WAIT_FUNC"] = "wait_selector"

from grant_store.opening import open_store
from grant_store.rows import Append
from store.samples import an_event


def main(url: str) -> None:
    store = open_store(url, "budgeting")
    pool = eventlet.GreenPool(20)
    for _ in range(100):
        pool.spawn_n(lambda: store.append(Append(events=[an_event()])))
    pool.waitall()
    print([event.position for event in store.events_after(0, 200)] == list(range(1, 101)))


if __name__ == "__main__":
    main(sys.argv[1])
