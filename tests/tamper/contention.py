"""A history that many writers make at once: they want the same versions, lose, and try again, while
checkpointers come and go, bundles are taken, and the database itself breaks down and comes back.

Nobody tampers with anything here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event, Lock, Thread
from time import monotonic, sleep
from uuid import uuid4

from grant_store.errors import AppendConflict, StoreError
from grant_store.opening import open_store
from grant_store.rows import Append
from grant_store.store import Store
from store.samples import an_event
from tamper.scene import Building
from tamper.stores import Stores
from tamper.verdicts import Verdict, bundle_of, verdict_on

FIRST, FOLLOWING = "intake", "eligibility"
WRITERS = 3
"""Of each of the two services."""
ROUNDS = 3
EVENTS_PER_ROUND = 60
A_MOMENT_SECONDS = 0.01
PATIENCE_SECONDS = 60
CLOCKS_SECONDS = 60


class Contention:
    """Writers and their scene. `met` counts by kind what they ran into."""

    def __init__(self, folder: Path, stores: Stores) -> None:
        folder.mkdir(parents=True)
        self._building = Building(folder, stores, CLOCKS_SECONDS, (FOLLOWING, FIRST))
        self._building.grow({})
        self._stores = stores
        self._aggregates = {service: [uuid4() for _ in range(3)] for service in (FIRST, FOLLOWING)}
        self._is_over = Event()
        self.scene = self._building.scene
        self.met: Counter[str] = Counter()
        self._counting = Lock()

    def run(self) -> Iterator[Verdict]:
        """What an auditor finds in a bundle that was taken meanwhile, once in each round."""
        services = [FIRST, FOLLOWING] * WRITERS
        writers = [Thread(target=self._write, args=(service,)) for service in services]
        for writer in writers:
            writer.start()
        try:
            for number in range(1, ROUNDS + 1):
                self._wait_for(number * EVENTS_PER_ROUND)
                self._building.sign()
                bundle = bundle_of(self._stores, self.scene.folder / "meanwhile.zip")
                yield verdict_on(bundle, self.scene.outside)
                self._stores.break_down()
        finally:
            self._is_over.set()
            for writer in writers:
                writer.join()
        self._building.grow({})
        self._building.sign()
        self._building.back_up()

    def _write(self, service: str) -> None:
        """Until it is over, with stores opened anew whenever one broke."""
        turn = 0
        while not self._is_over.is_set():
            try:
                with (
                    closing(open_store(self._stores.url, FIRST)) as first,
                    closing(open_store(self._stores.url, service)) as store,
                ):
                    while not self._is_over.is_set():
                        turn += 1
                        self._append(store, turn, first.head().position)
                        sleep(A_MOMENT_SECONDS)
            except StoreError as trouble:
                self._count(trouble)
                sleep(0.05)

    def _append(self, store: Store, turn: int, cause: int) -> None:
        """Some events of our own, and one that others may be quicker with."""
        aggregate = self._aggregates[store.service][turn % 3]
        version = len(store.stream(aggregate)) + 1
        events = [an_event() for _ in range(turn % 4)] + [an_event(aggregate, version)]
        if store.service == FOLLOWING and cause:
            because = f'{{"causationid":"event:{FIRST}/main/{cause}"}}'.encode()
            events = [event._replace(metadata=because) for event in events]
        head = store.head().position if turn % 5 == 0 else None
        try:
            store.append(Append(events=events, expected_head=head))
        except AppendConflict as conflict:
            self._count(conflict)

    def _count(self, trouble: StoreError) -> None:
        with self._counting:
            self.met[type(trouble).__name__] += 1

    def _wait_for(self, events: int) -> None:
        """Until each of the two ledgers has as many."""
        deadline = monotonic() + PATIENCE_SECONDS
        for service in (FIRST, FOLLOWING):
            with closing(open_store(self._stores.url, service)) as store:
                while store.head().position < events:
                    if monotonic() > deadline:
                        raise TimeoutError(f"{service} has not reached {events} events.")
                    sleep(0.02)
