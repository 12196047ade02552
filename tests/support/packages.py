"""Installs the servers from the distribution's packages, as root. Starts no service."""

from __future__ import annotations

import fcntl
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PACKAGES = ("postgresql", "rabbitmq-server")
INSTALL_COMMAND = f"sudo apt-get install {' '.join(PACKAGES)}"
INSTALL_TIMEOUT_SECONDS = 600

# The answer of a policy-rc.d that forbids every start of a service, see invoke-rc.d(8).
_NO_SERVICE_STARTS = "#!/bin/sh\nexit 101\n"


class InstallationFailed(RuntimeError):
    """The package manager said no. The message carries what it printed last."""


def install_servers(apt_get: Path, policy: Path) -> None:
    """Install both servers. `policy` is the file that Debian asks before it starts a service."""
    with services_stay_off(policy):
        _run(apt_get, "update")
        _run(apt_get, "install", "-y", "--no-install-recommends", *PACKAGES)


@contextmanager
def services_stay_off(policy: Path) -> Iterator[None]:
    """Forbid starts of services for the duration, and leave the machine's policy as it was."""
    text = policy.read_bytes() if policy.exists() else None
    mode = policy.stat().st_mode if policy.exists() else 0
    policy.write_text(_NO_SERVICE_STARTS, encoding="utf-8")
    policy.chmod(0o755)
    try:
        yield
    finally:
        if text is None:
            policy.unlink()
        else:
            policy.write_bytes(text)
            policy.chmod(mode)


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Parallel test workers take turns; who comes second finds the servers installed."""
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _run(apt_get: Path, *words: str) -> None:
    done = subprocess.run(
        [str(apt_get), *words],
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=INSTALL_TIMEOUT_SECONDS,
    )
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        raise InstallationFailed(f"apt-get {' '.join(words)} ended with {done.returncode}:\n{tail}")
