"""Exchanges and queues that belong to no process alone. A deployment has them made beforehand.

Whoever may declare a thing may also delete it. So a process looks first, and declares only where
nothing is: then none but an administrator needs the right to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import kombu
from amqp.exceptions import AccessRefused, NotFound

_library: Any = kombu


class SharedExchange(_library.Exchange):
    """An exchange that is declared where it is missing, and otherwise left as it is."""

    def declare(
        self, nowait: bool = False, passive: bool | None = None, channel: Any = None
    ) -> Any:
        declare, channel = super().declare, channel or self.channel
        if not _is_there(channel, lambda looking: declare(passive=True, channel=looking)):
            declare(nowait=nowait, passive=False, channel=channel)


class SharedQueue(_library.Queue):
    """A queue that is declared and bound where it is missing, and otherwise left as it is."""

    def declare(self, nowait: bool = False, channel: Any = None) -> str:
        channel = channel or self.channel
        if not _is_there(channel, lambda looking: looking.queue_declare(self.name, passive=True)):
            super().declare(nowait=nowait, channel=channel)
        return str(self.name)


def _is_there(channel: Any, look: Callable[[Any], object]) -> bool:
    """Look over another channel, because the broker closes the one that asked in vain."""
    looking = channel.connection.channel()
    try:
        look(looking)
    except NotFound:
        return False
    except AccessRefused:
        # RabbitMQ 4.2.6 and later tell nobody whether a thing is there that they have no right to:
        # where rights are given, everything has been made.
        return True
    looking.close()
    return True
