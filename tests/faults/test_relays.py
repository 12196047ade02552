"""Relays as processes: one leads, one stands by, and nothing is skipped whoever is killed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from bus.rabbit.parties import Downstream, each_once
from faults.waiting import eventually
from grant_store.opening import open_store
from grant_store.rows import Append, NewEvent
from grant_store.store import Store
from support.distributed import DistributedSystem, OwnProcess
from support.rabbitmq import RabbitServer

BACKLOG = 30_000


@pytest.fixture
def system(
    postgres_database: str, rabbit_virtual_host: str, tmp_path: Path
) -> Iterator[DistributedSystem]:
    with DistributedSystem(
        postgres_database, rabbit_virtual_host, tmp_path, services=["intake"]
    ) as started:
        yield started


@pytest.fixture
def store(system: DistributedSystem) -> Iterator[Store]:
    with closing(open_store(system.database_url, "intake")) as store:
        yield store


@pytest.fixture
def follower(system: DistributedSystem, tmp_path: Path) -> Iterator[Downstream]:
    follower = Downstream(tmp_path, system.amqp_url, "main", "eligibility")
    with closing(follower):
        yield follower


def test_a_standby_takes_over_when_the_leader_is_killed_in_the_middle_of_a_backlog(
    system: DistributedSystem, store: Store, follower: Downstream
) -> None:
    leader, standby = system.relays["intake"], system.standby_relay("intake")
    standby.start()
    eventually("one more stands by", lambda: "standing by" in standby.log)
    record(store, BACKLOG)
    eventually("the backlog is under way", lambda: store.relayed() > 0)

    system.kill(leader)

    assert store.relayed() < BACKLOG
    eventually("the standby leads", lambda: is_relaying(standby))
    follow(follower, BACKLOG)
    assert follower.seen == each_once(BACKLOG)
    assert store.relayed() == BACKLOG
    assert standby.exit_code is None


def test_whoever_led_before_stands_by_when_it_comes_back(
    system: DistributedSystem, store: Store, follower: Downstream
) -> None:
    first, second = system.relays["intake"], system.standby_relay("intake")
    second.start()
    eventually("one more stands by", lambda: "standing by" in second.log)
    system.kill(first)
    eventually("the standby leads", lambda: is_relaying(second))

    first.start()

    eventually("the first stands by", lambda: "standing by" in first.log)
    record(store, 100)
    follow(follower, 100)
    assert follower.seen == each_once(100)


def test_a_leader_whose_session_is_ended_by_the_server_stops_and_leads_anew(
    system: DistributedSystem, store: Store, follower: Downstream
) -> None:
    with psycopg.connect(system.database_url, autocommit=True) as session:
        ended = session.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'pruefpfad intake/main relay'"
            " AND datname = current_database()"
        ).fetchall()
    assert ended == [(True,)]

    relay = system.relays["intake"]
    eventually("it notices", lambda: "the session that led is gone" in relay.log)
    record(store, 100)
    follow(follower, 100)
    assert follower.seen == each_once(100)
    assert relay.exit_code is None


def test_a_broker_that_is_restarted_in_the_middle_of_a_backlog_gets_all_of_it(
    system: DistributedSystem, store: Store, follower: Downstream, rabbit_server: RabbitServer
) -> None:
    record(store, BACKLOG)
    eventually("the backlog is under way", lambda: store.relayed() > 0)

    rabbit_server.stop()
    assert store.relayed() < BACKLOG
    rabbit_server.start()
    follower.disconnect()
    follower.connect()

    follow(follower, BACKLOG)
    assert follower.seen == each_once(BACKLOG)
    assert system.relays["intake"].exit_code is None


def is_relaying(process: OwnProcess) -> bool:
    return '"event": "relaying"' in process.log


def record(store: Store, count: int) -> None:
    topic, state = "intake.CallClosed", b'{"programme":"p","call":"c"}'
    for _ in range(0, count, 1_000):
        events = [
            NewEvent(uuid4(), uuid4(), 1, topic, 1, state, b'{"actorid":"client:portal"}')
            for _ in range(min(count, 1_000))
        ]
        store.append(Append(events=events))


def follow(follower: Downstream, position: int) -> None:
    def follows_to_the_end() -> bool:
        follower.turn()
        return follower.position >= position

    eventually(f"everything up to {position} is followed", follows_to_the_end, 60)
