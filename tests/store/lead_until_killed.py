"""A process that leads a store's relay and does nothing else, for the test that kills it: URL."""

from __future__ import annotations

import signal
import sys

from grant_store.opening import open_store

if __name__ == "__main__":
    leadership = open_store(sys.argv[1], "budgeting").lead()
    print("leading" if leadership else "standing by", flush=True)
    signal.pause()
