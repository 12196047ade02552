"""Runs one service's container in this process until it is asked to end or cannot go on."""

from __future__ import annotations

import signal
from types import FrameType

import eventlet
import structlog
from nameko.constants import AMQP_URI_CONFIG_KEY, HEARTBEAT_CONFIG_KEY, MAX_WORKERS_CONFIG_KEY
from nameko.containers import ServiceContainer

from grant_bus.nameko.commits import COMMANDS_PER_BATCH, PROCESS, Process
from grant_bus.rabbit import HEARTBEAT_SECONDS

_log = structlog.get_logger()


def run(service_class: type, process: Process) -> None:
    """Returns after SIGTERM or SIGINT, when all that was begun is finished.

    Raises what stopped the service: `CannotApply` or `UpstreamChanged` before all.
    """
    container = ServiceContainer(
        service_class,
        {
            AMQP_URI_CONFIG_KEY: process.amqp_url,
            HEARTBEAT_CONFIG_KEY: HEARTBEAT_SECONDS,
            # As many commands can wait for the writer as it commits at once.
            MAX_WORKERS_CONFIG_KEY: COMMANDS_PER_BATCH,
            PROCESS: process,
        },
    )
    _end_on_signals(container)
    container.start()
    _log.info("serving", service=container.service_name)
    container.wait()
    _log.info("ended", service=container.service_name)


def _end_on_signals(container: ServiceContainer) -> None:
    def end(number: int, frame: FrameType | None) -> None:
        # A signal arrives in the hub itself, which must not wait for anything.
        eventlet.spawn_n(container.stop)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
