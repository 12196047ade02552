"""A database that takes nothing for a while: a clear error, no half state, and on it goes."""

from __future__ import annotations

from contextlib import closing
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from faults.office import Office
from faults.trouble import Trouble
from faults.waiting import eventually
from grant_bus.rabbit_rpc import RpcClient
from grant_store.errors import NotNow
from grant_store.postgres import PostgresStore
from grant_store.rows import Append
from simulation.clerks import Command
from store.samples import an_event, an_outcome
from support.authority import PROGRAMME, person
from support.distributed import DistributedSystem

SAYS = "PostgreSQL takes nothing now; nothing was written"


def test_a_session_that_began_read_only_is_not_used_again_when_that_is_over(
    postgres_database: str,
) -> None:
    database = sql.Identifier(postgres_database.rpartition("/")[2])
    append = Append(events=[an_event()], outcomes=[an_outcome(event_count=1)])
    with (
        closing(PostgresStore(postgres_database, "budgeting")) as store,
        psycopg.connect(postgres_database, autocommit=True) as session,
    ):
        store.migrate()
        setting = sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = on")
        session.execute(setting.format(database))
        with pytest.raises(NotNow, match="budgeting/main: PostgreSQL takes nothing now; nothing"):
            store.append(append)
        with pytest.raises(NotNow, match="read-only transaction"):
            store.move_relay(1)
        assert (store.head().position, store.outcome("portal", "k-1")) == (0, None)

        session.execute(sql.SQL("ALTER DATABASE {} RESET ALL").format(database))

        assert store.append(append).first_position == 1


def test_callers_are_told_unknown_and_why_and_everything_goes_on_when_it_is_over(
    office: Office, trouble: Trouble, system: DistributedSystem
) -> None:
    unknown = office.world.told.unknown
    with office.busy(18) as work:
        work.get_on()
        with trouble.read_only(), RpcClient(system.amqp_url) as client:
            eventually("somebody is told", lambda: office.world.told.unknown > unknown)
            message = a_ceiling().message()
            # The first answer may be about the line that broke when the sessions were ended.
            eventually("it is told why", lambda: SAYS in why_unknown(client, message))
        work.get_on()

    assert {process.exit_code for process in system.processes} == {None}


def why_unknown(client: RpcClient, message: dict[str, Any]) -> str:
    answer = client.command(message)
    assert answer["kind"] == "unknown"
    return str(answer["reason"])


def a_ceiling() -> Command:
    payload = {"programme": PROGRAMME, "fund": "ESF", "year": 2021, "ceiling": "10000000.00"}
    payload |= {"reason": "wie bisher", "effective_on": "2021-01-25"}
    officer = person("budget_officer")
    return Command(f"ceiling {uuid4()}", officer, "budgeting.change_ceiling", payload)
