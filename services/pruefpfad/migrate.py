"""Creates every service's store before the first process starts. Again changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from uuid import uuid4

from grant_store.opening import open_store
from grant_store.standing import DEMONSTRATION_ID
from grant_store.store import Store
from grant_store.work import Batch, Context, IdentityMap
from grant_values.shapes import Actor
from pruefpfad.assembly import SERVICES
from pruefpfad.configuration import Configuration

OPERATOR = Actor("system:operator", "system", scripted=True)


def migrate(configuration: Configuration) -> list[str]:
    """The origins whose stores are there now."""
    origins = []
    for store in _stores(configuration):
        store.migrate()
        origins.append(store.origin)
    return origins


def declare_demonstration(configuration: Configuration, purpose: str) -> None:
    """Mark every store as a demonstration by its first event, before any service runs."""
    for store in _stores(configuration):
        service = SERVICES[store.service]
        held = IdentityMap(store, service.catalogue)
        if held.find(DEMONSTRATION_ID) is None:
            batch = Batch(held, uuid4)
            context = Context(OPERATOR, correlation_id="demonstration", causation_id="operator")
            batch.unit(context).keep(service.standing.demonstration(purpose=purpose))
            store.append(batch.as_append(expected_head=0))


def _stores(configuration: Configuration) -> Iterator[Store]:
    for name in SERVICES:
        with closing(open_store(configuration.database_url, name, configuration.lane)) as store:
            yield store
