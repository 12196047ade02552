"""A line between a store and its server that can be cut at a chosen moment. No assertions here."""

from __future__ import annotations

import socket
from contextlib import suppress
from threading import Event, Lock, Thread

_CHUNK_BYTES = 65536


class BrokenLine:
    """Passes bytes on between a client and a server on the loopback address.

    `lose_next_answer` lets the next request through and cuts the line when the server answers:
    by then it has committed. `lose_next_request` cuts before the server hears of it. With
    `stays_down` no new connection is accepted after the cut.
    """

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self.lose_next_answer = Event()
        self.lose_next_request = Event()
        self.stays_down = False
        self._is_down = False
        self._open: list[socket.socket] = []
        self._lock = Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()
        self._cut()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # The listener was closed: the test is over.
            if self._is_down:
                client.close()
                continue
            server = socket.create_connection(self._server)
            with self._lock:
                self._open += [client, server]
            for source, target, trap in (
                (client, server, self.lose_next_request),
                (server, client, self.lose_next_answer),
            ):
                Thread(target=self._pass_on, args=(source, target, trap), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, trap: Event) -> None:
        with suppress(OSError):
            while received := source.recv(_CHUNK_BYTES):
                if trap.is_set():
                    trap.clear()
                    self._is_down = self.stays_down
                    self._cut()
                    return
                target.sendall(received)
        for end in (source, target):
            end.close()

    def _cut(self) -> None:
        with self._lock:
            for end in self._open:
                # Closing alone would not wake the thread that waits in `recv`.
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()
            self._open.clear()
