"""A writer in a process of its own, for the test of many writers: URL, appends, sizes in turn."""

from __future__ import annotations

import sys

from grant_store.opening import open_store
from grant_store.rows import Append
from store.samples import an_event


def main(url: str, appends: int) -> None:
    store = open_store(url, "budgeting")
    for size in range(appends):
        store.append(Append(events=[an_event() for _ in range(1 + size % 5)]))
    store.close()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
