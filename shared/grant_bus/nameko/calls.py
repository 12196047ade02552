"""RPC as this system wants it: one active consumer, and no death over a message that is no call or
cannot be read, or over a reply that cannot be sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from nameko.messaging import QueueConsumer
from nameko.rpc import Rpc, RpcConsumer

from grant_bus.nameko.replies import Replies, ReplyGivenUp
from grant_bus.rabbit import JSON, PASSING, rpc_queue
from grant_bus.rabbit_hearing import lay_unreadable_aside

_log = structlog.get_logger()


class LayingUnreadableAside(QueueConsumer):
    """nameko's consumer, which connects anew after a message that its library cannot read. Without
    this the message would come again, to this process and to each after it."""

    def get_consumers(self, consumer_cls: Any, channel: Any) -> Any:
        """The library calls this for each new connection, before anything is taken from it."""
        lay_unreadable_aside(channel.connection)
        return super().get_consumers(consumer_cls, channel)


class SingleActiveConsumer(RpcConsumer):
    """nameko's RPC queue, but replicas stand by: two of them must not write one store."""

    queue_consumer = LayingUnreadableAside()
    queue: Any

    def setup(self) -> None:
        if self.queue is None:
            self._replies = Replies()
            self.queue = rpc_queue(self.container.service_name)
            self.queue_consumer.register_provider(self)

    def handle_message(self, body: Any, message: Any) -> None:
        """Drop what nameko would end the process over; the broker would give it to the next one,
        and that one would end as well."""
        if not _is_a_call(body, message):
            _log.error("a message that is no call was dropped", **message.delivery_info)
            self.queue_consumer.ack_message(message)
            return
        super().handle_message(body, message)

    def handle_result(self, message: Any, result: Any, exc_info: Any) -> Any:
        """A reply that cannot be sent ends nothing, whether it is an answer or a complaint."""
        reply = super().handle_result
        try:
            return self._replies.deliver(lambda: reply(message, result, exc_info))
        except (*PASSING, ReplyGivenUp) as error:
            method = message.delivery_info["routing_key"]
            _log.warning("reply not sent", method=method, error=str(error))
            return result, exc_info

    def unregister_provider(self, provider: Any) -> None:
        """The container asks for the end: returns when no more calls are taken."""
        self._replies.end()
        super().unregister_provider(provider)


class Call(Rpc):
    """An RPC method.

    A call whose reply was lost with the connection comes again from the broker; a command gets
    its recorded outcome then, so it is not done twice.
    """

    rpc_consumer = SingleActiveConsumer()


def _is_a_call(body: object, message: Any) -> bool:
    return (
        isinstance(body, Mapping)
        and isinstance(body.get("args"), list)
        and isinstance(body.get("kwargs"), Mapping)
        and message.properties.get("content_type") == JSON
        and bool(message.properties.get("reply_to"))
    )


call = Call.decorator
