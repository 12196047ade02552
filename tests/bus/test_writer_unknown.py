"""What callers are told when the line to PostgreSQL breaks while their commands are recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from bus.till import adding, answer, answers, opening, the_till
from grant_bus.answering import unknown
from grant_contracts.answers import Answer
from grant_store.errors import OutcomeUnknown
from grant_store.postgres import PostgresStore
from grant_store.rows import Append, Appended
from store.broken_line import BrokenLine

pytestmark = pytest.mark.servers

COMMANDS = [adding(5, key="a"), adding(200, key="b"), opening("fay", key="c")]
BEFORE = 2
"""What is recorded before the line breaks: two purses."""
KINDS = ["recorded", "refused", "recorded"]


class Distant(PostgresStore):
    """A store over a line that breaks at an append: at the next one, whenever `breaks` is set."""

    breaks: Callable[[], None] | None = None

    def append(self, append: Append) -> Appended:
        if self.breaks:
            self.breaks()
            self.breaks = None
        return super().append(append)


@pytest.fixture
def near(postgres_database: str) -> Iterator[PostgresStore]:
    """The till's store over a line that holds, with one purse."""
    with closing(PostgresStore(postgres_database, "till")) as near:
        near.migrate()
        answer(the_till(near), opening())
        yield near


@pytest.fixture
def line(near: PostgresStore, postgres_database: str) -> Iterator[BrokenLine]:
    where = conninfo_to_dict(postgres_database)
    with closing(BrokenLine(str(where["host"]), int(str(where["port"])))) as line:
        yield line


@pytest.fixture
def distant(line: BrokenLine, postgres_database: str) -> Iterator[Distant]:
    dsn = make_conninfo(postgres_database, host="127.0.0.1", port=line.port)
    with closing(Distant(dsn, "till", patience_seconds=0.3)) as distant:
        # Statements are prepared now, so that the next answer is that of an append.
        answer(the_till(distant), opening("bob"))
        yield distant


@pytest.fixture(params=["answer", "request"])
def lost(request: pytest.FixtureRequest, line: BrokenLine, distant: Distant) -> str:
    """The line breaks after the commit and before the answer, or before anything was heard."""
    lost: str = request.param
    trap = line.lose_next_answer if lost == "answer" else line.lose_next_request
    distant.breaks = trap.set
    return lost


def test_each_command_of_a_batch_is_told_what_is_on_record_of_it(
    near: PostgresStore, distant: Distant, lost: str
) -> None:
    told = answers(the_till(distant), *COMMANDS)

    assert [each.kind for each in told] == KINDS
    assert distant.breaks is None
    assert_on_record(near, told)


def test_a_decision_that_was_lost_on_the_way_is_not_taken_twice(
    near: PostgresStore, distant: Distant, lost: str
) -> None:
    till = the_till(distant)

    assert answer(till, adding(60, key="a")).kind == "recorded"
    assert answer(till, adding(60, key="b")).kind == "refused"
    assert [row.topic for row in near.events_after(BEFORE, 10)] == [
        "till.CoinsAdded",
        "till.CoinsRefused",
    ]


def test_where_the_database_stays_away_all_are_unknown_and_their_keys_settle_it(
    near: PostgresStore, distant: Distant, line: BrokenLine, lost: str
) -> None:
    line.stays_down = True

    failed = the_till(distant).answer(COMMANDS)

    assert [type(each) for each in failed] == [OutcomeUnknown] * 3
    for message, fault in zip(COMMANDS, failed, strict=True):
        assert isinstance(fault, OutcomeUnknown)
        told = unknown(message, fault)
        assert (told.kind, told.code, told.key) == ("unknown", "outcome_unknown", message["key"])
    assert near.head().position == BEFORE + (3 if lost == "answer" else 0)
    settled = answers(the_till(near), *COMMANDS)
    assert [each.kind for each in settled] == KINDS
    assert near.head().position == BEFORE + 3
    assert_on_record(near, settled)


def assert_on_record(store: PostgresStore, told: list[Answer]) -> None:
    """Every answer names the last of its events, and the store has these events there."""
    rows = {row.event_id: row for row in store.events_after(BEFORE, 10)}
    assert len(rows) == len(told) == store.head().position - BEFORE
    for each in told:
        [event_id] = each.event_ids
        assert rows[event_id].position == each.position
        stored = store.outcome("S-1", each.key)
        assert stored is not None
        assert (stored.kind, stored.reason) == (each.kind, each.reason)
