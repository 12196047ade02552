"""What comes over a connection: it is waited for with a limit, and gathered.

A message that the client library itself cannot read is laid aside at once: it would come again, and
break again whoever takes it.

It knows the frames of AMQP 0-9-1. What is in a message is not its business.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import structlog
from amqp.exceptions import AMQPError, FrameSyntaxError

UNREADABLE = (ValueError, OverflowError, struct.error, FrameSyntaxError)
"""What the library raises over properties that no honest client sends, such as text that is no
UTF-8. It has no name for that."""

GOODBYE_SECONDS = 5.0
"""How long the broker may take to answer. One that is short of memory reads no goodbye, and may not
have been heard to be."""

_GATHER_SECONDS = 0.001
_METHOD = 1
_DELIVER = struct.pack(">HH", 60, 60)
_TAG = struct.Struct(">Q")

_log = structlog.get_logger()


class UnreadableMessage(ConnectionError):
    """The library cannot read a message. It was laid aside; the connection is of no use."""


def hear(connection: Any, seconds: float) -> bool:
    """Wait so long for something to come, and keep the connection alive. False if nothing came."""
    try:
        connection.drain_events(timeout=seconds)
    except TimeoutError:
        connection.heartbeat_check()
        return False
    return True


def gather(
    connection: Any,
    seconds: float,
    has_some: Callable[[], bool],
    has_enough: Callable[[], bool],
) -> None:
    """The first message is waited for; then only what is already here is taken with it."""
    deadline = time.monotonic() + seconds
    wait = seconds
    while not has_enough() and hear(connection, wait):
        if has_some():
            wait = _GATHER_SECONDS
        elif time.monotonic() > deadline:
            return


def release(connection: Any) -> None:
    """Close a connection of kombu's, and do not wait for long."""
    if connection.connected:
        _say_goodbye(connection.connection)
    connection.release()


def lay_unreadable_aside(connection: Any) -> None:
    """From now on, for all who hear this connection, by whichever call they wait.

    `connection` is the one below kombu's, and open.
    """
    connection.on_inbound_frame = _Frames(connection).hear


def _say_goodbye(connection: Any) -> None:
    """The library stumbles over the rest of a message that it could not read, and would leave the
    socket open."""
    with suppress(AMQPError, OSError, *UNREADABLE):
        connection.sock.settimeout(GOODBYE_SECONDS)
        connection.close()
    connection.collect()


class _Frames:
    """The frames of one connection, on their way to the library."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._read = connection.on_inbound_frame
        self._delivered: dict[int, int] = {}

    def hear(self, frame: tuple[int, int, Any]) -> Any:
        """A message comes as a method frame, with its number, and what can be unreadable after."""
        kind, channel, payload = frame
        if kind == _METHOD:
            self._note_number(channel, payload)
            return self._read(frame)
        try:
            return self._read(frame)
        except UNREADABLE as error:
            self._lay_aside(channel, error)
            raise UnreadableMessage(str(error)) from error

    def _note_number(self, channel: int, payload: Any) -> None:
        self._delivered.pop(channel, None)
        if payload[:4] == _DELIVER:
            # Between the two stands the consumer's name, with its length before it.
            (self._delivered[channel],) = _TAG.unpack_from(payload, 5 + payload[4])

    def _lay_aside(self, channel: int, error: Exception) -> None:
        _log.warning("an unreadable message was laid aside", error=str(error))
        connection = self._connection
        connection.on_inbound_frame = self._read
        if channel in self._delivered:
            with suppress(AMQPError, OSError):
                connection.channels[channel].basic_reject(self._delivered[channel], requeue=False)
        _say_goodbye(connection)
