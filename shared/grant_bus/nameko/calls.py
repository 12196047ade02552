"""RPC as this system wants it: one active consumer, and a reply that cannot be sent is no death."""

from __future__ import annotations

from typing import Any

import structlog
from nameko.rpc import Rpc, RpcConsumer

from grant_bus.rabbit import PASSING, rpc_queue

_log = structlog.get_logger()


class SingleActiveConsumer(RpcConsumer):
    """nameko's RPC queue, but replicas stand by: two of them must not write one store."""

    queue: Any

    def setup(self) -> None:
        if self.queue is None:
            self.queue = rpc_queue(self.container.service_name)
            self.queue_consumer.register_provider(self)


class Call(Rpc):
    """An RPC method.

    A call whose reply was lost with the connection comes again from the broker; a command gets
    its recorded outcome then, so it is not done twice.
    """

    rpc_consumer = SingleActiveConsumer()

    def handle_result(self, message: Any, worker_ctx: Any, result: Any, exc_info: Any) -> Any:
        try:
            return super().handle_result(message, worker_ctx, result, exc_info)
        except PASSING as error:
            _log.warning("reply not sent", method=self.method_name, error=str(error))
            return result, exc_info


call = Call.decorator
