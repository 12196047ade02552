"""The message bus inside one process: deterministic, for the embedded run and for tests."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import chain

import structlog

from grant_bus.feed import Announcement, unpack
from grant_bus.follower import Follower, UpstreamChanged
from grant_bus.relay import EVENTS_PER_ROUND, Relay
from grant_contracts.envelope import CloudEvent

MESSAGES_PER_TURN = 20
ANNOUNCEMENTS_UNTIL_ASKED = 2
"""A follower that has asked already waits for one announcement before it asks again."""
MOST_TURNS = 20_000
"""A turn brings a follower a thousand events at most: more turns than this are no backlog."""

_log = structlog.get_logger()


class NeverQuiet(RuntimeError):
    """The bus turns and turns: what services send each other has no end, or leads nowhere."""


class InProcessBus:
    """Connects relays and followers by queues in memory. What is lost with them is sent again.

    A service one of whose upstreams is not the one that it had followed stands still: it follows
    nothing more, of no upstream, as its process would end. The others go on.
    """

    def __init__(self) -> None:
        self.stopped: dict[str, str] = {}
        """The services that stand still, and what is wrong with their upstream."""
        self._relays: dict[str, Relay] = {}
        self._followers: dict[str, list[Follower]] = defaultdict(list)
        self._queues: dict[tuple[str, str], deque[bytes]] = defaultdict(deque)
        self._announcements: deque[Announcement] = deque()
        self._requests: dict[tuple[str, str], int] = {}

    def attach_relay(self, relay: Relay) -> None:
        self._relays[relay.store.origin] = relay

    def attach_follower(self, follower: Follower) -> None:
        self._followers[follower.upstream].append(follower)

    def detach(self, service: str) -> None:
        """A service is gone, with its relay and followers; what was on the way to it waits."""
        self.resume(service)
        for origin in [each for each in self._relays if each.partition("/")[0] == service]:
            del self._relays[origin]
        for followers in self._followers.values():
            followers[:] = [follower for follower in followers if follower.name != service]

    def resume(self, service: str) -> None:
        """Let a service that stands still follow again, as if it were started anew. It stops again
        unless its upstream, or what it has followed, is another one by now."""
        self.stopped.pop(service, None)

    @property
    def relays(self) -> tuple[Relay, ...]:
        return tuple(self._relays.values())

    def publish(self, origin: str, bodies: Sequence[bytes]) -> None:
        for follower in self._followers[origin]:
            self._queues[origin, follower.name].extend(bodies)

    def publish_single(self, origin: str, events: Sequence[tuple[str, bytes]]) -> None:
        """Nobody listens for single events inside the process."""

    def announce(self, announcement: Announcement) -> None:
        self._announcements.append(announcement)

    def resend(self, origin: str, follower: str, bodies: Sequence[bytes]) -> None:
        self._queues[origin, follower].extend(bodies)

    def ask_resend(self, upstream: str, follower: str, after_position: int) -> None:
        self._requests[upstream, follower] = after_position

    def wipe(self) -> None:
        """Lose every message under way, as a broker that is wiped would."""
        self._queues.clear()
        self._announcements.clear()
        self._requests.clear()

    def settle(self) -> None:
        """Let everything that is recorded reach everyone, until nothing moves any more.

        Raises `NeverQuiet` rather than hang where something always moves.
        """
        self._turn_until_quiet()
        for _ in range(ANNOUNCEMENTS_UNTIL_ASKED):
            self.announce_heads()
            self._turn_until_quiet()

    def announce_heads(self) -> None:
        for relay in self._relays.values():
            relay.announce()

    def _turn_until_quiet(self) -> None:
        for _ in range(MOST_TURNS):
            if not self.turn():
                return
        raise NeverQuiet(
            f"After {MOST_TURNS} turns something still moves. Messages wait at {self._waiting()}."
        )

    def _waiting(self) -> str:
        """Whose queue holds how much, and what is asked for: where to look for the circle."""
        queues = [
            f"{follower} from {origin}: {len(queue)}"
            for (origin, follower), queue in self._queues.items()
            if queue
        ]
        asked = [f"{follower} asks {upstream}" for upstream, follower in self._requests]
        return ", ".join(queues + asked) or "no queue"

    def turn(self) -> int:
        """One round of relaying and delivering. Returns how much moved."""
        moved = sum(relay.pump() for relay in self._relays.values())
        moved += self._deliver_announcements()
        moved += self._serve_requests()
        return moved + sum(
            self._deliver(follower) for follower in chain.from_iterable(self._followers.values())
        )

    def _deliver(self, follower: Follower) -> int:
        queue = self._queues[follower.upstream, follower.name]
        bodies = [queue.popleft() for _ in range(min(len(queue), MESSAGES_PER_TURN))]
        if bodies and follower.name not in self.stopped:
            with self._stopping(follower):
                follower.receive([event for body in bodies for event in _unpacked(body)])
        return len(bodies)

    def _deliver_announcements(self) -> int:
        count = len(self._announcements)
        for _ in range(count):
            announcement = self._announcements.popleft()
            for follower in self._followers[announcement.origin]:
                if follower.name not in self.stopped:
                    with self._stopping(follower):
                        follower.hear(announcement)
        return count

    @contextmanager
    def _stopping(self, follower: Follower) -> Iterator[None]:
        """The service of this follower stands still from where its upstream has changed."""
        try:
            yield
        except UpstreamChanged as changed:
            self.stopped[follower.name] = str(changed)
            _log.critical(
                "an upstream is not the one that was followed",
                service=follower.name,
                why=str(changed),
            )

    def _serve_requests(self) -> int:
        requests, self._requests = self._requests, {}
        for (upstream, follower), after_position in requests.items():
            relay = self._relays.get(upstream)
            if relay is None:
                continue  # A lost request is made again at one of the next announcements.
            if relay.resend(follower, after_position) == EVENTS_PER_ROUND:
                # There is more: the head, heard after this round, makes the follower ask on.
                relay.announce()
        return len(requests)


@lru_cache(maxsize=2 * MESSAGES_PER_TURN)
def _unpacked(body: bytes) -> tuple[CloudEvent, ...]:
    """The events of a body. All followers of an origin get the same body, and decode it once."""
    return tuple(unpack(body))
