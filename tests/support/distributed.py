"""The distributed run for tests: every service and relay as its own process, all of them ours.

It speaks to them over RPC and messages only. A process is only ever ended by its own handle.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from grant_bus.rabbit_relay import ask_head
from grant_bus.rabbit_rpc import NoAnswer, RpcClient, ServiceFailed
from grant_store.personal.encryption_keys import FILE_NAME
from grant_store.personal.opening import open_vault
from pruefpfad.assembly import SERVICES
from pruefpfad.border import Border
from pruefpfad.keys import PUBLIC, signing_key
from pruefpfad.processes.configuration import Configuration
from pruefpfad.processes.migrate import mark_as_demonstration, migrate
from pruefpfad.scripted.remote import RemoteAuthority, RemoteRecords
from support.broker_users import OPERATOR, BrokerUsers
from support.processes import LOG_TAIL_LINES, ServerFailed, ended_with_its_parent
from support.roles import PREFIX, DatabaseRoles

LANE = "main"
NEWER_RELEASE = Path(__file__).with_name("newer_release.py")
START_TIMEOUT_SECONDS = 60.0
STOP_TIMEOUT_SECONDS = 20.0
CLIENT_TIMEOUT_SECONDS = 20.0


class OwnProcess:
    """One service or relay as a process of the operating system."""

    package = "pruefpfad.processes"

    def __init__(
        self, module: str, service: str, environment: Mapping[str, str], log: Path
    ) -> None:
        self.name = f"{module} {service}"
        self._command = [
            *ended_with_its_parent(signal.SIGKILL),
            *(sys.executable, "-m", f"{self.package}.{module}", service),
        ]
        self._environment = dict(environment)
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        if self._process is None:
            raise ServerFailed(f"{self.name} was not started.")
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs, or if it was never started."""
        return self._process.poll() if self._process else None

    @property
    def log(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def become(self, program: Path) -> None:
        """Run another program for the same service from the next start on."""
        _, _, service = self._command[-3:]
        self._command[-3:] = [str(program), service]

    def signal(self, number: signal.Signals) -> None:
        if self._process is not None and self.exit_code is None:
            self._process.send_signal(number)

    def wait(self, timeout_seconds: float = STOP_TIMEOUT_SECONDS) -> int:
        """The exit code. One that does not end in time is killed and complained of."""
        if self._process is None:
            return 0
        try:
            return self._process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise ServerFailed(f"{self.name} did not end and was killed:\n{self.tail}") from None

    @property
    def tail(self) -> str:
        return "\n".join(self.log.splitlines()[-LOG_TAIL_LINES:])


class DistributedSystem:
    """Migrated stores, then one service and one relay process per service. A context manager.

    With `roles` the migration and each process work under a database role of their own, with
    `users` each process and whoever asks it under a user of the broker's. `by_way_of` leads the
    processes to the database through something else, such as a proxy. The vault is at `vault_url`,
    with `roles` in their database, otherwise in a file.
    """

    def __init__(
        self,
        database_url: str,
        amqp_url: str,
        folder: Path,
        services: Sequence[str] = tuple(SERVICES),
        demonstration: str = "",
        roles: DatabaseRoles | None = None,
        by_way_of: Callable[[str], str] = str,
        users: BrokerUsers | None = None,
        vault_url: str = "",
    ) -> None:
        self.database_url = database_url
        self._by_way_of = by_way_of
        self._roles = roles
        self._users = users
        self.amqp_url = amqp_url
        self._vault_keys = folder / "vault" / FILE_NAME
        self._vault_url = vault_url or f"sqlite:///{folder / 'vault'}"
        self.vault = open_vault(roles.migration if roles else self._vault_url, self._vault_keys)
        self.key = signing_key(folder / "keys")
        self.names = tuple(services)
        self._folder = folder
        self.services = {name: self._process("serve", name, name) for name in services}
        self.relays = {name: self._process("relay", name, f"{name}_relay") for name in services}
        self._standbys: list[OwnProcess] = []
        self._demonstration = demonstration
        self._client: RpcClient | None = None

    def __enter__(self) -> Self:
        configuration = Configuration(database_url=self.database_url)
        if self._roles:
            configuration = Configuration(database_url=self._roles.migration, role_prefix=PREFIX)
        migrate(configuration)
        self.vault.migrate()
        if self._roles:
            self.vault.keys.grant_roles(PREFIX)
        if self._demonstration:
            mark_as_demonstration(configuration, self._demonstration)
        try:
            for process in self.processes:
                process.start()
            for name in self.names:
                self.wait_for_service(name)
                self.wait_for_relay(name)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def processes(self) -> list[OwnProcess]:
        return [*self.services.values(), *self.relays.values(), *self._standbys]

    def standby_relay(self, name: str) -> OwnProcess:
        """One more relay of the same store, which is ended with the others. Start it yourself."""
        standby = self._process("relay", name, f"{name}_relay", log=f"standby.{name}.log")
        self._standbys.append(standby)
        return standby

    @property
    def client(self) -> RpcClient:
        """A caller of the services. After a restart of the broker it is another one."""
        if self._client is None:
            self._client = RpcClient(
                self.amqp_url_of(OPERATOR), timeout_seconds=CLIENT_TIMEOUT_SECONDS
            )
        return self._client

    def forget_client(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def kill(self, process: OwnProcess) -> None:
        """kill -9: the process gets no chance to finish anything."""
        process.signal(signal.SIGKILL)
        process.wait()

    def upgrade(self, service: str) -> None:
        """End a service in order and start its next release in its place."""
        process = self.services[service]
        process.signal(signal.SIGTERM)
        process.wait()
        process.become(NEWER_RELEASE)
        process.start()
        self.wait_for_service(service)

    def end(self) -> dict[str, int]:
        """Ask all to end in order. Returns their exit codes by name."""
        self.forget_client()
        for process in self.processes:
            process.signal(signal.SIGTERM)
        return {process.name: process.wait() for process in self.processes}

    def close(self) -> None:
        self.forget_client()
        for process in self.processes:
            process.signal(signal.SIGKILL)
        for process in self.processes:
            process.wait()
        self.vault.close()

    @property
    def border(self) -> Border:
        """Where commands are handed over: personal data go no further in clear."""
        return Border(self.vault)

    @property
    def authority(self) -> RemoteAuthority:
        """Where a script's commands go."""
        return RemoteAuthority(self.client, self.names, self.border)

    @property
    def records(self) -> RemoteRecords:
        return RemoteRecords(self.client)

    def amqp_url_of(self, user: str) -> str:
        """The broker's address for a user such as "intake" or "intake-relay"."""
        return self._users.url(user) if self._users else self.amqp_url

    def settle(self) -> dict[str, int]:
        """Wait until everybody has followed everything. Returns the heads at which that was so."""
        return self.authority.heads_at_rest()

    def wait_for_service(self, name: str) -> None:
        self._wait(self.services[name], lambda: self._service_answers(name))

    def wait_for_relay(self, name: str) -> None:
        self._wait(self.relays[name], lambda: self._relay_answers(name))

    def _service_answers(self, name: str) -> bool:
        try:
            with RpcClient(self.amqp_url_of(OPERATOR), timeout_seconds=2.0) as client:
                client.ask(name, "head")
        except (NoAnswer, ServiceFailed, OSError):
            return False
        return True

    def _relay_answers(self, name: str) -> bool:
        try:
            ask_head(self.amqp_url_of(f"{name}-relay"), f"{name}/{LANE}", timeout_seconds=1.0)
        except OSError:
            return False
        return True

    def _wait(self, process: OwnProcess, answers: Callable[[], bool]) -> None:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not answers():
            if process.exit_code is not None:
                raise ServerFailed(f"{process.name} ended while starting:\n{process.tail}")
            if time.monotonic() > deadline:
                raise ServerFailed(f"{process.name} did not answer in time:\n{process.tail}")
            time.sleep(0.1)

    def _process(self, module: str, service: str, user: str, log: str = "") -> OwnProcess:
        path = self._folder / (log or f"{module}.{service}.log")
        return OwnProcess(module, service, self._environment(user), path)

    def _environment(self, user: str) -> dict[str, str]:
        """Nothing of the caller's but what a Python process needs."""
        database_url = self._roles.dsn(user) if self._roles else self.database_url
        kept = ("PATH", "HOME", "LANG", "VIRTUAL_ENV", "TMPDIR", "PYTHONPATH")
        return {
            **{name: os.environ[name] for name in kept if name in os.environ},
            "PRUEFPFAD_DATABASE_URL": self._by_way_of(database_url),
            "PRUEFPFAD_AMQP_URL": self.amqp_url_of(user.replace("_", "-")),
            "PRUEFPFAD_ACTOR_KEY": str(self._folder / "keys" / PUBLIC),
            "PRUEFPFAD_LANE": LANE,
            **self._vault_environment(user),
        }

    def _vault_environment(self, user: str) -> dict[str, str]:
        """Only who may open what is sealed is told where the vault is."""
        if user not in SERVICES or not SERVICES[user].opens_personal_data:
            return {}
        url = self._roles.dsn(user) if self._roles else self._vault_url
        return {"PRUEFPFAD_VAULT_URL": url, "PRUEFPFAD_VAULT_KEYS": str(self._vault_keys)}
