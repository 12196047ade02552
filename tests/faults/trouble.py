"""What can befall services, relays, servers and queues: each is done to the real thing."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from random import Random
from typing import Any

import kombu
import psycopg
from amqp.exceptions import NotFound
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from faults.proxy import Moment, PostgresProxy
from grant_bus.rabbit import feed_queue_name
from pruefpfad.assembly import SERVICES
from support.distributed import LANE, DistributedSystem, OwnProcess
from support.postgres import PostgresServer
from support.rabbitmq import RabbitServer

SILENCE_SECONDS = 0.3


class Trouble:
    """The troubles of one system. Every chance is drawn from `random`."""

    def __init__(
        self,
        system: DistributedSystem,
        proxy: PostgresProxy,
        postgres: PostgresServer,
        rabbit: RabbitServer,
        random: Random,
    ) -> None:
        self.system = system
        self.proxy = proxy
        self.random = random
        self._postgres = postgres
        self._rabbit = rabbit

    def kill(self, process: OwnProcess) -> None:
        """kill -9 at any moment of the next tenth of a second, and a new process at once."""
        time.sleep(self.random.uniform(0, 0.1))
        self.system.kill(process)
        process.start()

    def end(self, process: OwnProcess) -> int:
        """SIGTERM, and a new process once it has ended. Returns its exit code."""
        time.sleep(self.random.uniform(0, 0.1))
        process.signal(signal.SIGTERM)
        code = process.wait()
        process.start()
        return code

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """The database takes nothing while the block runs, as after a failover to a standby."""
        self._set_read_only(True)
        try:
            yield
        finally:
            self._set_read_only(False)

    def be_read_only(self) -> None:
        with self.read_only():
            time.sleep(self.random.uniform(0.2, 2.0))

    def crash_postgres(self, away_seconds: float = 0.5) -> None:
        """Stopped as by a power cut; at the next start it recovers from its log."""
        self._postgres.stop("immediate")
        time.sleep(away_seconds)
        self._postgres.start()

    def restart_rabbit(self, away_seconds: float = 1.0) -> None:
        self._rabbit.stop()
        time.sleep(away_seconds)
        self._rabbit.start()

    def stall(self, seconds: float) -> None:
        """No byte passes between the processes and PostgreSQL for so long."""
        self.proxy.stall()
        time.sleep(seconds)
        self.proxy.resume()

    def cut_somewhere(self) -> None:
        """Cut the line of one of a service's next appends, at any moment of it."""
        moment = self.random.choice(list(Moment))
        origin = f"{self.random.choice(self.system.names)}/{LANE}"
        self.proxy.cut_next(moment, origin, skip=self.random.randrange(4))

    def delay_mail(self) -> None:
        """Kill a follower, and mix what has come until it is there again."""
        name = self.random.choice([name for name, queues in feeds_by_follower().items() if queues])
        self.system.kill(self.system.services[name])
        time.sleep(self.random.uniform(0.2, 1.0))
        for queue in feeds_by_follower()[name]:
            self.shuffle(queue)
        self.system.services[name].start()

    def purge_feeds(self) -> int:
        """Throw away what waits in the feeds. Returns how many messages that was."""
        return sum(self._rabbit.purge(name, self.system.amqp_url) for name in feeds())

    def delete_feeds(self) -> None:
        for name in feeds():
            self._rabbit.delete_queue(name, self.system.amqp_url)

    def shuffle(self, queue: str) -> int:
        """Put what waits in a queue back in another order, and half of it twice.

        A queue that another trouble has deleted, and that its follower has not made again, holds
        nothing to mix.
        """
        with suppress(NotFound):
            return self._shuffle(queue)
        return 0

    def _shuffle(self, queue: str) -> int:
        waiting: list[Any] = []
        connection: Any = kombu.Connection(self.system.amqp_url)
        with connection, connection.channel() as channel:
            # Consumed, because nobody may get a single message of a queue with one active consumer.
            tag = channel.basic_consume(queue, callback=waiting.append)
            with suppress(TimeoutError):
                while True:
                    connection.drain_events(timeout=SILENCE_SECONDS)
            mixed = [*waiting, *self.random.sample(waiting, (len(waiting) + 1) // 2)]
            self.random.shuffle(mixed)
            for message in mixed:
                _publish(channel, queue, message)
            for message in waiting:
                channel.basic_ack(message.delivery_tag)
            channel.basic_cancel(tag)
        return len(mixed)

    def _set_read_only(self, value: bool) -> None:
        """For sessions that begin from now on, and there are no others any more."""
        database = conninfo_to_dict(self.system.database_url)["dbname"]
        statement = sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = {}")
        with psycopg.connect(self._postgres.superuser_dsn, autocommit=True) as session:
            session.execute(statement.format(sql.Identifier(str(database)), sql.Literal(value)))
            session.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                (database,),
            )


def _publish(channel: Any, queue: str, message: Any) -> None:
    copy = channel.prepare_message(
        message.body, content_type=message.content_type, properties={"delivery_mode": 2}
    )
    channel.basic_publish(copy, exchange="", routing_key=queue)


def feeds() -> list[str]:
    """The names of all feeds' queues."""
    return [queue for queues in feeds_by_follower().values() for queue in queues]


def feeds_by_follower() -> dict[str, list[str]]:
    """The names of the queues of each service that follows others."""
    return {
        name: [
            feed_queue_name(name, f"{upstream}/{LANE}") for upstream in service.policies.upstreams
        ]
        for name, service in SERVICES.items()
    }
