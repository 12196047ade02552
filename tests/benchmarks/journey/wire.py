"""The driver's connection: sends commands that were encoded before, hears answers and facts.

The library opens connection, queues and consumers. The frames after that are read and written
here, because whatever the driver takes of the cores is missing to the side that is measured.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import Any, NamedTuple, Self
from uuid import uuid4

from grant_bus.rabbit import Connection, Queue
from grant_bus.rabbit_rpc import JSON

_FRAME = struct.Struct(">BHI")
_METHOD, _HEADER, _BODY = 1, 2, 3
_END = b"\xce"
_PUBLISH, _DELIVER, _ACK = b"\0\x3c\0\x28", b"\0\x3c\0\x3c", b"\0\x3c\0\x50"
_MANDATORY = b"\x01"
# Content type, encoding, delivery mode, correlation id and reply-to, in this order.
_PROPERTIES = struct.pack(">H", 1 << 15 | 1 << 14 | 1 << 12 | 1 << 10 | 1 << 9)
_PERSISTENT = b"\x02"
_READ_BYTES = 1 << 18
_ANSWERS, _FACTS = 1, 2
"""The channels, so that a frame's number says what it belongs to."""


class Heard(NamedTuple):
    """An answer, whose `origin` is empty, or a fact with the name of exchange and routing key."""

    origin: str
    key: str
    body: bytes


class Binding(NamedTuple):
    """Facts that the driver listens to."""

    exchange: str
    routing_key: str


class Wire:
    """One connection of the driver. Use it as a context manager."""

    def __init__(self, url: str, bindings: Iterable[Binding]) -> None:
        # No heartbeat: the library is not asked any more while the driver plays.
        self._connection = Connection(url, heartbeat=0)
        self.address = f"reply.{uuid4().hex}"
        answers, facts = self._connection.channel(), self._connection.channel()
        _listen(answers, Queue(self.address, exclusive=True), ())
        _listen(facts, Queue(f"driver.{uuid4().hex}", exclusive=True), bindings)
        answers.confirm_select()
        if (answers.channel_id, facts.channel_id) != (_ANSWERS, _FACTS):
            raise AssertionError("expected the first two channels of the connection")
        transport = self._connection.connection.transport
        self._socket = transport.sock
        self._unread = bytes(transport._read_buffer)
        self._methods: dict[int, bytes] = {}
        self._missing: dict[int, int] = {}
        self._bodies: dict[int, list[bytes]] = {}
        self._published = 0
        self._unconfirmed: dict[int, None] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # Not in order, which the broker bears: the library would misread what was left unread.
        self._socket.close()

    @property
    def is_confirmed(self) -> bool:
        """Whether the broker has taken all that was sent."""
        return not self._unconfirmed

    def encoded(self, exchange: str, routing_key: str, correlation_id: str, body: bytes) -> bytes:
        """The frames of one command. Each is mandatory, persistent and wants an answer."""
        method = _PUBLISH + b"\0\0" + _short(exchange) + _short(routing_key) + _MANDATORY
        properties = b"".join(
            (_PROPERTIES, _short(JSON), _short("utf-8"), _PERSISTENT, _short(correlation_id))
        )
        header = struct.pack(">HHQ", 60, 0, len(body)) + properties + _short(self.address)
        return _frame(_METHOD, method) + _frame(_HEADER, header) + _frame(_BODY, body)

    def send(self, letters: Sequence[bytes]) -> None:
        self._socket.settimeout(None)
        for _ in letters:
            self._published += 1
            self._unconfirmed[self._published] = None
        self._socket.sendall(b"".join(letters))

    def hear(self, seconds: float) -> list[Heard]:
        """What has come, waiting for something that long at most."""
        self._socket.settimeout(max(seconds, 0.000_1))
        try:
            came = self._socket.recv(_READ_BYTES)
        except TimeoutError:
            return []
        if not came:
            raise ConnectionError("the broker has closed the driver's connection")
        self._unread += came
        return self._whole_messages()

    def _whole_messages(self) -> list[Heard]:
        heard: list[Heard] = []
        unread, at = self._unread, 0
        while len(unread) - at > _FRAME.size:
            kind, channel, size = _FRAME.unpack_from(unread, at)
            end = at + _FRAME.size + size + 1
            if end > len(unread):
                break
            payload = unread[at + _FRAME.size : end - 1]
            if kind == _METHOD:
                self._take_method(channel, payload)
            elif kind == _HEADER:
                self._missing[channel] = int.from_bytes(payload[4:12], "big")
                self._bodies[channel] = []
            elif kind == _BODY and self._is_whole(channel, payload):
                heard.append(self._message(channel))
            at = end
        self._unread = unread[at:]
        return heard

    def _take_method(self, channel: int, payload: bytes) -> None:
        method = payload[:4]
        if method == _DELIVER:
            self._methods[channel] = payload
        elif method == _ACK:
            self._confirm(int.from_bytes(payload[4:12], "big"), multiple=bool(payload[12] & 1))
        else:
            raise AssertionError(f"the broker did not take what was sent: {payload!r}")

    def _confirm(self, tag: int, *, multiple: bool) -> None:
        if not multiple:
            self._unconfirmed.pop(tag, None)
            return
        for known in list(takewhile(tag.__ge__, self._unconfirmed)):
            del self._unconfirmed[known]

    def _is_whole(self, channel: int, payload: bytes) -> bool:
        self._bodies[channel].append(payload)
        self._missing[channel] -= len(payload)
        return self._missing[channel] == 0

    def _message(self, channel: int) -> Heard:
        body = b"".join(self._bodies[channel])
        if channel == _ANSWERS:
            return Heard("", "", body)
        deliver = self._methods[channel]
        at = 5 + deliver[4] + 9  # Past the consumer's tag, the delivery's and its flag.
        between = at + 1 + deliver[at]
        exchange = deliver[at + 1 : between].decode()
        return Heard(exchange, deliver[between + 1 :].decode(), body)


def _listen(channel: Any, queue: Any, bindings: Iterable[Binding]) -> None:
    bound = queue(channel)
    bound.declare()
    for exchange, routing_key in bindings:
        bound.bind_to(exchange, routing_key)
    channel.basic_consume(bound.name, no_ack=True, callback=_ignore)


def _ignore(message: object) -> None:
    """The library wants somebody to call; it is never asked to read."""


def _frame(kind: int, payload: bytes) -> bytes:
    return _FRAME.pack(kind, _ANSWERS, len(payload)) + payload + _END


def _short(text: str) -> bytes:
    encoded = text.encode()
    return bytes((len(encoded),)) + encoded
