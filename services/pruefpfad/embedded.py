"""The embedded run: all services in one process, SQLite files in a data directory, no server.

Stores, writers, relays and followers are the same as in the distributed run; only the transport
is a queue in memory. Where a process would end because an upstream is not the one that it followed,
the service stands still here: it may be read, and takes no command.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from joserfc.jwk import OKPKey

from grant_bus.actors import TokenCheck
from grant_bus.answering import upstream_changed
from grant_bus.follower import Follower
from grant_bus.in_process import InProcessBus
from grant_bus.relay import Relay
from grant_contracts.answers import Answer
from grant_store.opening import open_ledger_view
from grant_store.sqlite import SQLiteStore, utc_now
from pruefpfad.assembly import SERVICES
from pruefpfad.border import Border
from pruefpfad.continuity import continuity_of, signed_notes_of
from pruefpfad.decided_ends import DECIDER, DecidedInBudgeting
from pruefpfad.demonstration import declare_demonstration
from pruefpfad.keys import signing_key
from pruefpfad.vaults import embedded_vault

LANE = "main"
HELD_AGGREGATES = 100_000
"""In one process for all services memory is there, and whole lists are played stage by stage."""


class EmbeddedSystem:
    """All services over the stores of one data directory. Use it as a context manager."""

    def __init__(
        self,
        folder: Path,
        clock: Callable[[], datetime] = utc_now,
        log_name: str = "pruefpfad.local",
        heads: Path | None = None,
    ) -> None:
        """`heads` is the folder that heads of the logs named `log_name` are exported to."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.key: OKPKey = signing_key(folder / "keys")
        tokens = TokenCheck(OKPKey.import_key(self.key.as_dict(private=False)), clock)
        self.vault = embedded_vault(folder)
        self.border = Border(self.vault)
        self.stores = {name: embedded_store(folder, name, clock) for name in SERVICES}
        self._decided = open_ledger_view(f"sqlite:///{folder}", DECIDER, LANE)
        ends = DecidedInBudgeting(self._decided)
        self.writers = {
            name: service.writer(
                *(self.stores[name], tokens, clock),
                held_aggregates=HELD_AGGREGATES,
                continuity=continuity_of(
                    *(f"sqlite:///{folder}", name, LANE, log_name, heads),
                    keys=folder / "keys" / "log",
                ),
                vault=self.vault if service.opens_personal_data else None,
                signed=signed_notes_of(f"sqlite:///{folder}", name, LANE),
                ends=ends if service.ends_personal_data else None,
            )
            for name, service in SERVICES.items()
        }
        self.bus = InProcessBus()
        for name in SERVICES:
            self.attach(name)

    def __enter__(self) -> Self:
        self.bus.settle()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for store in self.stores.values():
            store.close()
        self._decided.close()
        self.vault.close()

    def send(self, messages: Sequence[dict[str, Any]]) -> list[Answer]:
        """Give commands of one service to its writer, all in one transaction if they allow it.

        Personal data in them are sealed first."""
        if not messages:
            return []
        service = str(messages[0].get("command", "")).partition(".")[0]
        if (why := self._stands_still(service)) is not None:
            return [upstream_changed(message, why) for message in messages]
        writer = self.writers.get(service, self.writers["intake"])
        sealed = self.border.seal(messages)
        answers = iter(writer.answer([each for each in sealed if not isinstance(each, Answer)]))
        return [each if isinstance(each, Answer) else _answered(next(answers)) for each in sealed]

    def _stands_still(self, service: str) -> str | None:
        """Why a service decides nothing more. A read model has decided nothing on what is lost, and
        may be told to begin anew."""
        if service in SERVICES and not SERVICES[service].is_read_model:
            return self.bus.stopped.get(service)
        return None

    def settle(self) -> None:
        """Let everything that is recorded reach every service."""
        self.bus.settle()

    def ask(self, message: dict[str, Any]) -> Answer:
        """Give one command and let everything that follows from it happen."""
        [answer] = self.send([message])
        self.bus.settle()
        return answer

    def attach(self, name: str) -> None:
        """Let a service send to the others and follow them."""
        writer = self.writers[name]
        self.bus.attach_relay(Relay(writer.store, self.bus))
        for upstream in writer.policies.upstreams:
            self.bus.attach_follower(Follower(f"{upstream}/{LANE}", writer, self.bus))

    def detach(self, name: str) -> None:
        """Take a service off the bus. Its store stays open, and may be read."""
        self.bus.detach(name)

    def heads(self) -> dict[str, int]:
        """The last position of each store."""
        return {name: store.head().position for name, store in self.stores.items()}

    def declare_demonstration(self, purpose: str) -> None:
        """Mark every store as a demonstration by its first event. Again does nothing."""
        for store in self.stores.values():
            declare_demonstration(store, purpose)
        self.bus.settle()


def embedded_store(folder: Path, name: str, clock: Callable[[], datetime]) -> SQLiteStore:
    """The store of one service in a data directory, made if it is missing."""
    store = SQLiteStore(folder / f"{name}.{LANE}.sqlite3", name, LANE, clock)
    store.migrate()
    return store


def _answered(answer: Answer | Exception) -> Answer:
    """An exception in place of an answer is a fault of ours and must not pass as an answer."""
    if isinstance(answer, Exception):
        raise answer
    return answer
