"""The users of the broker in a virtual host of its own, made from the files of a deployment.

Users belong to the whole broker: one set at a time, and it is deleted with the virtual host.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support.processes import ServerFailed
from support.rabbitmq import RabbitServer

FOLDER = Path(__file__).resolve().parents[2] / "infra/rabbitmq"
FILE = FOLDER / "definitions.json"
OPERATOR, SENDER = "operator", "sender"


class BrokerUsers:
    """Addresses of one virtual host for services, relays, operators and senders."""

    def __init__(self, server: RabbitServer, virtual_host: str, folder: Path) -> None:
        self._server = server
        self._virtual_host = virtual_host
        self._passwords = {
            user["name"]: secrets.token_hex(8) for user in definitions_of(FILE)["users"]
        }
        filled_in = folder / "definitions.json"
        fill_in(filled_in, self._passwords)
        text = filled_in.read_text(encoding="utf-8")
        server.import_definitions(text.replace('"pruefpfad"', json.dumps(virtual_host)))

    @property
    def names(self) -> list[str]:
        return list(self._passwords)

    def url(self, user: str) -> str:
        return self._server.url(self._virtual_host, user, self._passwords[user])

    def delete(self) -> None:
        for name in self.names:
            self._server.ctl("delete_user", name)


@contextmanager
def users_in_a_virtual_host_of_their_own(
    server: RabbitServer, name: str, folder: Path
) -> Iterator[BrokerUsers]:
    """Its administrator is the server's own user."""
    server.create_virtual_host(name)
    users = BrokerUsers(server, name, folder)
    try:
        yield users
    finally:
        server.delete_virtual_host(name)
        users.delete()


def fill_in(target: Path, passwords: Mapping[str, str]) -> None:
    """Run the script of the deployment; instead of a broker it starts nothing."""
    done = subprocess.run(
        ["sh", str(FOLDER / "start.sh"), str(FILE), str(target), "true"],
        env={
            "PATH": os.environ["PATH"],
            **{variable_of(user): word for user, word in passwords.items()},
        },
        capture_output=True,
        text=True,
        timeout=30,
    )
    if done.returncode != 0:
        raise ServerFailed(f"start.sh ended with {done.returncode}:\n{done.stderr}")


def variable_of(user: str) -> str:
    return f"RABBITMQ_{user.upper().replace('-', '_')}_PASSWORD"


def definitions_of(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
