"""Server processes that end with the test run. Knows no server by name.

A process is only ever ended by the handle it was started with, never by name.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Protocol, TypeAlias

LOG_TAIL_LINES = 25

Command: TypeAlias = Sequence[str | Path]


class ServerFailed(RuntimeError):
    """A server did not start, stop or answer as asked. The message carries the end of its log."""


class Node(Protocol):
    """One server, as an operating system's process or as a container."""

    @property
    def pid(self) -> int: ...
    def is_running(self) -> bool: ...
    def start(self) -> None: ...
    def stop(self, number: signal.Signals, timeout_seconds: float) -> None: ...
    def log_tail(self) -> str: ...
    def discard(self) -> None: ...


class Account:
    """The user that a server runs as: ourselves, or somebody harmless when we are root."""

    def __init__(self, *preferred: str) -> None:
        self.entry: pwd.struct_passwd | None = None
        if os.geteuid() == 0:
            self.entry = _first_known_user(*preferred, "nobody")

    @property
    def popen_arguments(self) -> dict[str, Any]:
        if self.entry is None:
            return {}
        return {"user": self.entry.pw_uid, "group": self.entry.pw_gid, "extra_groups": []}

    def private_folder(self, prefix: str) -> Path:
        """A new folder that only this account can read."""
        folder = Path(tempfile.mkdtemp(prefix=prefix))
        self.take(folder)
        return folder

    def take(self, path: Path) -> None:
        if self.entry is not None:
            os.chown(path, self.entry.pw_uid, self.entry.pw_gid)

    def write(self, path: Path, text: str) -> Path:
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
        self.take(path)
        return path

    def run(
        self,
        command: Command,
        environment: Mapping[str, str],
        folder: Path,
        timeout_seconds: float,
    ) -> str:
        """Run a command to its end and return what it printed."""
        done: subprocess.CompletedProcess[str] = subprocess.run(
            [str(word) for word in command],
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
            **self.popen_arguments,
        )
        if done.returncode != 0:
            raise ServerFailed(
                f"{Path(command[0]).name} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
            )
        return done.stdout


class ServerProcess:
    """A server as a process of this machine. Its id stays ours until we have waited for it."""

    def __init__(
        self,
        command: Command,
        environment: Mapping[str, str],
        account: Account,
        folder: Path,
        log: Path,
        orphan_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        self._command = [*ended_with_its_parent(orphan_signal), *map(str, command)]
        self._environment = dict(environment)
        self._account = account
        self._folder = folder
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        if self._process is None:
            raise ServerFailed("The server is not running, so it has no process id.")
        return self._process.pid

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                env=self._environment,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the tests; they end the server in order.
                **self._account.popen_arguments,
            )

    def stop(self, number: signal.Signals, timeout_seconds: float) -> None:
        """Ask it to end and wait. One that does not end in time is killed and complained of."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(number)
        try:
            process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise ServerFailed(
                f"The server did not end within {timeout_seconds} seconds of {number.name} "
                f"and was killed. The end of its log:\n{self.log_tail()}"
            ) from None

    def log_tail(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-LOG_TAIL_LINES:])

    def discard(self) -> None:
        """Nothing is left of a process that has ended; its folder belongs to the server."""


def wait_until_ready(
    name: str, node: Node, is_ready: Callable[[], bool], timeout_seconds: float
) -> None:
    """Return when the server answers; complain with the end of its log when it does not."""
    deadline = time.monotonic() + timeout_seconds
    while not is_ready():
        if not node.is_running():
            raise ServerFailed(f"{name} ended while starting. Its log:\n{node.log_tail()}")
        if time.monotonic() > deadline:
            raise ServerFailed(
                f"{name} did not answer within {timeout_seconds} seconds. "
                f"The end of its log:\n{node.log_tail()}"
            )
        time.sleep(0.05)


def _first_known_user(*names: str) -> pwd.struct_passwd:
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    for name in names:
        if name in known and known[name].pw_uid != 0:
            return known[name]
    raise ServerFailed(f"Running as root, and none of the users {', '.join(names)} exists.")


def ended_with_its_parent(number: signal.Signals) -> list[str]:
    """Where the system can, a server also ends when the test run is killed outright.

    It is tied to the thread that started it, so start servers from a test run's main thread.
    """
    prefix = ["setpriv", "--pdeathsig", number.name.removeprefix("SIG"), "--"]
    return prefix if _is_understood((*prefix, "true")) else []


@cache
def _is_understood(command: tuple[str, ...]) -> bool:
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL).returncode == 0
