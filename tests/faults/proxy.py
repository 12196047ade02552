"""A proxy in front of PostgreSQL that cuts or stalls a line at a chosen moment of an append.

It reads as much of the frontend/backend protocol as it takes to know which message passes, and
nothing of what is in the ledger. No assertions here.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from threading import Event, Lock, Thread
from urllib.parse import urlsplit

from faults.wire import (
    BIND,
    COMMAND_COMPLETE,
    END,
    ERROR,
    FLUSH,
    PARSE,
    READY,
    SYNC,
    Message,
    messages,
    prepared_statement,
    startup_of,
    statement_of_bind,
)

APPEND = b'"append"('


class Moment(Enum):
    """Where in an append the line fails."""

    REQUEST = auto()
    """Before the server hears of it."""
    COMMIT = auto()
    """The server has carried the statement out, and waits for the end of the transaction."""
    REPLY = auto()
    """The transaction is committed, and the client does not know it yet."""


@dataclass
class Trap:
    """What is to happen to one append of a ledger. `sprung` tells when it has happened."""

    moment: Moment
    origin: str
    stalls: bool
    skip: int
    sprung: Event = field(default_factory=Event)
    released: Event = field(default_factory=Event)


class PostgresProxy:
    """Passes messages on between the clients of one server and the server."""

    def __init__(self, url: str) -> None:
        server = urlsplit(url)
        self._server = server.hostname, server.port
        self._traps: list[Trap] = []
        self._lines: set[_Line] = set()
        self._lock = Lock()
        self._flowing = Event()
        self._flowing.set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        Thread(target=self._accept, daemon=True).start()

    def url(self, url: str) -> str:
        """The same database of the same user, by way of this proxy."""
        credentials = urlsplit(url).netloc.rpartition("@")[0]
        return urlsplit(url)._replace(netloc=f"{credentials}@127.0.0.1:{self.port}").geturl()

    @property
    def lines(self) -> int:
        """How many are open."""
        with self._lock:
            return len(self._lines)

    def cut_next(self, moment: Moment, origin: str, skip: int = 0) -> Trap:
        """Cut the line at this moment of the ledger's next append, after `skip` others."""
        return self._set(Trap(moment, origin, stalls=False, skip=skip))

    def stall_next(self, moment: Moment, origin: str, skip: int = 0) -> Trap:
        """Let that append wait, with its line alone, until the trap is released."""
        return self._set(Trap(moment, origin, stalls=True, skip=skip))

    def stall(self) -> None:
        """Let nothing pass on any line. New lines are accepted, and lead nowhere."""
        self._flowing.clear()

    def resume(self) -> None:
        self._flowing.set()

    def cut(self) -> None:
        """Cut all lines that are open now."""
        with self._lock:
            lines, self._lines = self._lines, set()
        for line in lines:
            line.cut()

    def close(self) -> None:
        # A thread that waits in `accept` keeps a closed listener open until somebody comes.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for trap in self._traps:
            trap.released.set()
        self.resume()
        self.cut()

    def wait_for_flow(self) -> None:
        self._flowing.wait()

    def trap_for(self, origin: str) -> Trap | None:
        """The trap that this append of the ledger is to step into."""
        with self._lock:
            for trap in self._traps:
                if trap.origin == origin and not trap.sprung.is_set():
                    trap.skip -= 1
                    if trap.skip < 0:
                        self._traps.remove(trap)
                        return trap
        return None

    def _set(self, trap: Trap) -> Trap:
        with self._lock:
            self._traps.append(trap)
        return trap

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # The listener was closed: the test is over.
            Thread(target=self._open, args=(client,), daemon=True).start()

    def _open(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(self._server)
        except OSError:
            client.close()  # The server is down, and its clients see that.
            return
        for end in (client, server):
            # A statement is several messages; passed on one by one they would wait for one another.
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line = _Line(self, client, server)
        with self._lock:
            self._lines.add(line)
        line.run()
        with self._lock:
            self._lines.discard(line)


class _Line:
    """One connection of a client. Two threads: what it says, and what it is told."""

    def __init__(self, proxy: PostgresProxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy = proxy
        self._client = client
        self._server = server
        self._origin = ""
        self._appends: set[bytes] = set()
        self._trap: Trap | None = None
        self._flowing = Event()
        self._flowing.set()

    def run(self) -> None:
        with suppress(OSError):
            startup, self._origin = startup_of(self._client)
            self._wait_for_flow()
            self._server.sendall(startup)
            Thread(target=self._tell, daemon=True).start()
            for message in messages(self._client):
                self._wait_for_flow()
                self._say(message)
            self._wait_for_flow()  # That the client hung up does not pass either.
        self.cut()

    def cut(self) -> None:
        for end in (self._client, self._server):
            # Closing alone would not wake the thread that waits in `recv`.
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _wait_for_flow(self) -> None:
        self._proxy.wait_for_flow()
        self._flowing.wait()

    def _say(self, message: Message) -> None:
        if message.kind == PARSE:
            name, query = prepared_statement(message)
            if APPEND in query:
                self._appends.add(name)
        elif message.kind == BIND and statement_of_bind(message) in self._appends:
            self._trap = self._proxy.trap_for(self._origin)
            if self._trap and self._trap.moment is Moment.REQUEST:
                self._spring(self._trap)
        elif message.kind == SYNC and self._trap and self._trap.moment is Moment.COMMIT:
            # The server tells what it has done so far, and goes on waiting for the Sync.
            message = FLUSH
        self._server.sendall(message.raw)

    def _tell(self) -> None:
        with suppress(OSError):
            for reply in self._replies():
                self._wait_for_flow()
                self._client.sendall(reply)
        self.cut()

    def _replies(self) -> Iterator[bytes]:
        """What the server says. What it says to a trapped append is held back until it springs."""
        held = b""
        for message in messages(self._server):
            trap = self._trap
            held += message.raw
            if trap and trap.moment is Moment.COMMIT:
                if message.kind in (COMMAND_COMPLETE, ERROR):
                    self._spring(trap)
                continue
            if trap and trap.moment is Moment.REPLY:
                if message.kind != READY:
                    continue
                self._spring(trap)
            yield held
            held = b""

    def _spring(self, trap: Trap) -> None:
        self._trap = None
        if trap.stalls:
            self._flowing.clear()
            trap.sprung.set()
            trap.released.wait()
            if trap.moment is Moment.COMMIT:
                self._server.sendall(END.raw)
            self._flowing.set()
            return
        trap.sprung.set()  # First, or the client may notice the cut before the trap says so.
        self.cut()
        raise ConnectionAbortedError(f"cut at {trap.moment.name}")
