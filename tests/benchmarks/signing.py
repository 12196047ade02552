"""The log: what a running checkpointer costs those who append, and how long one proof takes."""

from __future__ import annotations

import os
import random
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from time import perf_counter

from benchmarks.bench import Bench
from benchmarks.results import Measurement, compared, in_turn
from benchmarks.sides import SERVICE, our_events, prepare
from benchmarks.writers import Writers
from grant_store.log.checkpointer import Checkpointer
from grant_store.log.log_keys import keys_of_log
from grant_store.log.store import SignedHead
from grant_store.log.stored_tiles import tree_of
from grant_store.log.tiles import WIDTH
from grant_store.log.tree import check_inclusion, complete_subtree_root, inclusion_proof
from grant_store.opening import open_ledger_view, open_log
from grant_store.postgres import PostgresStore
from grant_store.rows import Append
from grant_store.sqlite import utc_now

WRITERS = 8
LONGER = 10
"""A head is signed every second at most: a round must last for several of them."""
LEAVES_PER_HEAD = 256
EVENTS_PER_APPEND = 1_000
PROOFS = 200
PATIENCE_SECONDS = 60.0


def append_ratio(bench: Bench) -> Measurement:
    """`checkpointer.append_ratio`: the same writers with the checkpointer running and halted."""
    dsn = bench.new_database()
    prepare(dsn)
    count = min(WRITERS, bench.sizes.most_writers)
    sizes = [1] * max(2, LONGER * bench.sizes.appends // count)
    with _checkpointer(bench, dsn) as process, Writers(count, dsn) as all_writers:

        def rate(*, signing: bool) -> float:
            if signing:
                process.send_signal(signal.SIGCONT)
                _wait_until_signed(dsn)
            else:
                process.send_signal(signal.SIGSTOP)
            return all_writers.write("ours", sizes).events_per_second

        found = in_turn(
            "checkpointer.append_ratio",
            "events/s",
            bench.sizes.rounds,
            lambda: rate(signing=True),
            lambda: rate(signing=False),
            "the same store without a checkpointer",
            bench.say,
        )
        process.send_signal(signal.SIGCONT)
    with closing(open_log(dsn, SERVICE)) as log:
        details = {**found.details, "writers": count, "heads": len(log.heads())}
    return replace(found, details=details)


def proof(bench: Bench) -> Measurement:
    """`proof.ms`: one inclusion proof from stored tiles and the ledger's newest events, read, made
    and checked."""
    dsn = bench.new_database()
    size = bench.sizes.bundled_events
    head = _signed(bench, dsn, size)
    with closing(open_log(dsn, SERVICE)) as log, closing(open_ledger_view(dsn, SERVICE)) as ledger:

        def prove(index: int) -> float:
            started = perf_counter()
            # Nothing is kept from one proof to the next: each may be the only one of a process.
            tree = tree_of(log, ledger, size)
            [leaf] = ledger.leaves(index, 1)
            check_inclusion(leaf, index, size, inclusion_proof(index, size, tree), head.root)
            return (perf_counter() - started) * 1_000

        def prove_from_leaves(index: int) -> float:
            started = perf_counter()
            leaves = ledger.leaves(0, size)

            def read(level: int, place: int) -> bytes:
                return complete_subtree_root(leaves[place << level : (place + 1) << level])

            hashes = inclusion_proof(index, size, read)
            check_inclusion(leaves[index], index, size, hashes, head.root)
            return (perf_counter() - started) * 1_000

        prove(0)  # The connections are opened and statements prepared.
        # The newest events are in no full tile: every tenth proof is of one of them.
        chosen = random.Random(1)
        indexes = [chosen.randrange(size - size % WIDTH) for _ in range(PROOFS * 9 // 10)]
        indexes += [chosen.randrange(size - size % WIDTH, size) for _ in range(PROOFS // 10)]
        taken = [prove(index) for index in indexes]
        without_tiles = [prove_from_leaves(index) for index in indexes[: bench.sizes.rounds]]
    pairs = [(statistics.median(taken), each) for each in without_tiles]
    found = compared(
        "proof.ms",
        "ms",
        pairs,
        "the same proof from all leaves of the ledger, without tiles",
        less_is_better=True,
    )
    slowest = sorted(taken)[int(len(taken) * 0.99) - 1]
    bench.say(f"proof.ms: of {size:,} events: median {found.ours:.2f}, p99 {slowest:.2f}")
    return replace(found, details={**found.details, "events": size, "p99_ms": round(slowest, 3)})


def _signed(bench: Bench, dsn: str, size: int) -> SignedHead:
    """A ledger of so many events, and the newest head of its log."""
    started = perf_counter()
    with (
        closing(PostgresStore(dsn, SERVICE)) as store,
        closing(open_log(dsn, SERVICE)) as log,
        closing(open_ledger_view(dsn, SERVICE)) as ledger,
    ):
        store.migrate()
        for first in range(0, size, EVENTS_PER_APPEND):
            store.append(Append(events=our_events(min(EVENTS_PER_APPEND, size - first))))
        keys_of = partial(keys_of_log, bench.new_folder())
        heads = Checkpointer("bench", log, ledger, keys_of, utc_now).sign_all()
    bench.say(f"proof.ms: {size:,} events signed in {perf_counter() - started:.0f} s")
    return heads[-1]


@contextmanager
def _checkpointer(bench: Bench, dsn: str) -> Iterator[subprocess.Popen[bytes]]:
    keys = bench.new_folder()
    environment = {
        **os.environ,
        "PRUEFPFAD_DATABASE_URL": dsn,
        "PRUEFPFAD_LOG_KEYS": str(keys),
        "PRUEFPFAD_CHECKPOINT_LEAVES": str(LEAVES_PER_HEAD),
        "PRUEFPFAD_LOG_LEVEL": "warning",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "pruefpfad.processes.checkpointer", SERVICE], env=environment
    )
    try:
        yield process
        process.send_signal(signal.SIGTERM)
        if process.wait(PATIENCE_SECONDS):
            raise RuntimeError("the checkpointer has refused to sign")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _wait_until_signed(dsn: str) -> None:
    """What was recorded while it was halted is not to weigh on the round that comes."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    with closing(open_log(dsn, SERVICE)) as log, closing(open_ledger_view(dsn, SERVICE)) as ledger:
        while True:
            head = log.last_head()
            if ledger.head().position - (head.size if head else 0) < LEAVES_PER_HEAD and head:
                return
            if time.monotonic() > deadline:
                raise RuntimeError("the checkpointer does not get to the head")
            time.sleep(0.1)
