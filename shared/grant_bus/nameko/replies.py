"""Replies on their way to the broker: how long one is waited for when its service is to end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import eventlet
from eventlet.event import Event

REPLY_SECONDS = 5.0
"""After the end was asked for. A broker that is short of memory may take nothing for hours."""


class ReplyGivenUp(Exception):
    """The broker did not take a reply before the end. The call comes again, to the next process."""


class Replies:
    """The replies of one container. Each is sent by a green thread of its own, because the library
    under it waits for the broker even when it is told to stop waiting."""

    def __init__(self) -> None:
        self._under_way: set[Event] = set()
        self._is_ending = False

    def deliver(self, send: Callable[[], Any]) -> Any:
        """What `send` returns. While the service goes on, a broker that takes nothing is waited
        for; raises `ReplyGivenUp` when all is to end."""
        sent = Event()
        self._under_way.add(sent)
        eventlet.spawn_n(_send, send, sent)
        if self._is_ending:
            eventlet.spawn_after(REPLY_SECONDS, _give_up, sent)
        try:
            return sent.wait()
        finally:
            self._under_way.discard(sent)

    def end(self) -> None:
        """From now on no reply takes longer than that. May be called more than once."""
        if self._is_ending:
            return
        self._is_ending = True
        for sent in self._under_way:
            eventlet.spawn_after(REPLY_SECONDS, _give_up, sent)


def _send(send: Callable[[], Any], sent: Event) -> None:
    try:
        result = send()
    except Exception as error:  # noqa: BLE001 - raised again in the thread that waits for it.
        _settle(sent.send_exception, error, sent)
    else:
        _settle(sent.send, result, sent)


def _give_up(sent: Event) -> None:
    given_up = ReplyGivenUp("The broker does not take it, and all is to end.")
    _settle(sent.send_exception, given_up, sent)


def _settle(settle: Callable[[Any], object], outcome: Any, sent: Event) -> None:
    """Whichever comes first counts: that the reply is sent, or that it is given up."""
    if not sent.ready():
        settle(outcome)
