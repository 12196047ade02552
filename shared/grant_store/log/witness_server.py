"""A witness behind HTTP, as c2sp.org/tlog-witness has it: `POST /add-checkpoint`, nothing else.

It knows requests and status codes; what is cosigned `witness` decides. It asks nobody for a
password: only a head that a known log has signed gets anything. TLS is the matter of a proxy.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import BoundedSemaphore
from typing import Any

from grant_store.errors import StoreError
from grant_store.log.note import MOST_BYTES
from grant_store.log.witness import Refused, Witness
from grant_values.invalid import Invalid

PATH = "/add-checkpoint"
SIZE_TYPE = "text/x.tlog.size"
TEXT_TYPE = "text/plain; charset=utf-8"
SILENCE_SECONDS = 10
MOST_CONNECTIONS = 32
_LENGTH = re.compile(r"[0-9]{1,7}", re.ASCII)

Answer = tuple[int, str, bytes]
"""Status, type and body."""


def server_of(
    witness: Witness, host: str, port: int, clock: Callable[[], datetime]
) -> ThreadingHTTPServer:
    """A server that is bound already; its `serve_forever` runs until its `shutdown`."""

    class Handler(BaseHTTPRequestHandler):
        timeout = SILENCE_SECONDS
        protocol_version = "HTTP/1.1"
        server_version = "pruefpfad-witness"
        sys_version = ""

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            if not _LENGTH.fullmatch(length) or int(length) > MOST_BYTES:
                self.close_connection = True  # What follows is not read.
                return self._say(_text(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too long"))
            content = self.rfile.read(int(length))
            if self.path != PATH:
                return self._say(_text(HTTPStatus.NOT_FOUND, f"only {PATH} is here"))
            return self._say(answer_to(witness, content, clock()))

        def log_message(self, *_: object) -> None:
            """Whoever runs it sees what was refused by `witness refusals`."""

        def _say(self, answer: Answer) -> None:
            status, kind, body = answer
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return _BoundedServer((host, port), Handler)


class _BoundedServer(ThreadingHTTPServer):
    """Takes so many connections at a time, each with a thread: whoever opens more is hung up on,
    and comes again like after any other loss."""

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._places = BoundedSemaphore(MOST_CONNECTIONS)
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()


def answer_to(witness: Witness, content: bytes, at: datetime) -> Answer:
    """Status, type and body for one request."""
    try:
        return HTTPStatus.OK, TEXT_TYPE, witness.cosign(content, at)
    except Invalid as error:
        return _text(HTTPStatus.BAD_REQUEST, str(error))
    except Refused as refused:
        if refused.reason in ("conflict", "shrunk"):
            return refused.status, SIZE_TYPE, b"%d\n" % refused.known_size
        return _text(refused.status, str(refused))
    except StoreError as error:
        return _text(HTTPStatus.SERVICE_UNAVAILABLE, str(error))


def _text(status: int, text: str) -> Answer:
    return status, TEXT_TYPE, f"{text}\n".encode()
