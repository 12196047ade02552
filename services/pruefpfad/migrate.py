"""Creates every service's store before the first process starts. Again changes nothing."""

from __future__ import annotations

from contextlib import closing

from grant_store.opening import open_store
from pruefpfad.assembly import SERVICES
from pruefpfad.configuration import Configuration


def migrate(configuration: Configuration) -> list[str]:
    """The origins whose stores are there now."""
    origins = []
    for name in SERVICES:
        with closing(open_store(configuration.database_url, name, configuration.lane)) as store:
            store.migrate()
            origins.append(store.origin)
    return origins
