"""An authority at work while processes are killed, lines cut and servers stopped under it.

One system serves all tests of this file: what befell it in one, it has survived in the next. Each
test ends with the invariants over all ledgers, with every answer compared with what is recorded,
and with exports that equal those of a calm world.
"""

from __future__ import annotations

import pytest

from faults.office import Office
from faults.proxy import Moment, PostgresProxy
from faults.trouble import Trouble
from faults.waiting import eventually
from grant_bus.rabbit import feed_queue_name
from pruefpfad.assembly import SERVICES
from support.distributed import LANE, DistributedSystem

DECIDING = ("intake", "eligibility", "budgeting", "disbursement")


def test_services_and_relays_are_killed_at_any_moment(
    office: Office, trouble: Trouble, system: DistributedSystem
) -> None:
    with office.busy(5) as work:
        for name in SERVICES:
            work.get_on()
            trouble.kill(system.relays[name])
            trouble.kill(system.services[name])


@pytest.mark.parametrize("moment", Moment)
def test_lines_to_the_database_are_cut_at_the_same_moment_of_many_appends(
    office: Office, proxy: PostgresProxy, moment: Moment
) -> None:
    traps = [
        proxy.cut_next(moment, f"{name}/{LANE}", skip)
        for name in (*DECIDING, "audit")
        for skip in (0, 1, 2)
    ]

    with office.busy(10 + moment.value):
        pass

    hit = {trap.origin for trap in traps if trap.sprung.is_set()}
    assert hit == {trap.origin for trap in traps}


def test_the_database_stalls_for_a_while(office: Office, trouble: Trouble) -> None:
    unknown = office.world.told.unknown

    with office.busy(3) as work:
        work.get_on()
        trouble.stall(seconds=2.0)
        work.get_on()

    assert office.world.told.unknown == unknown, "a short stall is only waited for"


def test_the_database_is_stopped_as_by_a_power_cut(office: Office, trouble: Trouble) -> None:
    with office.busy(6) as work:
        for _ in range(2):
            work.get_on(20)
            trouble.crash_postgres()


def test_the_broker_is_away_for_a_while(office: Office, trouble: Trouble) -> None:
    with office.busy(7) as work:
        work.get_on(20)
        trouble.restart_rabbit()
        work.get_on()


def test_the_feeds_are_emptied_and_deleted(office: Office, trouble: Trouble) -> None:
    with office.busy(8) as work:
        for _ in range(4):
            work.get_on()
            trouble.purge_feeds()
        trouble.delete_feeds()
        work.get_on()


def test_messages_arrive_twice_and_in_another_order(
    office: Office, trouble: Trouble, system: DistributedSystem
) -> None:
    audit = system.services["audit"]
    queue = feed_queue_name("audit", f"intake/{LANE}")
    with office.busy(9) as work:
        system.kill(audit)
        work.get_on(40)
        mixed = eventually("messages", lambda: trouble.shuffle(queue))
        audit.start()

    assert mixed > 2
