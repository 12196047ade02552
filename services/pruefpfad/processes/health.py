"""Whether a process of the distributed run is well: it is asked over the broker, as others ask it.

A service answers its RPC method `head`, a relay a request at its resend queue. Either answer comes
through the broker, the process and its database, so that all three are proved by one question. A
checkpointer has no broker: the heads that it has signed say how it is.
"""

from __future__ import annotations

from contextlib import closing
from datetime import datetime, timedelta

from grant_bus.rabbit import PASSING
from grant_bus.rabbit_relay import ask_head
from grant_bus.rabbit_rpc import NoAnswer, RpcClient, ServiceFailed
from grant_store.errors import StoreError
from grant_store.opening import open_ledger_view, open_log
from pruefpfad.processes.configuration import Configuration

TIMEOUT_SECONDS = 5.0
_LATE_BY = 3
_START_SECONDS = 30


def service_is_well(service: str, configuration: Configuration) -> bool:
    try:
        with RpcClient(configuration.amqp_url, TIMEOUT_SECONDS) as client:
            client.ask(service, "head")
    except (*PASSING, NoAnswer, ServiceFailed):
        return False
    return True


def relay_is_well(service: str, configuration: Configuration) -> bool:
    try:
        ask_head(configuration.amqp_url, f"{service}/{configuration.lane}", TIMEOUT_SECONDS)
    except PASSING:
        return False
    return True


def checkpointer_is_well(service: str, configuration: Configuration, now: datetime) -> bool:
    """Whether no event waits for its head for longer than a checkpointer takes, or a restart."""
    patience = timedelta(seconds=_LATE_BY * configuration.checkpoint_seconds + _START_SECONDS)
    url, lane = configuration.database_url, configuration.lane
    try:
        with (
            closing(open_log(url, service, lane)) as log,
            closing(open_ledger_view(url, service, lane)) as ledger,
        ):
            head = log.last_head()
            signed = head.size if head else 0
            if ledger.head().position < signed:
                return False
            waiting = ledger.events_after(signed, 1)
    except StoreError:
        return False
    return not waiting or now - waiting[0].recorded_at <= patience
