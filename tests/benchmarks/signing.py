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
from datetime import UTC, datetime
from hashlib import sha256
from time import perf_counter

from benchmarks.bench import Bench
from benchmarks.results import Measurement, compared, in_turn
from benchmarks.sides import SERVICE, prepare
from benchmarks.writers import Writers
from grant_store.log.store import SignedHead
from grant_store.log.stored_tiles import tree_of
from grant_store.log.tiles import TileBuilder
from grant_store.log.tree import check_inclusion, complete_subtree_root, inclusion_proof
from grant_store.opening import open_ledger_view, open_log

WRITERS = 8
LONGER = 10
"""A head is signed every second at most: a round must last for several of them."""
LEAVES_PER_HEAD = 256
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
    """`proof.ms`: one inclusion proof out of stored tiles, read, made and checked."""
    dsn = bench.new_database()
    prepare(dsn)
    size = bench.sizes.bundled_events
    ledger = _Leaves([sha256(number.to_bytes(8, "big")).digest() for number in range(size)])
    builder = TileBuilder()
    full = [tile for leaf in ledger.hashes for tile in builder.append(leaf)]
    root = builder.root()
    with closing(open_log(dsn, SERVICE)) as log:
        log.add_head(SignedHead(size, root, b"note", datetime.now(UTC)), full)
        indexes = random.Random(1).sample(range(size), min(PROOFS, size))

        def prove(index: int) -> float:
            started = perf_counter()
            # Nothing is kept from one proof to the next: each may be the only one of a process.
            hashes = inclusion_proof(index, size, tree_of(log, ledger, size))
            check_inclusion(ledger.hashes[index], index, size, hashes, root)
            return (perf_counter() - started) * 1_000

        prove(0)  # The connection is opened and statements prepared.
        taken = [prove(index) for index in indexes]
    without_tiles = [ledger.prove(index) for index in indexes[: bench.sizes.rounds]]
    pairs = [(statistics.median(taken), each) for each in without_tiles]
    found = compared(
        "proof.ms",
        "ms",
        pairs,
        "the same proof from all leaves, without tiles",
        less_is_better=True,
    )
    slowest = sorted(taken)[int(len(taken) * 0.99) - 1]
    bench.say(f"proof.ms: of {size:,} events: median {found.ours:.2f}, p99 {slowest:.2f}")
    return replace(found, details={**found.details, "events": size, "p99_ms": round(slowest, 3)})


class _Leaves:
    """The leaves of a ledger that is nothing but that."""

    service, lane = SERVICE, "main"

    def __init__(self, hashes: list[bytes]) -> None:
        self.hashes = hashes

    def leaves(self, first: int, count: int) -> list[bytes]:
        return self.hashes[first : first + count]

    def prove(self, index: int) -> float:
        """Milliseconds for a proof that hashes every leaf."""
        started = perf_counter()

        def read(level: int, place: int) -> bytes:
            return complete_subtree_root(self.hashes[place << level : (place + 1) << level])

        inclusion_proof(index, len(self.hashes), read)
        return (perf_counter() - started) * 1_000


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
