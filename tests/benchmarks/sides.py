"""The two ways to record the same events: our store, and the library's recorder as it comes.

The library's functions in the database stay off, as is its default: with them its readers lose
events. Both have one connection per writer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from uuid import UUID, uuid4

import psycopg
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg.conninfo import conninfo_to_dict

from grant_store.postgres import PostgresStore
from grant_store.rows import Append, NewEvent

SERVICE = "budgeting"
STOCK_SCHEMA = "stock"
STOCK = "eventsourcing.postgres, application recorder as it comes"
TOPIC = "budgeting.FundsEarmarked"
STATE = b'{"rule":"'.ljust(398, b"r") + b'"}'
"""400 bytes, as in the measurements that the design rests on."""

METADATA = b'{"actorid":"b-17","actorrole":"checker","commandkey":"k-1"}'


def prepare(dsn: str) -> None:
    """Create the tables of both sides."""
    store = PostgresStore(dsn, SERVICE)
    store.migrate()
    store.close()
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {STOCK_SCHEMA}")
    with stock_datastore(dsn) as datastore:
        PostgresApplicationRecorder(datastore).create_table()


def stock_datastore(dsn: str) -> PostgresDatastore:
    where = conninfo_to_dict(dsn)
    return PostgresDatastore(
        dbname=str(where["dbname"]),
        host=str(where["host"]),
        port=str(where["port"]),
        user=str(where["user"]),
        password=str(where["password"]),
        schema=STOCK_SCHEMA,
    )


def stock_recorder(dsn: str, opened: ExitStack) -> PostgresApplicationRecorder:
    """A recorder on tables that are there already; closed with `opened`."""
    return PostgresApplicationRecorder(opened.enter_context(stock_datastore(dsn)))


def our_events(count: int) -> list[NewEvent]:
    """One aggregate's first events."""
    aggregate = uuid4()
    return [_our_event(aggregate, version) for version in range(1, count + 1)]


def stock_events(count: int) -> Sequence[StoredEvent]:
    aggregate = uuid4()
    return [StoredEvent(aggregate, version, TOPIC, STATE) for version in range(1, count + 1)]


def appender(side: str, dsn: str, opened: ExitStack) -> Callable[[int], None]:
    """Appends that many events in one transaction, on side "ours" or "stock"."""
    if side == "ours":
        store = PostgresStore(dsn, SERVICE)
        opened.callback(store.close)
        return lambda count: _discard(store.append(Append(events=our_events(count))))
    recorder = stock_recorder(dsn, opened)
    return lambda count: _discard(recorder.insert_events(stock_events(count)))


def _our_event(aggregate: UUID, version: int) -> NewEvent:
    return NewEvent(uuid4(), aggregate, version, TOPIC, 1, STATE, METADATA)


def _discard(_: object) -> None:
    pass
