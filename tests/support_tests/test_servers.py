"""The private servers themselves: alone on the loopback address, durable, and gone afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from kombu import Connection

from support.ports import answers, free_ports
from support.postgres import PostgresServer
from support.processes import Account, ServerFailed, ServerProcess, wait_until_ready
from support.rabbitmq import RabbitServer

# A server that listened on every address would answer here too: all of 127.0.0.0/8 is this
# machine. (Systems with a single loopback address refuse it in any case.)
ANOTHER_LOCAL_ADDRESS = "127.0.0.2"
LAUNCH_AND_REPORT = (
    "import sys, time\n"
    "from support.postgres import PostgresServer\n"
    "server = PostgresServer().__enter__()\n"
    "print(server.pid, server.folder, flush=True)\n"
    "{then}\n"
)


def exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def put(url: str, queue: str, body: str) -> None:
    with Connection(url) as connection, connection.SimpleQueue(queue) as open_queue:
        open_queue.put(body)


def take(url: str, queue: str) -> str:
    with Connection(url) as connection, connection.SimpleQueue(queue) as open_queue:
        message = open_queue.get(timeout=10)
        message.ack()
        return str(message.payload)


@pytest.fixture
def foreign_process() -> Iterator[subprocess.Popen[bytes]]:
    """Somebody else's program that even bears a server's name."""
    with subprocess.Popen(["postgres", "60"], executable="/bin/sleep") as process:
        yield process
        process.kill()


# PostgreSQL


def test_a_private_postgres_listens_on_loopback_only_and_ends_with_the_test():
    with PostgresServer() as server:
        pid, folder = server.pid, server.folder
        assert answers(server.port)
        assert not answers(server.port, ANOTHER_LOCAL_ADDRESS)

    assert not answers(server.port)
    assert not exists(pid)
    assert folder is None or not folder.exists()


def test_postgres_lets_nobody_in_without_the_password(postgres_server: PostgresServer):
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(postgres_server.dsn(user="postgres", password="guessed"))


def test_postgres_flushes_to_disk_as_in_production(postgres_database: str):
    with psycopg.connect(postgres_database) as connection:
        settings = "SELECT current_setting('fsync'), current_setting('synchronous_commit')"
        assert connection.execute(settings).fetchone() == ("on", "on")


def test_what_was_committed_survives_a_crash_of_postgres(
    postgres_server: PostgresServer, postgres_database: str
):
    with psycopg.connect(postgres_database) as connection:
        connection.execute("CREATE TABLE facts (sentence text)")
        connection.execute("INSERT INTO facts VALUES ('bewilligt')")

    postgres_server.stop("immediate")
    assert not answers(postgres_server.port)
    postgres_server.start()

    with psycopg.connect(postgres_database) as connection:
        assert connection.execute("SELECT sentence FROM facts").fetchall() == [("bewilligt",)]


@pytest.mark.parametrize("turn", ["first", "second"])
def test_every_test_gets_an_empty_database_of_its_own(postgres_database: str, turn: str):
    with psycopg.connect(postgres_database) as connection:
        tables = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        assert tables.fetchone() == (0,)
        connection.execute("CREATE TABLE left_behind (turn text)")


# RabbitMQ


def test_a_private_rabbit_listens_on_loopback_only(rabbit_server: RabbitServer):
    assert answers(rabbit_server.port)
    assert not answers(rabbit_server.port, ANOTHER_LOCAL_ADDRESS)


def test_a_message_put_into_rabbit_comes_out_again(rabbit_server: RabbitServer):
    put(rabbit_server.amqp_url, "round-trip", "Bescheid")

    assert take(rabbit_server.amqp_url, "round-trip") == "Bescheid"


def test_durable_messages_survive_a_stop_and_start_of_rabbit(rabbit_server: RabbitServer):
    put(rabbit_server.amqp_url, "durable", "Auszahlung")
    broker_and_port_mapper = rabbit_server.pids

    rabbit_server.stop()
    assert not answers(rabbit_server.port)
    assert not any(exists(pid) for pid in broker_and_port_mapper)
    rabbit_server.start()

    assert take(rabbit_server.amqp_url, "durable") == "Auszahlung"


def test_a_purged_queue_is_empty_and_a_deleted_queue_is_gone(rabbit_server: RabbitServer):
    put(rabbit_server.amqp_url, "purged", "one")
    put(rabbit_server.amqp_url, "purged", "two")

    assert rabbit_server.purge("purged") == 2
    assert rabbit_server.purge("purged") == 0
    rabbit_server.delete_queue("purged")
    assert "purged" not in rabbit_server.ctl("list_queues", "--vhost", "pruefpfad", "name")


def test_a_fresh_virtual_host_has_no_queues(rabbit_server: RabbitServer, rabbit_virtual_host: str):
    put(rabbit_virtual_host, "only-here", "one")

    assert rabbit_server.purge("only-here", rabbit_virtual_host) == 1
    assert "only-here" not in rabbit_server.ctl("list_queues", "--vhost", "pruefpfad", "name")


# What is ours to end, and what is not


def test_foreign_processes_are_left_alone(foreign_process: subprocess.Popen[bytes]):
    with PostgresServer() as first, PostgresServer() as second:
        first.stop()
        assert answers(second.port)

    assert foreign_process.poll() is None


@pytest.mark.parametrize("then", ["raise SystemExit(3)", "raise ValueError('the run dies')"])
def test_a_test_run_that_dies_of_an_exception_leaves_no_server_and_no_files(then: str):
    run = subprocess.run(
        [sys.executable, "-c", LAUNCH_AND_REPORT.format(then=then)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
    )

    pid, folder = run.stdout.split()
    assert run.returncode != 0
    assert not exists(int(pid))
    assert not Path(folder).exists()


def test_a_server_that_ends_while_starting_is_reported_with_its_log():
    account = Account()
    folder = account.private_folder("pruefpfad-broken-")
    log = account.write(folder / "server.log", "")
    command = ["sh", "-c", "echo the disk is full; exit 1"]
    node = ServerProcess(command, os.environ, account, folder, log)
    try:
        node.start()
        with pytest.raises(ServerFailed, match="the disk is full"):
            wait_until_ready("A server", node, lambda: False, timeout_seconds=10)
    finally:
        log.unlink()
        folder.rmdir()


def test_a_server_that_does_not_answer_in_time_is_reported_with_its_log():
    account = Account()
    folder = account.private_folder("pruefpfad-silent-")
    log = account.write(folder / "server.log", "still thinking")
    node = ServerProcess(["sleep", "60"], os.environ, account, folder, log)
    try:
        node.start()
        with pytest.raises(ServerFailed, match=r"did not answer within 0\.2 seconds.*\n.*thinking"):
            wait_until_ready("A server", node, lambda: False, timeout_seconds=0.2)
    finally:
        node.stop(signal.SIGTERM, 10)
        log.unlink()
        folder.rmdir()


def test_free_ports_are_different_and_nobody_answers_there():
    ports = free_ports(20)

    assert len(set(ports)) == 20
    assert not any(answers(port) for port in ports)
