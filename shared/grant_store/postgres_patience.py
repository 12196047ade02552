"""How long PostgreSQL is waited for: to connect, for a lock, and for an answer that does not come.

Without limits a stalled database, or a network that swallows packets, would hang a service for
ever. What the store's address says (such as `?connect_timeout=2`) goes before what stands here.
"""

from __future__ import annotations

from collections.abc import Generator
from time import monotonic
from typing import Any, TypeVar

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

T = TypeVar("T")

SILENCE_SECONDS = 10.0
"""An answer of which nothing comes for so long is given up: what became of it is open then."""

_LOCK_SHARE = 0.8
_CHECK_SECONDS = 0.1

# A server that has vanished is noticed by the operating system: when what was sent stays
# unacknowledged, and by probes while nothing is sent.
_PARAMETERS = {
    "connect_timeout": 5,
    "tcp_user_timeout": 15_000,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
# The same seen from the server: a client that has vanished must not hold the ledger's lock. Who
# waits for that lock is told before its client gives up, so that the answer is certain.
_SESSION = """
SET TIME ZONE 'UTC';
SET default_transaction_isolation = 'read committed';
SET lock_timeout = {lock_timeout};
SET client_connection_check_interval = '5s';
SET tcp_user_timeout = '15s';
SET tcp_keepalives_idle = 10;
SET tcp_keepalives_interval = 5;
SET tcp_keepalives_count = 3
"""


class PatientConnection(psycopg.Connection[tuple[Any, ...]]):
    """A connection that bears `silence_seconds` without a byte from the server; None: for ever.

    After more it raises `psycopg.OperationalError`, and waits for its answer still: close it.
    """

    silence_seconds: float | None = None

    def wait(
        self,
        gen: Generator[Any, Any, T],
        interval: float = _CHECK_SECONDS,
        timeout: float | None = None,
    ) -> T:
        if self.silence_seconds is not None:
            gen = _until_silence(gen, self.silence_seconds)
        return super().wait(gen, interval, timeout)

    def prepare_session(self, silence_seconds: float) -> None:
        """Set what every session of a store needs, and be patient for so long from now on."""
        self.silence_seconds = silence_seconds
        lock_timeout = sql.Literal(f"{silence_seconds * _LOCK_SHARE * 1_000:.0f}ms")
        self.execute(sql.SQL(_SESSION).format(lock_timeout=lock_timeout))


def parameters(dsn: str) -> dict[str, Any]:
    """The address with the limits that it does not name itself."""
    return {**_PARAMETERS, **conninfo_to_dict(dsn)}


def _until_silence(gen: Generator[Any, Any, T], seconds: float) -> Generator[Any, Any, T]:
    """Pass on what the driver waits for, until nothing has come for so long."""
    deadline = monotonic() + seconds
    try:
        wanted = next(gen)
        while True:
            ready = yield wanted
            now = monotonic()
            if ready:
                deadline = now + seconds
            elif now > deadline:
                raise psycopg.OperationalError(f"no answer for {seconds:g} seconds")
            wanted = gen.send(ready)
    except StopIteration as done:
        result: T = done.value
        return result
