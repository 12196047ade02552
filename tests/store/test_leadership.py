"""One process relays a store. Whoever led and is gone, however that came, makes room."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from grant_store.errors import LeadershipLost, StoreError
from grant_store.opening import open_store
from grant_store.postgres import PostgresStore
from grant_store.rows import Append
from grant_store.store import Leadership, Store
from store.samples import OpensLedger, an_event

TESTS = Path(__file__).parents[1]


def test_one_leads_at_a_time_and_the_next_one_can_when_it_has_ended(
    store: Store, open_ledger: OpensLedger
) -> None:
    first = leading(store)

    assert open_ledger().lead() is None
    first.confirm()
    first.end()
    second = leading(open_ledger())
    assert store.lead() is None
    second.end()


def test_whoever_stands_by_can_lead_after_kill_9(store: Store, store_url: str) -> None:
    leader = subprocess.Popen(
        [sys.executable, "-m", "store.lead_until_killed", store_url],
        cwd=TESTS,
        stdout=subprocess.PIPE,
        text=True,
    )
    with leader:
        assert leader.stdout is not None
        assert leader.stdout.readline() == "leading\n"
        assert store.lead() is None

        leader.kill()
        leader.wait()

        deadline = time.monotonic() + 10
        while (leadership := store.lead()) is None:
            assert time.monotonic() < deadline, "the leadership was not taken back"
        leadership.end()


def test_leading_keeps_nobody_from_recording(store: Store) -> None:
    leadership = leading(store)

    assert store.append(Append(events=[an_event()])).first_position == 1

    leadership.end()


def test_each_service_has_a_leader_of_its_own(open_ledger: OpensLedger) -> None:
    budgeting, intake = open_ledger(), open_ledger(service="intake")
    budgeting.migrate()
    intake.migrate()

    leaders = [leading(budgeting), leading(intake)]

    for leader in leaders:
        leader.end()


@pytest.mark.servers
def test_whoever_led_notices_that_the_server_has_ended_its_session(shared_database: str) -> None:
    store = PostgresStore(shared_database, "budgeting")
    store.migrate()
    leadership = leading(store)
    with psycopg.connect(shared_database, autocommit=True) as session:
        session.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'pruefpfad budgeting/main relay'"
        )

    with pytest.raises(LeadershipLost, match="budgeting/main: the session that led is gone"):
        leadership.confirm()
    with pytest.raises(LeadershipLost):
        leadership.confirm()
    leading(store).end()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="unable to open database file"):
        open_store(f"sqlite:///{tmp_path}/nowhere", "budgeting").lead()


def leading(store: Store) -> Leadership:
    leadership = store.lead()
    assert leadership is not None
    return leadership
