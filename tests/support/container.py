"""A server in a container of an official image. Knows no server by name.

The container keeps its files over a stop, and is removed with them at the end.
"""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Mapping, Sequence
from uuid import uuid4

from support.machine import Engine
from support.ports import LOOPBACK
from support.processes import LOG_TAIL_LINES, ServerFailed

PULL_TIMEOUT_SECONDS = 280
COMMAND_TIMEOUT_SECONDS = 60


class Container:
    """One server in one container, published on a loopback port of this machine."""

    def __init__(
        self,
        engine: Engine,
        image: str,
        ports: tuple[int, int],
        environment: Mapping[str, str],
        arguments: Sequence[str] = (),
    ) -> None:
        """`ports`: where it is published on the loopback address, and its port inside."""
        self._engine = engine
        self._name = f"pruefpfad-test-{uuid4().hex}"
        published, inside = ports
        self._create = [
            *("create", "--name", self._name, "--hostname", "localhost"),
            *("--publish", f"{LOOPBACK}:{published}:{inside}"),
            *(f"--env={name}={value}" for name, value in environment.items()),
            image,
            *arguments,
        ]
        self._exists = False

    @property
    def pid(self) -> int:
        return int(self._run("inspect", "--format", "{{.State.Pid}}", self._name))

    def is_running(self) -> bool:
        return self._exists and self._state() == "true"

    def start(self) -> None:
        if not self._exists:
            self._run(*self._create, timeout_seconds=PULL_TIMEOUT_SECONDS)
            self._exists = True
        self._run("start", self._name)

    def stop(self, number: signal.Signals, timeout_seconds: float) -> None:
        if not self.is_running():
            return
        self._run("kill", "--signal", number.name, self._name)
        self._run("wait", self._name, timeout_seconds=timeout_seconds)

    def execute(self, *words: str) -> str:
        return self._run("exec", self._name, *words)

    def log_tail(self) -> str:
        return self._run("logs", "--tail", str(LOG_TAIL_LINES), self._name, with_errors=True)

    def discard(self) -> None:
        if self._exists:
            self._run("rm", "--force", "--volumes", self._name)
            self._exists = False

    def _state(self) -> str:
        return self._run("inspect", "--format", "{{.State.Running}}", self._name).strip()

    def _run(
        self,
        *words: str,
        timeout_seconds: float = COMMAND_TIMEOUT_SECONDS,
        with_errors: bool = False,
    ) -> str:
        done = subprocess.run(
            [str(self._engine.program), *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
        )
        if done.returncode != 0:
            raise ServerFailed(f"{self._engine} refused {words[0]}:\n{done.stderr}")
        return done.stdout + done.stderr if with_errors else done.stdout
