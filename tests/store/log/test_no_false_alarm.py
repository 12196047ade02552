"""A log whose ledger is only ever appended to never alarms, whatever happens around it."""

from __future__ import annotations

from contextlib import closing, suppress
from threading import Event, Thread
from uuid import uuid4

from grant_store.errors import AppendConflict
from grant_store.log.continuing import Continuation
from grant_store.opening import open_store
from grant_store.rows import Append, Document, Tracked
from store.log.desk import LOG_NAME, Desk
from store.samples import an_event, an_outcome

WRITERS = 4
APPENDS = 60


def contend(url: str, number: int) -> None:
    """Append to aggregates that the others append to as well, and lose as often as one does."""
    with closing(open_store(url, "budgeting")) as store:
        for turn in range(APPENDS):
            shared = [an_event(originator_id=AGGREGATES[turn % 3], version=turn // 3 + 1)]
            own = [an_event() for _ in range(turn % 5)]
            with suppress(AppendConflict):
                store.append(Append(events=[*own, *shared], outcomes=[an_outcome(f"{turn}")]))
            with suppress(AppendConflict):
                store.append(Append(events=own, expected_head=store.head().position))
            store.append(
                Append(
                    documents=[Document("case", f"{number}", b"1")],
                    tracking=[Tracked(f"up{number}/main", turn + 1, b"leaf")],
                )
            )


AGGREGATES = [uuid4() for _ in range(3)]


def test_conflicts_concurrent_writers_and_restarts_alarm_nobody(desk: Desk) -> None:
    over = Event()
    writers = [Thread(target=contend, args=(desk.url, number)) for number in range(WRITERS)]
    ending = Thread(target=lambda: ([each.join() for each in writers], over.set()))
    for thread in (*writers, ending):
        thread.start()

    checkpointer, turn = desk.checkpointer(), 0
    while not over.is_set():
        turn += 1
        if turn % 3 == 0:
            checkpointer = desk.checkpointer()
        checkpointer.sign_next()
        assert Continuation(LOG_NAME, desk.log, desk.ledger()).broken() is None
    ending.join()
    checkpointer.sign_all()

    [found] = desk.check()
    assert found.size == desk.store.head().position > 300
    assert found.unsigned == 0
    assert found.heads > 1
