"""Where an operator's commands work: on an embedded data directory, or on servers.

Reading needs the stores. Whatever changes something goes to the service's one writer as a command:
over the broker where there is one, otherwise inside this process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from functools import update_wrapper
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

import click
import msgspec

from grant_bus.rabbit_rpc import RpcClient
from grant_contracts.answers import Answer
from grant_contracts.commands import command_message
from grant_store.log.proving import ProvingLog
from grant_store.opening import open_ledger_view, open_log, open_store
from grant_store.personal.opening import open_vault
from grant_store.personal.vault import Vault
from grant_store.store import Store
from grant_values.cases import case_id_of
from pruefpfad.assembly import SERVICES
from pruefpfad.cli.tokens import actor_token_option
from pruefpfad.embedded import EmbeddedSystem
from pruefpfad.processes.configuration import (
    AMQP_URL,
    DATABASE_URL,
    HEADS_DIR,
    LANE,
    LOG_NAME,
    VAULT_KEYS,
    VAULT_URL,
    Misconfigured,
    read,
)
from pruefpfad.vaults import FOLDER as VAULT_FOLDER
from pruefpfad.vaults import embedded_vault

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Installation:
    """A data directory, or the addresses of database and broker that take its place."""

    data: Path
    database_url: str | None = None
    amqp_url: str | None = None
    lane: str = "main"
    vault_url: str | None = None
    vault_keys: Path | None = None

    @property
    def url(self) -> str:
        """The address of the stores; a data directory must hold a run."""
        return self.database_url or f"sqlite:///{self._directory()}"

    @property
    def can_read(self) -> bool:
        """Not where commands go to a broker and nobody has said where its stores are."""
        return bool(self.database_url) or not self.amqp_url

    @contextmanager
    def stores(self) -> Iterator[Mapping[str, Store]]:
        """The stores of all services, for reading: nothing can be written through them."""
        url = self.url
        with ExitStack() as opened:
            stores = {name: open_store(url, name, self.lane, read_only=True) for name in SERVICES}
            for store in stores.values():
                opened.callback(store.close)
            yield stores

    @contextmanager
    def logs(self) -> Iterator[Mapping[str, ProvingLog]]:
        """The logs of all services with what they prove, by service; read through the view."""
        url = self.url
        with ExitStack() as opened:
            logs = {}
            for name in SERVICES:
                log = open_log(url, name, self.lane)
                opened.callback(log.close)
                ledger = open_ledger_view(url, name, self.lane)
                opened.callback(ledger.close)
                logs[name] = ProvingLog(log, ledger)
            yield logs

    @contextmanager
    def vault(self) -> Iterator[Vault]:
        """Where personal data are opened: that of the data directory, or the one named."""
        on_servers = self.database_url or self.amqp_url
        if self.vault_url and not on_servers and (self.data / VAULT_FOLDER).is_dir():
            raise click.UsageError(
                f"--vault-url: {self.data} has a vault of its own, which is the one in use;"
                " expected stores on servers beside another vault, or a --data without one"
            )
        if self.vault_url and self.vault_keys:
            vault = open_vault(self.vault_url, self.vault_keys)
        elif on_servers:
            raise click.UsageError("--vault-url, --vault-keys: expected those of the stores' vault")
        else:
            vault = embedded_vault(self._directory())
        with closing(vault):
            yield vault

    def with_vault(self, url: str | None, keys: Path | None) -> Installation:
        """The same with a vault outside of a data directory, where one is named."""
        return replace(self, vault_url=url, vault_keys=keys)

    @contextmanager
    def writers(self) -> Iterator[Callable[[dict[str, Any]], Answer]]:
        """A function that gives a command to its service's one writer and returns the answer."""
        if self.amqp_url:
            with RpcClient(self.amqp_url) as client:
                yield lambda message: msgspec.convert(client.command(message), Answer)
        else:
            with self.embedded() as system:
                yield system.ask

    def ask(self, message: dict[str, Any]) -> Answer:
        """Give one command and return the answer of the service."""
        with self.writers() as ask:
            return ask(message)

    def embedded(self) -> EmbeddedSystem:
        """All services in this process, on the data directory of a run that was begun."""
        return embedded_system(self._directory())

    def _directory(self) -> Path:
        """The data directory; nothing is made in one that holds no run, whatever else it is."""
        if not self.data.is_dir():
            raise click.UsageError(f"--data: expected that of an embedded run, not {self.data}")
        if not any((self.data / f"{name}.{self.lane}.sqlite3").exists() for name in SERVICES):
            raise click.UsageError(
                f"--data: expected that of an embedded run, and {self.data} holds none of the lane"
                f" {self.lane}; `pruefpfad programme register` begins one"
            )
        return self.data


