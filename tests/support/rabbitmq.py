"""A private RabbitMQ server for one test run. Knows nothing of the messages in it.

Name, cookie, files, ports and the port mapper (epmd) are its own, all on the loopback address,
so that no other broker of the machine is met, asked or ended.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import kombu
from amqp.exceptions import AMQPError

from support.container import Container
from support.machine import Engine, Machine
from support.ports import LOOPBACK, answers
from support.processes import Account
from support.rabbitmq_node import InstalledRabbit, configuration
from support.server import PrivateServer

IMAGE = "rabbitmq:3.13"
VIRTUAL_HOST = "pruefpfad"
USER = "pruefpfad"
STOP_TIMEOUT_SECONDS = 60
CONNECT_TIMEOUT_SECONDS = 5


class RabbitServer(PrivateServer[InstalledRabbit | Container]):
    """A broker of our own, with one user and one virtual host."""

    name = "RabbitMQ"
    start_timeout_seconds = 120.0

    def __init__(self, machine: Machine | None = None) -> None:
        self._found = (machine or Machine()).find_rabbitmq()
        super().__init__()

    @property
    def pids(self) -> list[int]:
        """The broker and what was started beside it."""
        return [self.pid] if isinstance(self._node, Container) else self._node.pids

    @property
    def amqp_url(self) -> str:
        return self.url(VIRTUAL_HOST)

    def url(self, virtual_host: str, user: str = USER, password: str = "") -> str:
        """The address of a virtual host. Without another user it is the administrator's."""
        credentials = f"{user}:{password or self._password}"
        return f"amqp://{credentials}@{LOOPBACK}:{self.port}/{quote(virtual_host, '')}"

    def stop(self) -> None:
        """An orderly stop: durable queues and persistent messages are there at the next start."""
        self._node.stop(signal.SIGTERM, STOP_TIMEOUT_SECONDS)

    def ctl(self, *words: str) -> str:
        """What `rabbitmqctl` prints for these words. Each call starts an Erlang of its own."""
        if isinstance(self._node, Container):
            return self._node.execute("rabbitmqctl", *words)
        return self._node.ctl(*words)

    def import_definitions(self, text: str) -> None:
        """Give the running broker exchanges, queues, users and rights."""
        if isinstance(self._node, Container):
            command = (
                'printf %s "$0" > /tmp/new.json && rabbitmqctl import_definitions /tmp/new.json'
            )
            self._node.execute("sh", "-c", command, text)
        else:
            self._node.import_definitions(text)

    @contextmanager
    def out_of_memory(self) -> Iterator[None]:
        """The memory alarm: the broker takes nothing from anybody, until the block ends."""
        self.ctl("set_vm_memory_high_watermark", "0")
        try:
            yield
        finally:
            self.ctl("set_vm_memory_high_watermark", "0.6")

    def create_virtual_host(self, name: str) -> str:
        """A new empty virtual host. Returns its address."""
        self.ctl("add_vhost", name)
        self.ctl("set_permissions", "--vhost", name, USER, ".*", ".*", ".*")
        return self.url(name)

    def delete_virtual_host(self, name: str) -> None:
        self.ctl("delete_vhost", name)

    def purge(self, queue: str, url: str | None = None) -> int:
        """Throw away what waits in a queue. Returns how many messages that was."""
        with _connection(url or self.amqp_url) as connection, connection.channel() as channel:
            return int(channel.queue_purge(queue))

    def delete_queue(self, queue: str, url: str | None = None) -> None:
        with _connection(url or self.amqp_url) as connection, connection.channel() as channel:
            channel.queue_delete(queue)

    def _prepare(self) -> InstalledRabbit | Container:
        if isinstance(self._found, Engine):
            environment = {
                "RABBITMQ_DEFAULT_USER": USER,
                "RABBITMQ_DEFAULT_PASS": self._password,
                "RABBITMQ_DEFAULT_VHOST": VIRTUAL_HOST,
            }
            return Container(self._found, IMAGE, (self.port, 5672), environment)
        account = Account("rabbitmq")
        text = configuration(self.port, VIRTUAL_HOST, USER, self._password)
        return InstalledRabbit(self._found, account, self._private_folder(account), text)

    def _answers(self) -> bool:
        if not answers(self.port):
            return False
        connection = _connection(self.amqp_url)
        try:
            connection.connect()
        except (OSError, AMQPError):
            return False
        finally:
            connection.release()
        return True


def _connection(url: str) -> Any:
    """kombu's connections carry no types."""
    return kombu.Connection(url, connect_timeout=CONNECT_TIMEOUT_SECONDS)  # type: ignore[no-untyped-call, attr-defined]
