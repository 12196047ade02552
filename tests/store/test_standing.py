"""The two aggregates that each service has under its own name."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from eventsourcing.utils import resolve_topic

from grant_store.catalogue import Catalogue
from grant_store.errors import HeadMoved, VersionConflict
from grant_store.identity_map import IdentityMap
from grant_store.sqlite import SQLiteStore
from grant_store.standing import DEMONSTRATION_ID, StandingAggregates
from grant_store.work import Batch, Context
from grant_values.shapes import Actor

INTAKE = StandingAggregates("intake")
BUDGETING = StandingAggregates("budgeting")
CONTEXT = Context(Actor("S-1", "clerk"), "c", "w")


def test_each_service_has_topics_of_its_own() -> None:
    topics = [kind.topic for kind in Catalogue([*INTAKE.classes, *BUDGETING.classes]).kinds]

    names = (
        *("AccessRefused", "DemonstrationDeclared", "ParkedEventDiscarded"),
        *("HeadAnchored", "IncidentRecorded"),
    )
    assert topics == [f"{service}.{name}" for service in ("intake", "budgeting") for name in names]


def test_what_one_service_recorded_is_rebuilt_as_its_own(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "s.sqlite3", "budgeting", clock=lambda: datetime.now(UTC))
    store.migrate()
    held = IdentityMap(store, Catalogue(BUDGETING.classes))
    batch = Batch(held, uuid4)
    refused = BUDGETING.access_log(
        command="budgeting.approve", actor_id="S-1", role="clerk", reason="r", key="k"
    )
    batch.unit(CONTEXT).keep(refused, BUDGETING.demonstration(purpose="a test"))
    store.append(batch.as_append())

    fresh = IdentityMap(store, Catalogue(BUDGETING.classes))
    found: Any = fresh.find(refused.id)
    declared: Any = fresh.find(DEMONSTRATION_ID)

    assert type(found) is BUDGETING.access_log
    assert type(declared) is BUDGETING.demonstration
    assert found.reason == "r"
    assert declared.purpose == "a test"
    store.close()


@pytest.mark.parametrize("aggregate", [*INTAKE.classes, *BUDGETING.classes])
def test_the_library_finds_each_class_by_its_path(aggregate: type) -> None:
    path = f"{aggregate.__module__}:{aggregate.__qualname__}"

    assert resolve_topic(path) is aggregate


def test_a_refused_access_has_one_stream_per_actor_and_key() -> None:
    create_id = INTAKE.access_log.create_id

    ids = {create_id(actor, key) for actor in ("a", "b") for key in ("k", "l")}

    assert len(ids) == 4
    assert create_id("a", "k") in ids


def test_a_demonstration_is_declared_once_and_first(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "s.sqlite3", "intake")
    store.migrate()
    declarations = []
    for _ in range(2):
        batch = Batch(IdentityMap(store, Catalogue(INTAKE.classes)), uuid4)
        batch.unit(CONTEXT).keep(INTAKE.demonstration(purpose="a test"))
        declarations.append(batch)
    store.append(declarations[0].as_append(expected_head=0))

    with pytest.raises(HeadMoved):
        store.append(declarations[1].as_append(expected_head=0))
    with pytest.raises(VersionConflict):
        store.append(declarations[1].as_append())
    assert store.head().position == 1
    store.close()
