"""Finds server programs on the machine, or says how to get them. Starts no server.

The order: programs that are installed; the distribution's packages when we are root; official
images when a container engine answers; otherwise `ServerMissing` with the command to run.
`python -m support.machine` does the same beforehand, so that no test waits for packages.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from support import packages

POSTGRES_PROGRAMS = ("initdb", "postgres", "pg_ctl")
RABBITMQ_PROGRAMS = ("rabbitmq-server", "rabbitmqctl")
ENGINES = ("docker", "podman")
ENGINE_ANSWER_TIMEOUT_SECONDS = 20


class ServerMissing(RuntimeError):
    """A server that the tests need cannot be had here. The message says what to run."""


@dataclass(frozen=True)
class Programs:
    """The folder of a server's installed programs."""

    folder: Path

    def __str__(self) -> str:
        return str(self.folder)


@dataclass(frozen=True)
class Engine:
    """A container engine that answers."""

    program: Path

    def __str__(self) -> str:
        return f"containers of {self.program}"


@dataclass(frozen=True)
class Machine:
    """Where programs are looked for; a test may look at an empty place instead."""

    path: str = field(default_factory=lambda: os.environ.get("PATH", os.defpath))
    root: Path = Path("/")
    is_root_user: bool = field(default_factory=lambda: os.geteuid() == 0)

    def find_postgres(self) -> Programs | Engine:
        return self._find("PostgreSQL", self._postgres_programs)

    def find_rabbitmq(self) -> Programs | Engine:
        return self._find("RabbitMQ", self._rabbitmq_programs)

    def _postgres_programs(self) -> Programs | None:
        """The newest version's: the database cluster is new, so no older one is needed."""
        versions = sorted((self.root / "usr/lib/postgresql").glob("*/bin"), key=_version)
        return _first_complete([*reversed(versions), *self._search_path()], POSTGRES_PROGRAMS)

    def _rabbitmq_programs(self) -> Programs | None:
        """RabbitMQ's own scripts before the wrappers in /usr/sbin.

        Debian's wrappers write to the system's log folder and turn unknown users away.
        """
        scripts = self.root / "usr/lib/rabbitmq/bin"
        wrappers = self.root / "usr/sbin"
        return _first_complete([scripts, *self._search_path(), wrappers], RABBITMQ_PROGRAMS)

    def _search_path(self) -> list[Path]:
        return [Path(entry) for entry in self.path.split(os.pathsep) if entry]

    def _program(self, name: str) -> Path | None:
        found = shutil.which(name, path=self.path)
        return Path(found) if found else None

    def _engine(self) -> Engine | None:
        for name in ENGINES:
            program = self._program(name)
            if program is not None and _answers(program):
                return Engine(program)
        return None

    def _find(self, server: str, installed: Callable[[], Programs | None]) -> Programs | Engine:
        if found := installed():
            return found
        refusal = ""
        if self.is_root_user and (apt_get := self._program("apt-get")):
            system_programs = self.root / "usr/sbin"
            try:
                with packages.one_at_a_time(system_programs):
                    if installed() is None:
                        packages.install_servers(apt_get, system_programs / "policy-rc.d")
            except packages.InstallationFailed as error:
                refusal = f"\n{error}"
        if available := installed() or self._engine():
            return available
        raise ServerMissing(
            f"{server} is not installed, and no container engine answers. "
            f"The tests need it. Run: {packages.INSTALL_COMMAND}{refusal}"
        )


def _version(folder: Path) -> tuple[int, ...]:
    """9.6 before 15: `/usr/lib/postgresql/15/bin` is (15,)."""
    return tuple(int(part) for part in re.findall(r"\d+", folder.parent.name))


def _first_complete(folders: Sequence[Path], names: Sequence[str]) -> Programs | None:
    for folder in folders:
        if all(os.access(folder / name, os.X_OK) for name in names):
            return Programs(folder)
    return None


def _answers(engine: Path) -> bool:
    """An engine may be installed while its daemon is not running."""
    try:
        answer = subprocess.run(
            [str(engine), "info"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=ENGINE_ANSWER_TIMEOUT_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return False
    return answer.returncode == 0


def main() -> None:
    """Say which servers the tests will use, and install them first where that is possible."""
    machine = Machine()
    try:
        print(f"PostgreSQL from {machine.find_postgres()}")
        print(f"RabbitMQ from {machine.find_rabbitmq()}")
    except ServerMissing as missing:
        sys.exit(str(missing))


if __name__ == "__main__":
    main()
