"""What each user of the broker may do: regular expressions for the names of queues and exchanges,
and for the routing keys on topic exchanges.

A service and its relay are users of their own. What a user cannot do is not left to its program.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from grant_bus.rabbit import COMMANDS, DEAD_COMMANDS, EVENTS, FEED, QUERIES, RESEND, RPC

LANE = "[a-z][a-z0-9]*"
NAME = "[a-z][a-z0-9]*"
UUID = "[0-9a-f-]{36}"
NOTHING = "^$"

# Answers to commands go straight to the queue that the sender named. RabbitMQ knows the default
# exchange by this name, and no finer right than all of it.
DEFAULT_EXCHANGE = "amq.default"


class Keys(NamedTuple):
    """The routing keys that a user may publish with, and those it may bind its queues to."""

    write: str = NOTHING
    read: str = NOTHING


class Rights(NamedTuple):
    """One user's rights. `topics` holds its `Keys` by the name of the exchange."""

    configure: str
    write: str
    read: str
    topics: Mapping[str, Keys]


def relay_user(service: str) -> str:
    """ "intake-relay" for the relay of "intake", which is a user itself."""
    return f"{service}-relay"


def service_rights(service: str, upstreams: Sequence[str]) -> Rights:
    """Its own queues; replies and answers; requests to those it follows. No facts in any name."""
    queues = [
        f"rpc-{service}",
        rf"rpc\.reply-{UUID}",
        rf"feed\.{service}\.{NAME}\.{LANE}",
        rf"commands\.{service}\.{LANE}",
        rf"queries\.{service}\.{LANE}",
    ]
    written = [*_exchanges(RPC, RESEND, DEAD_COMMANDS), _quoted(DEFAULT_EXCHANGE)]
    return Rights(
        configure=_any_of(queues),
        write=_any_of([*queues, *written]),
        read=_any_of([*queues, *_exchanges(RPC, FEED, COMMANDS, QUERIES)]),
        topics=_service_topics(service, upstreams),
    )


def _service_topics(service: str, upstreams: Sequence[str]) -> dict[str, Keys]:
    followed = "|".join(sorted(upstreams))
    own = rf"^{service}\.{LANE}\.\*$"
    return {
        # It answers callers, and asks only itself: that is its health check.
        RPC.name: Keys(
            write=_any_of([rf"{service}\.[a-z_]+", UUID]), read=_any_of([rf"{service}\.\*", UUID])
        ),
        # To those it follows it writes requests, to its own relay prompts.
        RESEND.name: Keys(write=rf"^({'|'.join(sorted({service, *upstreams}))})\.{LANE}$"),
        FEED.name: Keys(read=rf"^({followed})\.{LANE}(\.{service})?$" if upstreams else NOTHING),
        COMMANDS.name: Keys(read=own),
        QUERIES.name: Keys(read=own),
        DEAD_COMMANDS.name: Keys(),
    }


def relay_rights(service: str) -> Rights:
    """Facts in its own service's name only, and the questions to it."""
    queues = [rf"resend\.{service}\.{LANE}", rf"head\.{UUID}"]
    asked = _any_of([rf"{service}\.{LANE}", rf"head\.{UUID}"])
    return Rights(
        configure=_any_of(queues),
        write=_any_of([*queues, *_exchanges(FEED, RESEND, EVENTS)]),
        read=_any_of([*queues, *_exchanges(RESEND)]),
        topics={
            FEED.name: Keys(write=rf"^{service}\.{LANE}(\.{NAME})?$"),
            EVENTS.name: Keys(write=rf"^{service}\.[A-Za-z]+$"),
            RESEND.name: Keys(write=asked, read=asked),
        },
    )


def operator_rights() -> Rights:
    """The operators' tool and the office's own programs. A call may ask without a token."""
    queues = [rf"rpc\.reply-{UUID}"]
    return Rights(
        configure=_any_of(queues),
        write=_any_of([*queues, *_exchanges(RPC)]),
        read=_any_of([*queues, *_exchanges(RPC)]),
        topics={RPC.name: Keys(write=rf"^{NAME}\.[a-z_]+$", read=rf"^{UUID}$")},
    )


def sender_rights() -> Rights:
    """Whoever sends commands and asks questions, such as a portal: each with an actor's token."""
    queues = [r"reply\..+", r"amq\.gen-.+"]
    return Rights(
        configure=_any_of(queues),
        write=_any_of([*queues, *_exchanges(COMMANDS, QUERIES)]),
        read=_any_of(queues),
        topics={
            COMMANDS.name: Keys(write=rf"^{NAME}\.{LANE}\.[a-z_]+$"),
            QUERIES.name: Keys(write=rf"^{NAME}\.{LANE}\.[a-z_]+$"),
        },
    )


def _exchanges(*exchanges: Any) -> list[str]:
    return [_quoted(exchange.name) for exchange in exchanges]


def _quoted(name: str) -> str:
    """The name as an expression that matches nothing else; points are all that is special in it."""
    return name.replace(".", r"\.")


def _any_of(patterns: Sequence[str]) -> str:
    return f"^({'|'.join(patterns)})$"
