"""A green thread that works over a connection of its own, from a container's start to its end."""

from __future__ import annotations

from typing import Any

import eventlet
import structlog
from nameko.extensions import DependencyProvider

from grant_bus.nameko.commits import PROCESS, CommitQueue, Process
from grant_bus.pauses import Pauses
from grant_bus.rabbit import connect, is_passing
from grant_bus.rabbit_hearing import release

_log = structlog.get_logger()


class Loop(DependencyProvider):
    """Where broker or database are away, it starts again after a pause over a new connection.

    What no retry helps ends the container, and with it the process.
    """

    commits = CommitQueue()
    doing = "working"

    def process(self) -> Process:
        process: Process = self.container.config[PROCESS]
        return process

    def start(self) -> None:
        self.is_ending = False
        self.pauses = Pauses()
        self._thread = self.container.spawn_managed_thread(self._run, identifier=self.doing)

    def stop(self) -> None:
        """Returns when what was begun is committed, and acknowledged if the broker listens."""
        self.is_ending = True
        self._thread.wait()

    def has_work(self) -> bool:
        return True

    def work(self, connection: Any) -> None:
        """Work over this connection until `is_ending`; reset `pauses` whenever it got on.

        It is closed afterwards: what was not acknowledged goes to the next consumer.
        """
        raise NotImplementedError

    def _run(self) -> None:
        while not self.is_ending and self.has_work():
            try:
                self._work_over_one_connection()
            except Exception as error:
                if not is_passing(error):
                    raise
                pause = self.pauses.next()
                _log.warning(f"{self.doing} again later", pause_seconds=pause, error=str(error))
                eventlet.sleep(pause)

    def _work_over_one_connection(self) -> None:
        connection = connect(self.process().amqp_url)
        try:
            self.work(connection)
        finally:
            release(connection)
