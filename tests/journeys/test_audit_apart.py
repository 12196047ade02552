"""Audit in a process of its own: it reads what the bus would have brought, and its end shows."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from multiprocessing import active_children
from pathlib import Path
from uuid import uuid4

import pytest

from grant_store.rows import Append, NewEvent
from grant_store.store import Store
from journeys.published_list import ending_of, play, play_embedded, purpose_of
from pruefpfad.audit_apart import AuditApart, AuditStopped
from pruefpfad.embedded import EmbeddedSystem
from pruefpfad.scripted.records import StoredRecords


@pytest.fixture
def system(short_example: Path, tmp_path: Path) -> Iterator[EmbeddedSystem]:
    with EmbeddedSystem(tmp_path / "apart") as system:
        system.declare_demonstration(purpose_of(short_example))
        yield system


def test_the_list_ends_as_it_does_when_audit_is_on_the_bus(system, short_example, tmp_path):
    with AuditApart(system) as audit:
        records = StoredRecords(system.stores["audit"], audit.catch_up)
        play(short_example, system, records, system.key)
        audit.catch_up()

        assert is_at_the_heads(system)
        assert ending_of(system) == play_embedded(short_example, tmp_path / "embedded")


def test_afterwards_audit_is_on_the_bus_again_and_goes_on_where_the_other_process_stopped(system):
    with AuditApart(system) as audit:
        audit.catch_up()
    record(system.stores["intake"], "intake.DemonstrationDeclared", b'{"purpose":"once more"}')

    system.settle()

    assert is_at_the_heads(system)


def test_a_process_that_was_killed_is_noticed_by_whoever_waits_for_it(system):
    with AuditApart(system) as audit:
        [process] = active_children()
        os.kill(process.pid, signal.SIGKILL)
        process.join()

        with pytest.raises(AuditStopped, match="has ended"):
            audit.catch_up()


def test_what_it_cannot_follow_is_told_to_whoever_waits_for_it(system):
    record(system.stores["intake"], "intake.SomethingUnheardOf", b"{}")

    with (
        AuditApart(system) as audit,
        pytest.raises(AuditStopped, match=r"intake\.SomethingUnheardOf .*not in the registry"),
    ):
        audit.catch_up()


def record(store: Store, topic: str, state: bytes) -> None:
    store.append(Append(events=[NewEvent(uuid4(), uuid4(), 1, topic, 1, state, b"{}")]))


def is_at_the_heads(system: EmbeddedSystem) -> bool:
    audit = system.stores["audit"]
    upstreams = [store for name, store in system.stores.items() if name != "audit"]
    return all(audit.tracked(store.origin)[1:3] == store.head() for store in upstreams)
