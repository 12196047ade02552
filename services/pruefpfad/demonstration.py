"""Marks a store as a demonstration, in which programs may play persons."""

from __future__ import annotations

from grant_store.event_ids import new_event_id
from grant_store.identity_map import IdentityMap
from grant_store.standing import DEMONSTRATION_ID
from grant_store.store import Store
from grant_store.work import Batch, Context
from grant_values.shapes import Actor
from pruefpfad.assembly import SERVICES

OPERATOR = Actor("system:operator", "system", scripted=True)


def declare_demonstration(store: Store, purpose: str) -> None:
    """Record it as the store's first event. Again does nothing; a store in use is refused.

    Raises `grant_store.errors.HeadMoved` where the store has other events already.
    """
    service = SERVICES[store.service]
    held = IdentityMap(store, service.catalogue)
    if held.find(DEMONSTRATION_ID) is not None:
        return
    batch = Batch(held, new_event_id)
    context = Context(OPERATOR, correlation_id="demonstration", causation_id="operator")
    batch.unit(context).keep(service.standing.demonstration(purpose=purpose))
    store.append(batch.as_append(expected_head=0))
