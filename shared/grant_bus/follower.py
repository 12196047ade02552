"""The follower keeps one service up with one upstream: nothing lost, nothing twice, in order."""

from __future__ import annotations

from collections.abc import Sequence

from grant_bus.feed import Announcement
from grant_bus.transport import ResendRequests
from grant_bus.writer import Writer
from grant_contracts.envelope import CloudEvent


class UpstreamChanged(Exception):
    """The upstream is not the one that was followed: restored from a backup, or another one.

    The follower stops. Going on would build new decisions on a history that is no longer there.
    """


class Follower:
    """Applies the events of `upstream` through the service's one writer."""

    def __init__(self, upstream: str, writer: Writer, requests: ResendRequests) -> None:
        self.name = writer.store.service
        self.upstream = upstream
        self._writer = writer
        self._requests = requests
        self._tracked = writer.store.tracked(upstream)

    @property
    def position(self) -> int:
        return self._tracked.position

    def receive(self, events: Sequence[CloudEvent]) -> int:
        """Apply what is new in these events, given in order of position. Returns how many were.

        A gap applies nothing beyond it and asks the upstream's relay to send again from there.
        """
        self._check_known(events)
        new = [event for event in events if event.at > self.position]
        following = [event for at, event in enumerate(new, self.position + 1) if event.at == at]
        if following:
            self._writer.follow(self.upstream, following)
            self._tracked = self._writer.store.tracked(self.upstream)
        if len(following) < len(new):
            self._ask()
        return len(following)

    def hear(self, announcement: Announcement) -> None:
        """Compare the upstream's head with what was followed; ask for what is missing."""
        if announcement.position > self.position:
            self._ask()
        elif announcement.position < self.position:
            raise UpstreamChanged(
                f"{self.upstream} announces its head at {announcement.position}, "
                f"but {self.name} has followed it to {self.position}."
            )
        else:
            self._compare(announcement.position, announcement.leaf_hash)

    def _check_known(self, events: Sequence[CloudEvent]) -> None:
        for event in events:
            if event.origin != self.upstream:
                raise UpstreamChanged(f"{self.name} follows {self.upstream}, not {event.origin}.")
            if event.at == self.position:
                self._compare(event.at, event.leafhash)

    def _compare(self, position: int, leaf_hash: str) -> None:
        if leaf_hash != self._tracked.leaf_hash.hex():
            raise UpstreamChanged(
                f"{self.upstream} has another event at {position} "
                f"than the one that {self.name} has followed."
            )

    def _ask(self) -> None:
        self._requests.ask_resend(self.upstream, self.name, self.position)
