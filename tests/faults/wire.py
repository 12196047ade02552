"""The messages of PostgreSQL's protocol, version 3: cut from the stream, and the few that matter.

See "Message Formats" in PostgreSQL's manual: a letter, a length that counts itself, the rest.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from typing import NamedTuple

# From the client.
PARSE, BIND, SYNC = b"P", b"B", b"S"
# From the server.
COMMAND_COMPLETE, ERROR, READY = b"C", b"E", b"Z"

_NO_ENCRYPTION = b"N"
_SSL_REQUEST, _GSS_REQUEST = 80877103, 80877104
_LENGTH = struct.Struct(">I")
_BUFFER_BYTES = 65536


class Message(NamedTuple):
    """One message: its letter, and what follows the length."""

    kind: bytes
    body: bytes

    @property
    def raw(self) -> bytes:
        return self.kind + _LENGTH.pack(len(self.body) + 4) + self.body


FLUSH = Message(b"H", b"")
"""Asks the server for what it has said so far, and leaves the transaction open."""
END = Message(SYNC, b"")
"""Ends the transaction of a single statement."""


def messages(source: socket.socket) -> Iterator[Message]:
    """Whole messages until the stream ends."""
    with source.makefile("rb", _BUFFER_BYTES) as stream:
        while len(head := stream.read(5)) == 5:
            (length,) = _LENGTH.unpack(head[1:])
            yield Message(head[:1], stream.read(length - 4))


def startup_of(client: socket.socket) -> tuple[bytes, str]:
    """The client's first message, and the ledger that it names as its application.

    Requests for encryption are refused, as a server without certificates would.
    """
    while True:
        head = _exactly(client, 8)
        length, code = struct.unpack(">II", head)
        if code not in (_SSL_REQUEST, _GSS_REQUEST):
            rest = _exactly(client, length - 8)
            return head + rest, _application_of(rest).removeprefix("pruefpfad ")
        client.sendall(_NO_ENCRYPTION)


def prepared_statement(parse: Message) -> tuple[bytes, bytes]:
    """Name and text of a statement that is to be prepared."""
    name, query, _ = parse.body.split(b"\0", 2)
    return name, query


def statement_of_bind(bind: Message) -> bytes:
    """The name of the prepared statement that is to be carried out."""
    _, name, _ = bind.body.split(b"\0", 2)
    return name


def _application_of(parameters: bytes) -> str:
    words = parameters.split(b"\0")
    named = dict(zip(words[::2], words[1::2], strict=False))
    return named.get(b"application_name", b"").decode()


def _exactly(source: socket.socket, count: int) -> bytes:
    received = b""
    while len(received) < count:
        more = source.recv(count - len(received))
        if not more:
            raise ConnectionAbortedError("the client hung up")
        received += more
    return received
