"""A private PostgreSQL server for one test run. Knows nothing of what is stored in it.

It listens on the loopback address alone, asks every user for a password and writes through to
the disk as in production, because crash tests rely on it.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import psycopg
from psycopg import sql

from support.container import Container
from support.machine import Engine, Machine
from support.ports import LOOPBACK
from support.processes import Account, Command, Node, ServerFailed, ServerProcess
from support.server import PrivateServer

IMAGE = "postgres:15"
SUPERUSER = "postgres"
INITDB_TIMEOUT_SECONDS = 120
STOP_TIMEOUT_SECONDS = 60
PSQL_TIMEOUT_SECONDS = 60
_PSQL = ("psql", "--no-psqlrc", "--quiet", "--file=-")

# What PostgreSQL's own pg_ctl sends for these words, see "Shutting Down the Server".
_STOP_SIGNALS = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT}
_SETTINGS = (
    *("--fsync=on", "--synchronous_commit=on", "--password_encryption=scram-sha-256"),
    "--log_line_prefix=%m [%p] %u@%d %h ",  # As in docker-compose.yml.
)

_SHORT_LOG = ("--min_wal_size=4MB", "--max_wal_size=4MB", "--wal_keep_size=0")


class PostgresServer(PrivateServer[Node]):
    """A database server of our own. Its superuser's password is known to this object only."""

    name = "PostgreSQL"
    start_timeout_seconds = 60.0

    def __init__(self, machine: Machine | None = None, *, short_log: bool = False) -> None:
        """A `short_log` is written over again after four MB: so tests see that end."""
        self._short_log = short_log
        self._found = (machine or Machine()).find_postgres()
        super().__init__()

    @property
    def superuser_dsn(self) -> str:
        return self.dsn()

    def dsn(
        self, database: str = "postgres", user: str | None = None, password: str | None = None
    ) -> str:
        """A libpq address. Without a user it is the superuser's."""
        name, word = (SUPERUSER, self._password) if user is None else (user, password or "")
        credentials = f"{quote(name, safe='')}:{quote(word, safe='')}"
        return f"postgresql://{credentials}@{LOOPBACK}:{self.port}/{quote(database, safe='')}"

    def stop(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        """`fast` ends sessions in order; `immediate` is a crash that the next start recovers."""
        self._node.stop(_STOP_SIGNALS[mode], STOP_TIMEOUT_SECONDS)

    def log_tail(self) -> str:
        """The end of what the server has logged."""
        return self._node.log_tail()

    def create_database(self, name: str, template: str = "template1") -> str:
        """A new database as its template is, to which nobody may be connected: empty without one.
        Returns its address."""
        names = map(sql.Identifier, (name, template))
        self._execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))
        return self.dsn(name)

    def drop_database(self, name: str, *, missing_ok: bool = False) -> None:
        """Drop it, and end whatever sessions it still has."""
        which = sql.SQL("IF EXISTS " if missing_ok else "") + sql.Identifier(name)
        self._execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(which))

    def psql(self, script: str, database: str, environment: Mapping[str, str]) -> None:
        """Run a script as superuser through PostgreSQL's own client, with this environment."""
        if isinstance(self._node, Container):
            names = [f"{name}={value}" for name, value in environment.items()]
            piped = f'printf %s "$0" | {" ".join(_PSQL)} --username={SUPERUSER} --dbname={database}'
            self._node.execute("env", *names, "sh", "-c", piped, script)
            return
        done = subprocess.run(
            [*_PSQL, self.dsn(database)],
            env={"PATH": os.environ.get("PATH", os.defpath), **environment},
            input=script,
            capture_output=True,
            text=True,
            timeout=PSQL_TIMEOUT_SECONDS,
        )
        if done.returncode != 0:
            raise ServerFailed(f"psql ended with {done.returncode}:\n{done.stderr}")

    def dump(self, database: str, schemas: Sequence[str]) -> str:
        """These schemas as PostgreSQL's own backup program writes them: a script for `psql`."""
        words = ["pg_dump", *(f'--schema="{schema}"' for schema in schemas)]
        if isinstance(self._node, Container):
            return self._node.execute(*words, f"--username={SUPERUSER}", f"--dbname={database}")
        done = subprocess.run(
            [*words, f"--dbname={self.dsn(database)}"],
            capture_output=True,
            text=True,
            timeout=PSQL_TIMEOUT_SECONDS,
        )
        if done.returncode != 0:
            raise ServerFailed(f"pg_dump ended with {done.returncode}:\n{done.stderr}")
        return done.stdout

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.superuser_dsn, autocommit=True) as connection:
            connection.execute(statement)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.superuser_dsn, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _prepare(self) -> Node:
        if isinstance(self._found, Engine):
            environment = {"POSTGRES_PASSWORD": self._password, "POSTGRES_USER": SUPERUSER}
            return Container(self._found, IMAGE, (self.port, 5432), environment, _SETTINGS)
        account = Account("postgres")
        return self._installed(self._found.folder, account, self._private_folder(account))

    def _installed(self, programs: Path, account: Account, folder: Path) -> Node:
        data = folder / "data"
        environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(folder), "LANG": "C"}
        password = account.write(folder / "password", self._password)
        initdb: Command = [
            programs / "initdb",
            *("--pgdata", data, "--username", SUPERUSER, "--encoding=UTF8", "--locale=C"),
            *("--auth=scram-sha-256", f"--pwfile={password}"),
            *(["--wal-segsize=1"] if self._short_log else []),
            "--no-sync",  # An empty cluster can be made again; the running server does flush.
        ]
        account.run(initdb, environment, folder, INITDB_TIMEOUT_SECONDS)
        password.unlink()
        postgres: Command = [
            programs / "postgres",
            *("-D", data, f"--port={self.port}", f"--listen_addresses={LOOPBACK}"),
            f"--unix_socket_directories={folder}",
            *_SETTINGS,
            *(_SHORT_LOG if self._short_log else ()),
        ]
        log = account.write(folder / "server.log", "")
        return ServerProcess(postgres, environment, account, folder, log, signal.SIGINT)
