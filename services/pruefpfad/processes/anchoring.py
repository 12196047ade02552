"""The checkpointer's anchoring over the broker, where it is told one and an operator's token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from grant_contracts.answers import Answer
from grant_store.log.proving import ProvingLog
from grant_store.log.store import LedgerView, LogStore
from pruefpfad.anchoring import Anchoring, NotGiven
from pruefpfad.processes.configuration import Configuration

PATIENCE_SECONDS = 5.0
"""The next head must not wait long for an answer about the last one."""


def nothing_to_anchor() -> None:
    """What is done at each turn without a broker."""


def anchoring_of(
    log: LogStore, ledger: LedgerView, configuration: Configuration
) -> Callable[[], object]:
    """What the checkpointer calls at each of its turns."""
    if not configuration.anchor_amqp_url:
        return nothing_to_anchor

    def ask(message: dict[str, Any]) -> Answer:
        # Only here: a checkpointer without anchors speaks to no broker.
        from grant_bus.rabbit import FAILING
        from grant_bus.rabbit_rpc import NoAnswer, RpcClient, ServiceFailed

        try:
            with RpcClient(configuration.anchor_amqp_url, PATIENCE_SECONDS) as client:
                return msgspec.convert(client.command(message), Answer)
        except (NoAnswer, ServiceFailed, *FAILING) as error:
            raise NotGiven(f"{type(error).__name__}: {error}") from error

    proving = ProvingLog(log, ledger)
    token, seconds = configuration.anchor_token, configuration.anchor_seconds
    return Anchoring(proving, ask, token, seconds).anchor_if_due
