"""Creates every service's store and log before the first process starts, and gives the roles
their rights.

Again changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from grant_store.opening import open_log, open_store
from grant_store.store import Store
from pruefpfad.assembly import SERVICES
from pruefpfad.decided_ends import ASKED_BY
from pruefpfad.demonstration import declare_demonstration
from pruefpfad.processes.configuration import Configuration


def migrate(configuration: Configuration) -> list[str]:
    """The origins whose stores are there now. Without a prefix of roles, nobody gets rights."""
    origins = []
    for store in _stores(configuration):
        store.migrate()
        with closing(open_log(configuration.database_url, store.service, store.lane)) as log:
            log.migrate()
        if configuration.role_prefix:
            readers = ASKED_BY.get(store.service, ())
            store.grant_roles(configuration.role_prefix, readers)
        origins.append(store.origin)
    return origins


def mark_as_demonstration(configuration: Configuration, purpose: str) -> None:
    """Mark every store as a demonstration by its first event, before any service runs."""
    for store in _stores(configuration):
        declare_demonstration(store, purpose)


def _stores(configuration: Configuration) -> Iterator[Store]:
    for name in SERVICES:
        with closing(open_store(configuration.database_url, name, configuration.lane)) as store:
            yield store
