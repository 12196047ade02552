"""The vault of running services is taken away: its database, its right, the file of its keys.

Commands that need it wait in the queue and are laid aside nowhere; callers are told why; what needs
no personal data goes on, and so does everything when the vault is back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from bus.rabbit.parties import waiting
from bus.rabbit.post import Sender
from faults.systems import trust_the_clerks
from faults.waiting import eventually
from grant_bus.parked import parked_events
from grant_bus.rabbit import command_queue_name, dead_command_queue
from grant_store.opening import open_store
from grant_store.personal.encryption_keys import FILE_NAME, EncryptionKeys
from simulation.clerks import Command
from simulation.journeys import prepare
from simulation.plans import plan_of
from support.authority import person
from support.distributed import LANE, DistributedSystem
from support.postgres import PostgresServer
from support.rabbitmq import RabbitServer

PLAN = plan_of(11)
NUMBERS = count(1)
Away = Callable[[], AbstractContextManager[None]]


class VaultOfItsOwn:
    """A vault in a database of its own, with a role for the services, and how it is taken away."""

    def __init__(self, server: PostgresServer, name: str, folder: Path) -> None:
        self._database, self._role = sql.Identifier(name), sql.Identifier(f"{name}_services")
        self._elsewhere, self.url = server.superuser_dsn, server.create_database(name)
        self._protection = folder / "vault" / FILE_NAME
        statement = "CREATE ROLE {} LOGIN PASSWORD 'secret'"
        self._execute(statement, self._role)
        self.url_of_services = server.dsn(name, f"{name}_services", "secret")

    def grant(self) -> None:
        self._execute("GRANT USAGE ON SCHEMA vault TO {}", self._role)
        self._execute("GRANT SELECT, INSERT, UPDATE ON vault.data_keys TO {}", self._role)

    @contextmanager
    def without_its_database(self) -> Iterator[None]:
        with psycopg.connect(self._elsewhere, autocommit=True) as connection:
            setting = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
            connection.execute(setting.format(self._database, sql.SQL("false")))
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s",
                (self._role._obj[0],),
            )
            yield
            connection.execute(setting.format(self._database, sql.SQL("true")))

    @contextmanager
    def without_its_right(self) -> Iterator[None]:
        self._execute("REVOKE USAGE ON SCHEMA vault FROM {}", self._role)
        yield
        self._execute("GRANT USAGE ON SCHEMA vault TO {}", self._role)

    @contextmanager
    def without_its_table(self) -> Iterator[None]:
        self._execute("ALTER SCHEMA vault RENAME TO vault_away")
        yield
        self._execute("ALTER SCHEMA vault_away RENAME TO vault")

    @contextmanager
    def without_what_protects_it(self) -> Iterator[None]:
        kept = self._protection.rename(self._protection.with_suffix(".away"))
        yield
        kept.replace(self._protection)

    @contextmanager
    def under_another_protection(self) -> Iterator[None]:
        kept = self._protection.rename(self._protection.with_suffix(".away"))
        EncryptionKeys(self._protection).create()
        yield
        kept.replace(self._protection)

    def _execute(self, statement: str, *names: sql.Identifier) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*names))  # type: ignore[arg-type]


class SystemWithAVaultApart(DistributedSystem):
    """Its services reach the vault under the services' role."""

    url_of_services = ""

    def _vault_environment(self, user: str) -> dict[str, str]:
        return {**super()._vault_environment(user), "PRUEFPFAD_VAULT_URL": self.url_of_services}


