"""Runs the relay of one service as a process: plain kombu, neither nameko nor eventlet."""

from __future__ import annotations

import sys
import time
from threading import Event

import structlog

from grant_bus import rabbit_relay
from grant_bus.pauses import Pauses
from grant_bus.rabbit import connect, is_passing
from grant_bus.rabbit_relay import RabbitRelay
from grant_store.opening import open_store
from grant_store.store import Leadership, Store
from pruefpfad.processes import logs
from pruefpfad.processes.configuration import FOR_RELAY, Configuration, Misconfigured, read
from pruefpfad.processes.leading import ending_on_signals, stand_by
from pruefpfad.processes.memory import look_for_garbage_seldom

_log = structlog.get_logger()


def relay(service: str, configuration: Configuration) -> int:
    """Relay until SIGTERM; returns the exit code: 0 after an orderly end, 1 if it had to stop.

    One process leads per store; another one stands by until the leadership is free.
    """
    look_for_garbage_seldom()
    logs.configure(configuration.log_level, service=service, role="relay")
    ending = ending_on_signals()
    store = open_store(configuration.database_url, service, configuration.lane)
    try:
        _relay(store, configuration.amqp_url, ending)
    except Exception as error:  # noqa: BLE001 - the process ends and says why.
        _log.critical("the relay stops", exc_info=error)
        return 1
    finally:
        store.close()
    _log.info("ended")
    return 0


def _relay(store: Store, amqp_url: str, ending: Event) -> None:
    pauses = Pauses()
    while not ending.is_set():
        started_at = time.monotonic()
        try:
            _relay_while_leading(store, amqp_url, ending)
        except Exception as error:
            if not is_passing(error):
                raise
            if time.monotonic() - started_at > 10:
                pauses.reset()
            pause = pauses.next()
            _log.warning("relaying again later", pause_seconds=pause, error=str(error))
            ending.wait(pause)


def _relay_while_leading(store: Store, amqp_url: str, ending: Event) -> None:
    leadership = stand_by(store.lead, "relays", ending)
    if leadership is None:
        return
    try:
        _relay_over_one_connection(store, amqp_url, leadership, ending)
    finally:
        leadership.end()


def _relay_over_one_connection(
    store: Store, amqp_url: str, leadership: Leadership, ending: Event
) -> None:
    connection = connect(amqp_url)
    try:
        # Made now, because the leader before may have come further than when we began to wait.
        relay = RabbitRelay(store, connection, is_ending=ending.is_set)
    except BaseException:
        connection.release()
        raise
    try:
        _log.info("relaying", after_position=store.relayed())
        rabbit_relay.run(relay, leadership, ending.is_set)
    finally:
        relay.release()


def main(arguments: list[str]) -> int:
    try:
        return relay(arguments[0], read(FOR_RELAY))
    except Misconfigured as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
