"""What the tests of faults share: a proxy in front of the database server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from faults.proxy import PostgresProxy
from support.postgres import PostgresServer


@pytest.fixture
def proxy(postgres_server: PostgresServer) -> Iterator[PostgresProxy]:
    with closing(PostgresProxy(postgres_server.superuser_dsn)) as proxy:
        yield proxy
