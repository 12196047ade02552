"""Whether a process of the distributed run is well: it is asked over the broker, as others ask it.

A service answers its RPC method `head`, a relay a request at its resend queue. Either answer comes
through the broker, the process and its database, so that all three are proved by one question.
"""

from __future__ import annotations

from grant_bus.rabbit import PASSING
from grant_bus.rabbit_relay import ask_head
from grant_bus.rabbit_rpc import NoAnswer, RpcClient, ServiceFailed
from pruefpfad.processes.configuration import Configuration

TIMEOUT_SECONDS = 5.0


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
