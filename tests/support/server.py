"""The life of a private server: made on entry, gone with its files on exit. Knows none by name."""

from __future__ import annotations

import atexit
import secrets
import shutil
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Generic, Self, TypeVar

from support.ports import free_port
from support.processes import Account, Node, ServerFailed, wait_until_ready

N = TypeVar("N", bound=Node)


class PrivateServer(ABC, Generic[N]):
    """A server for one test run, on a port of its own, with a password of its own."""

    name: str
    start_timeout_seconds: float

    def __init__(self) -> None:
        self.port = free_port()
        self.folder: Path | None = None
        """Where its files are; None if they are in a container."""
        self._password = secrets.token_hex(16)
        self._prepared: N | None = None

    def __enter__(self) -> Self:
        atexit.register(self.close)
        try:
            self._prepared = self._prepare()
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        return self._node.pid

    def start(self) -> None:
        self._node.start()
        wait_until_ready(self.name, self._node, self._answers, self.start_timeout_seconds)

    @abstractmethod
    def stop(self) -> None:
        """End it in order. What is durable is there at the next start."""

    def close(self) -> None:
        """End the server and remove its files. Asked twice, it does nothing."""
        atexit.unregister(self.close)
        try:
            if self._prepared is not None:
                self.stop()
        finally:
            if self._prepared is not None:
                self._prepared.discard()
            if self.folder is not None:
                shutil.rmtree(self.folder, ignore_errors=True)

    @abstractmethod
    def _prepare(self) -> N: ...

    @abstractmethod
    def _answers(self) -> bool: ...

    @property
    def _node(self) -> N:
        if self._prepared is None:
            raise ServerFailed("The server exists inside its `with` block only.")
        return self._prepared

    def _private_folder(self, account: Account) -> Path:
        self.folder = account.private_folder(f"pruefpfad-{self.name.lower()}-")
        return self.folder
