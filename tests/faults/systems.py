"""Fresh systems for one life or one fault: a database, a virtual host, and processes on them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from faults.proxy import PostgresProxy
from pruefpfad.assembly import SERVICES
from pruefpfad.keys import PRIVATE
from support.authority import KEY
from support.distributed import DistributedSystem
from support.postgres import PostgresServer
from support.rabbitmq import RabbitServer


@contextmanager
def a_system(
    postgres: PostgresServer,
    rabbit: RabbitServer,
    proxy: PostgresProxy,
    folder: Path,
    services: Sequence[str] = tuple(SERVICES),
) -> Iterator[DistributedSystem]:
    """Processes that reach their database by way of the proxy, and trust the clerks' tokens."""
    trust_the_clerks(folder / "keys")
    name = f"faults_{uuid4().hex}"
    database, virtual_host = postgres.create_database(name), rabbit.create_virtual_host(name)
    try:
        with DistributedSystem(
            database, virtual_host, folder, services, by_way_of=proxy.url
        ) as system:
            yield system
    finally:
        rabbit.delete_virtual_host(name)
        postgres.drop_database(name)


def trust_the_clerks(folder: Path) -> None:
    """Put the key there that the clerks' tokens are signed by, before a system makes one."""
    folder.mkdir(parents=True)
    (folder / PRIVATE).write_text(json.dumps(KEY.as_dict(private=True)), encoding="utf-8")
