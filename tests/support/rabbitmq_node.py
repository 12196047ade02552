"""An installed RabbitMQ as two processes: the broker and its own port mapper (epmd).

It knows files, ports and environment names of RabbitMQ's scripts, and nothing of queues.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
from pathlib import Path

from support.machine import Programs
from support.ports import LOOPBACK, answers, free_ports
from support.processes import Account, Command, ServerFailed, ServerProcess, wait_until_ready

EPMD_TIMEOUT_SECONDS = 10
CTL_TIMEOUT_SECONDS = 60

# Debian's erlang-base links epmd onto the path; Erlang's own installer may not.
_ERLANG_FOLDERS = ("/usr/lib/erlang", "/usr/lib64/erlang", "/usr/local/lib/erlang")

# Erlang's schedulers wake one another all the time while a broker starts: with one of each kind
# it starts in half the time, and leaves the other cores to the tests.
_ONE_SCHEDULER = "+S 1:1 +SDcpu 1:1 +SDio 1"


def configuration(port: int, virtual_host: str, user: str, password: str) -> str:
    """rabbitmq.conf with one listener, and one user and virtual host made at the first start."""
    settings = {
        "listeners.tcp.1": f"{LOOPBACK}:{port}",
        "default_vhost": virtual_host,
        "default_user": user,
        "default_pass": password,
        "default_permissions.configure": ".*",
        "default_permissions.read": ".*",
        "default_permissions.write": ".*",
    }
    return "".join(f"{name} = {value}\n" for name, value in settings.items())


class InstalledRabbit:
    """One broker node with everything of its own in one folder."""

    def __init__(
        self, programs: Programs, account: Account, folder: Path, configuration_text: str
    ) -> None:
        self._programs = programs.folder
        self._account = account
        self._folder = folder
        self._epmd_port, self._distribution_port = free_ports(2)
        self._environment = self._own_environment()
        self._write_files(configuration_text)
        self._epmd = self._process([_epmd(), "-port", str(self._epmd_port)], "epmd.log")
        self._broker = self._process([self._programs / "rabbitmq-server"], "server.log")

    @property
    def pid(self) -> int:
        return self._broker.pid

    @property
    def pids(self) -> list[int]:
        return [self._broker.pid, self._epmd.pid]

    def is_running(self) -> bool:
        return self._broker.is_running()

    def start(self) -> None:
        """The port mapper first: Erlang starts a machine-wide one of its own if none answers."""
        if not self._epmd.is_running():
            self._epmd.start()
            wait_until_ready(
                "epmd", self._epmd, lambda: answers(self._epmd_port), EPMD_TIMEOUT_SECONDS
            )
        self._broker.start()

    def stop(self, number: signal.Signals, timeout_seconds: float) -> None:
        try:
            self._broker.stop(number, timeout_seconds)
        finally:
            self._epmd.stop(signal.SIGTERM, timeout_seconds)

    def ctl(self, *words: str) -> str:
        command: Command = [self._programs / "rabbitmqctl", "--quiet", *words]
        return self._account.run(command, self._environment, self._folder, CTL_TIMEOUT_SECONDS)

    def import_definitions(self, text: str) -> None:
        file = self._account.write(self._folder / "imported.json", text)
        self.ctl("import_definitions", str(file))

    def log_tail(self) -> str:
        return self._broker.log_tail()

    def discard(self) -> None:
        self._broker.discard()
        self._epmd.discard()

    def _process(self, command: Command, log: str) -> ServerProcess:
        return ServerProcess(
            command,
            self._environment,
            self._account,
            self._folder,
            self._account.write(self._folder / log, ""),
        )

    def _write_files(self, configuration_text: str) -> None:
        self._account.write(self._folder / "rabbitmq.conf", configuration_text)
        self._account.write(self._folder / "enabled_plugins", "[].\n")
        self._account.write(self._folder / "rabbitmq-env.conf", "")
        # Erlang looks for the cookie in HOME, and refuses one that others can read.
        self._account.write(self._folder / ".erlang.cookie", secrets.token_hex(20)).chmod(0o400)

    def _own_environment(self) -> dict[str, str]:
        """Nothing of the caller's but PATH: a RABBITMQ_… of another broker must not reach ours."""
        only_loopback = "-kernel inet_dist_use_interface {127,0,0,1}"
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self._folder),
            "LANG": "C.UTF-8",
            "ERL_EPMD_ADDRESS": LOOPBACK,
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_CRASH_DUMP_SECONDS": "0",
            "RABBITMQ_NODENAME": f"pruefpfad-{secrets.token_hex(4)}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": LOOPBACK,
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            # The script becomes the Erlang machine instead of watching over it, so that the
            # process we started is the broker; it still must not read a console.
            "RABBITMQ_ALLOW_INPUT": "1",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"-noinput {_ONE_SCHEDULER} {only_loopback}",
            "RABBITMQ_CTL_ERL_ARGS": only_loopback,
            # rabbitmqctl listens too while it asks; 0 is whatever port is free.
            "RABBITMQ_CTL_DIST_PORT_MIN": "0",
            "RABBITMQ_CTL_DIST_PORT_MAX": "0",
            **{name: str(self._folder / place) for name, place in _PLACES.items()},
        }


_PLACES = {
    "RABBITMQ_ADVANCED_CONFIG_FILE": "advanced.config",
    "RABBITMQ_CONF_ENV_FILE": "rabbitmq-env.conf",
    "RABBITMQ_CONFIG_FILE": "rabbitmq.conf",
    "RABBITMQ_CONFIG_FILES": "conf.d",
    "RABBITMQ_ENABLED_PLUGINS_FILE": "enabled_plugins",
    "RABBITMQ_FEATURE_FLAGS_FILE": "feature_flags",
    "RABBITMQ_GENERATED_CONFIG_DIR": "generated",
    "RABBITMQ_LOG_BASE": "log",
    "RABBITMQ_MNESIA_BASE": "mnesia",
    "RABBITMQ_PID_FILE": "broker.pid",
    "RABBITMQ_SCHEMA_DIR": "schema",
}


def _epmd() -> Path:
    """Erlang's port mapper, which comes with every Erlang."""
    if found := shutil.which("epmd"):
        return Path(found)
    for folder in _ERLANG_FOLDERS:
        for candidate in sorted(Path(folder).glob("erts-*/bin/epmd")):
            return candidate
    raise ServerFailed("RabbitMQ is installed, but Erlang's `epmd` is neither on PATH nor beside.")