WAYS = (
    VaultOfItsOwn.without_its_database,
    VaultOfItsOwn.without_its_right,
    VaultOfItsOwn.without_its_table,
    VaultOfItsOwn.without_what_protects_it,
    VaultOfItsOwn.under_another_protection,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("vault-away")
    trust_the_clerks(folder / "keys")
    return folder


@pytest.fixture(scope="module")
def system_and_vault(
    postgres_server: PostgresServer, rabbit_server: RabbitServer, folder: Path
) -> Iterator[tuple[DistributedSystem, VaultOfItsOwn]]:
    name = f"apart_{uuid4().hex}"
    vault = VaultOfItsOwn(postgres_server, f"vault_{uuid4().hex}", folder)
    SystemWithAVaultApart.url_of_services = vault.url_of_services
    with SystemWithAVaultApart(
        postgres_server.create_database(name),
        rabbit_server.create_virtual_host(name),
        folder,
        ("intake", "disbursement"),
        vault_url=vault.url,
    ) as system:
        vault.grant()
        for command in prepare(PLAN):
            if command.service == "intake":
                assert system.client.command(command.message())["kind"] == "recorded"
        yield system, vault
    rabbit_server.delete_virtual_host(name)
    postgres_server.drop_database(name)


@pytest.fixture
def system(system_and_vault: tuple[DistributedSystem, VaultOfItsOwn]) -> DistributedSystem:
    system, _ = system_and_vault
    system.forget_client()
    return system


@pytest.fixture
def vault(system_and_vault: tuple[DistributedSystem, VaultOfItsOwn]) -> VaultOfItsOwn:
    return system_and_vault[1]


@pytest.mark.parametrize("way", WAYS, ids=[each.__name__ for each in WAYS])
def test_commands_wait_for_the_vault_and_are_answered_when_it_is_back(
    system: DistributedSystem,
    vault: VaultOfItsOwn,
    way: Callable[[VaultOfItsOwn], AbstractContextManager[None]],
) -> None:
    queued, asked = sealed(system), sealed(system)
    head = position(system)
    with closing(Sender(system.amqp_url, LANE)) as sender:
        with way(vault):
            sender.send(queued)
            answer = system.client.command(asked)
            assert (answer["kind"], answer["code"]) == ("unknown", "vault_away"), answer
            assert (sender.answers, position(system)) == ([], head)
            assert system.client.command(close_nothing())["kind"] == "invalid"
        [first] = sender.wait_for(1)

    assert first.kind == "recorded"
    assert system.client.command(asked)["kind"] == "recorded"
    assert {process.exit_code for process in system.processes} == {None}
    assert waiting(system.amqp_url, command_queue_name(f"intake/{LANE}")) == 0
    assert waiting(system.amqp_url, DEAD) == 0


def test_a_command_that_nobody_waits_for_is_not_laid_aside_either(
    system: DistributedSystem, vault: VaultOfItsOwn
) -> None:
    message, head = sealed(system), position(system)
    with closing(Sender(system.amqp_url, LANE)) as sender, vault.without_its_right():
        sender.send(message, reply_to=None)
        eventually("it is held", lambda: "commands wait" in system.services["intake"].log, 30.0)
        assert position(system) == head

    eventually("it was recorded", lambda: position(system) > head, 30.0)
    assert waiting(system.amqp_url, DEAD) == 0


def test_what_is_followed_needs_no_vault_and_nothing_is_parked(
    system: DistributedSystem, vault: VaultOfItsOwn
) -> None:
    """Disbursement keeps a sealed account as it came, whether it could be opened or not."""
    follower = system.services["disbursement"]
    system.kill(follower)
    message = sealed(system)
    assert system.client.command(message)["kind"] == "recorded"

    with vault.without_its_right():
        follower.start()
        system.wait_for_service("disbursement")
        system.settle()

    subject = message["payload"]["payee"]["subject"]
    with closing(open_store(system.database_url, "disbursement")) as store:
        assert store.document("account", subject)
        assert not parked_events(store)


DEAD = dead_command_queue().name


def sealed(system: DistributedSystem) -> dict[str, Any]:
    """One more application, as it may travel. It is sealed while the vault is there."""
    number = next(NUMBERS)
    reference = f"AWAY-{number:03d}"
    payload = {**PLAN.cases[0].payload, "reference": reference, "fingerprint": f"{number:064x}"}
    command = Command(reference, person("applicant"), "intake.submit_application", payload)
    [message] = system.border.seal([command.message()])
    assert isinstance(message, dict)
    return message


def close_nothing() -> dict[str, Any]:
    """A command without personal data, about a call that is not there."""
    payload = {"programme": "none", "call": "none", "effective_on": "2021-01-31"}
    authority = person("managing_authority")
    return Command(f"close {uuid4()}", authority, "intake.close_call", payload).message()


def position(system: DistributedSystem) -> int:
    return int(system.client.ask("intake", "head")["value"]["position"])
