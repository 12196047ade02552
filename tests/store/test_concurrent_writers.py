"""Many writers and one tailing reader: it misses nothing and never sees a hole."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic, sleep

import pytest

from grant_store.errors import VersionConflict
from grant_store.rows import Append
from grant_store.store import Store
from store.samples import OpensLedger, an_event

WRITERS = 4
APPENDS = 40
# Sizes go 1, 2, 3, 4, 5, 1, …: three events per append on average.
EVENTS = WRITERS * APPENDS * 3
PATIENCE_SECONDS = 60
HERE = Path(__file__).parent


def follow(store: Store, until: int, is_over: Callable[[], bool]) -> list[int]:
    """The positions in the order in which a reader at the tail gets to see them."""
    seen: list[int] = []
    deadline = monotonic() + PATIENCE_SECONDS
    while len(seen) < until and monotonic() < deadline:
        was_over = is_over()
        page = store.events_after(seen[-1] if seen else 0, 7)
        seen += [event.position for event in page]
        if was_over and not page:
            break
        sleep(0.001)
    return seen


def test_many_threads_of_one_process_share_a_store(store: Store) -> None:
    def write() -> None:
        for size in range(APPENDS):
            store.append(Append(events=[an_event() for _ in range(1 + size % 5)]))

    with ThreadPoolExecutor(WRITERS) as pool:
        writing = [pool.submit(write) for _ in range(WRITERS)]
        seen = follow(store, EVENTS, lambda: all(one.done() for one in writing))
        for one in writing:
            one.result()

    assert seen == list(range(1, EVENTS + 1))


def test_many_processes_write_one_ledger(store: Store, store_url: str) -> None:
    command = [sys.executable, "-m", "store.write_many", store_url, str(APPENDS)]
    writers = [
        subprocess.Popen(command, cwd=HERE.parent, stderr=subprocess.PIPE) for _ in range(WRITERS)
    ]
    try:
        seen = follow(store, EVENTS, lambda: all(one.poll() is not None for one in writers))
        errors = [one.communicate(timeout=PATIENCE_SECONDS)[1] for one in writers]
    finally:
        for one in writers:
            one.kill()
            one.wait()

    assert errors == [b""] * WRITERS
    assert seen == list(range(1, EVENTS + 1))


def test_of_many_who_want_the_same_version_exactly_one_gets_it(
    store: Store, open_ledger: OpensLedger
) -> None:
    handles = [open_ledger() for _ in range(WRITERS)]
    line = an_event().originator_id

    def claim(handle: Store) -> int:
        won = 0
        for version in range(1, 21):
            try:
                handle.append(Append(events=[an_event(line, version)]))
                won += 1
            except VersionConflict:
                continue
        return won

    with ThreadPoolExecutor(WRITERS) as pool:
        won = list(pool.map(claim, handles))

    assert sum(won) == 20
    assert [event.originator_version for event in store.stream(line)] == list(range(1, 21))
    assert store.head().position == 20


@pytest.mark.parametrize("attempt", range(3))
def test_several_processes_may_migrate_at_once(open_ledger: OpensLedger, attempt: int) -> None:
    handles = [open_ledger() for _ in range(WRITERS)]

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(lambda handle: handle.migrate(), handles))

    assert [handle.head().position for handle in handles] == [0] * WRITERS
