"""Publishing with confirms: many messages are sent, then the broker's word on all awaited."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

from grant_bus.rabbit import Channel
from grant_bus.rabbit_blockage import Blockage
from grant_bus.rabbit_hearing import hear

CONFIRM_TIMEOUT_SECONDS = 30.0
LISTEN_SECONDS = 1.0
PERSISTENT, TRANSIENT = 2, 1
_TCP_CORK = getattr(socket, "TCP_CORK", None)
"""Linux has it."""


class Confirms:
    """A channel of its own, on which the broker says of each message whether it has taken it.

    A broker that takes nothing is waited for as long as that lasts, or until `is_ending`:
    connecting again would change nothing.
    """

    def __init__(
        self,
        connection: Any,
        is_ending: Callable[[], bool] = lambda: False,
        timeout_seconds: float = CONFIRM_TIMEOUT_SECONDS,
    ) -> None:
        self._connection = connection
        self._is_ending = is_ending
        self._timeout_seconds = timeout_seconds
        self._blockage = Blockage(connection)
        self.channel: Channel = connection.channel()
        self._published = 0
        self._open: dict[int, None] = {}
        self._refused = 0
        self.channel.confirm_select()
        self.channel.events["basic_ack"].add(self._when_acked)
        self.channel.events["basic_nack"].add(self._when_nacked)

    def send(
        self,
        body: bytes,
        content_type: str,
        exchange: str,
        key: str,
        delivery_mode: int = PERSISTENT,
        *,
        mandatory: bool = False,
        **properties: Any,
    ) -> None:
        """Publish without waiting. What is `mandatory` and reaches no queue comes back."""
        message = self.channel.prepare_message(
            body,
            content_type=content_type,
            properties={"delivery_mode": delivery_mode, **properties},
        )
        if not self._open:
            self._cork(True)
        self._published += 1
        self._open[self._published] = None
        self.channel.basic_publish(message, exchange=exchange, routing_key=key, mandatory=mandatory)

    def wait(self) -> int:
        """Return when the broker has spoken of all. Says how many messages it refused.

        Raises `TimeoutError` if the broker is silent, or blocked when all is to end.
        """
        if self._open:
            self._cork(False)
        deadline = time.monotonic() + self._timeout_seconds
        while self._open:
            was_blocked = self._blockage.is_on
            hear(self._connection, LISTEN_SECONDS)
            if was_blocked or self._blockage.is_on:
                deadline = time.monotonic() + self._timeout_seconds
            if time.monotonic() > deadline or (self._blockage.is_on and self._is_ending()):
                raise TimeoutError(f"The broker has not confirmed {len(self._open)} messages.")
        refused, self._refused = self._refused, 0
        return refused

    def release(self) -> None:
        """Close the whole connection, without a word where the broker would not hear it."""
        self._blockage.release()

    def _cork(self, corked: bool) -> None:
        """Let the kernel join small messages into full packets until all are sent: each packet of
        its own would wake the broker, and cost both sides more than the message in it."""
        if _TCP_CORK is not None:
            self.channel.connection.sock.setsockopt(socket.IPPROTO_TCP, _TCP_CORK, int(corked))

    def _when_acked(self, tag: int, multiple: bool) -> None:
        for known in self._upto(tag) if multiple else [tag]:
            self._open.pop(known, None)

    def _when_nacked(self, tag: int, multiple: bool) -> None:
        numbers = self._upto(tag) if multiple else [tag]
        self._refused += len(numbers)
        self._when_acked(tag, multiple)

    def _upto(self, tag: int) -> list[int]:
        """The open tags up to this one. They are kept in the order in which they were given."""
        found = []
        for known in self._open:
            if known > tag:
                break
            found.append(known)
        return found