def embedded_system(data: Path) -> EmbeddedSystem:
    """All services on a data directory, as the environment says what is known of their heads."""
    try:
        configuration = read((LOG_NAME, HEADS_DIR))
    except Misconfigured as error:
        raise click.UsageError(str(error)) from error
    return EmbeddedSystem(data, log_name=configuration.log_name, heads=configuration.heads_dir)


@dataclass(frozen=True)
class Signed:
    """Who gives a command, under which key."""

    key: str
    actor_token: str
    second_actor_token: str | None = None

    def message(self, command: str, part: str = "", /, **payload: Any) -> dict[str, Any]:
        """The message of a command, or of the `part` of one that takes several."""
        second = self.second_actor_token
        further = {"second_actor_token": second} if second else {}
        return command_message(command, self.key + part, self.actor_token, payload, **further)


def wrapped(command: Callable[..., Any], function: F) -> F:
    """The command in the place of the function, with the options of both."""
    options = [
        *getattr(function, "__click_params__", ()),
        *getattr(command, "__click_params__", ()),
    ]
    update_wrapper(command, function)
    command.__click_params__ = options  # type: ignore[attr-defined]
    return command  # type: ignore[return-value]


def reads(function: F) -> F:
    """Options that say where the stores are. The command gets an `Installation` first."""

    @click.option(
        "--database-url",
        envvar=DATABASE_URL.name,
        help="The stores of the distributed run; without it, the data directory.",
    )
    @click.option("--lane", default="main", show_default=True, envvar=LANE.name, help="Lane.")
    @click.pass_obj
    def command(data: Path, /, database_url: str | None, lane: str, **options: Any) -> Any:
        return function(Installation(data, database_url, lane=lane), **options)

    return wrapped(command, function)


def opens(function: F) -> F:
    """Options that say where the vault is, for what reads stores and opens personal data."""

    @vault_options
    @reads
    def command(
        installation: Installation,
        vault_url: str | None,
        vault_keys: Path | None,
        **options: Any,
    ) -> Any:
        return function(installation.with_vault(vault_url, vault_keys), **options)

    return wrapped(command, function)


def vault_options(function: F) -> F:
    """The two options that name a vault outside of a data directory."""
    for option in (
        click.option(
            "--vault-keys",
            type=click.Path(dir_okay=False, path_type=Path),
            envvar=VAULT_KEYS.name,
            help="The file of the keys that protect the vault's.",
        ),
        click.option(
            "--vault-url",
            envvar=VAULT_URL.name,
            help="The keys of personal data; without it, those of the data directory.",
        ),
    ):
        function = option(function)
    return function


def commands(function: F) -> F:
    """Options of what changes something: the broker beside the stores, and who acts. The command
    gets an `Installation` and a `Signed` first."""

    @click.option("--key", help="The same key is the same command; without it, a new one.")
    @actor_token_option()
    @click.option(
        "--amqp-url",
        envvar=AMQP_URL.name,
        help="The broker of the distributed run; without it, the data directory.",
    )
    @reads
    def command(
        installation: Installation,
        key: str | None,
        actor_token: str,
        amqp_url: str | None,
        second_actor_token: str | None = None,
        **options: Any,
    ) -> Any:
        on_broker = Installation(
            installation.data, installation.database_url, amqp_url, installation.lane
        )
        signed = Signed(key or str(uuid4()), actor_token, second_actor_token)
        return function(on_broker, signed, **options)

    return wrapped(command, function)


def case_of(text: str) -> UUID:
    """The id of a case that a person names by its id or by its reference."""
    try:
        return UUID(text)
    except ValueError:
        return case_id_of(text)
