"""The follower keeps one service up with one upstream: nothing lost, nothing twice, in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count, takewhile

from grant_bus.feed import Announcement, tracked_at
from grant_bus.transport import ResendRequests
from grant_bus.writer import CannotApply, Writer
from grant_contracts.envelope import CloudEvent
from grant_store.errors import TrackingConflict


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
        self._asked_after: int | None = None

    @property
    def position(self) -> int:
        return self._tracked.position

    def receive(self, events: Sequence[CloudEvent]) -> int:
        """Apply what is new in these events, whatever their order. Returns how many were.

        A gap applies nothing beyond it and asks the upstream's relay to send again from there. So
        do events that do not begin with the one that was followed last, as every message does. A
        service whose own history is broken applies nothing; what comes later shows the gap.
        """
        if self._writer.broken_history() is not None:
            return 0
        self._check_known(events)
        new = self._by_position(events)
        following = _without_gap(new, self.position) if self._continues(events) else []
        if following and not self._applied(following):
            return self.receive(events)
        if len(following) < len(new) and self._asked_after != self.position:
            # Once per gap: each of the events behind it would ask, and each answer is long.
            self._ask()
        return len(following)

    def hear(self, announcement: Announcement) -> None:
        """Compare the upstream's head with what was followed; ask for what is missing.

        A head behind us may be an old announcement that comes late. So the upstream is asked, and
        only a head that it tells in answer proves that what was followed is no longer there.
        """
        if self._writer.broken_history() is not None:
            return
        self._refresh()  # Somebody may have begun the read model anew.
        if announcement.position == self.position:
            self._compare(announcement.position, announcement.leaf_hash)
        elif self._proves_a_loss(announcement):
            raise UpstreamChanged(
                f"{self.upstream} announces its head at {announcement.position}, "
                f"but {self.name} has followed it to {self.position}."
            )
        else:
            self._ask_with_patience()

    def _proves_a_loss(self, heard: Announcement) -> bool:
        """True even of an answer that comes late: the ledger had been longer when we asked."""
        return heard.asked_by == self.name and heard.position < heard.asked_after <= self.position

    def _applied(self, events: Sequence[CloudEvent]) -> bool:
        """False where another process of this service was first, or has begun the read model anew:
        then look again at what is new."""
        before = self.position
        try:
            self._writer.follow(self.upstream, events)
        except TrackingConflict:
            self._refresh()
            if self.position == before:
                raise
            return False
        except CannotApply:
            self._refresh()
            raise
        self._tracked = tracked_at(events[-1])
        return True

    def _refresh(self) -> None:
        self._tracked = self._writer.store.tracked(self.upstream)

    def _by_position(self, events: Sequence[CloudEvent]) -> dict[int, CloudEvent]:
        """The events that were not yet followed, each once."""
        new: dict[int, CloudEvent] = {}
        for event in events:
            if event.at > self.position and new.setdefault(event.at, event).id != event.id:
                raise UpstreamChanged(f"{self.upstream} sends two events at {event.position}.")
        return new

    def _check_known(self, events: Sequence[CloudEvent]) -> None:
        for event in events:
            if event.origin != self.upstream:
                raise UpstreamChanged(f"{self.name} follows {self.upstream}, not {event.origin}.")
            if event.at == self.position:
                self._compare(event.at, event.leafhash)

    def _continues(self, events: Sequence[CloudEvent]) -> bool:
        """Whether the event that was followed last is among these, and was compared. Without it
        they may be of another history: the message that had shown it was lost, or went with the
        process that stopped at it."""
        return self.position == 0 or any(event.at == self.position for event in events)

    def _compare(self, position: int, leaf_hash: str) -> None:
        if leaf_hash != self._tracked.leaf_hash.hex():
            raise UpstreamChanged(
                f"{self.upstream} has another event at {position} "
                f"than the one that {self.name} has followed."
            )

    def _ask_with_patience(self) -> None:
        """At every second announcement without progress: the answer may still be under way."""
        if self._asked_after == self.position:
            self._asked_after = None
        else:
            self._ask()

    def _ask(self) -> None:
        self._asked_after = self.position
        self._requests.ask_resend(self.upstream, self.name, self.position)


def _without_gap(events: Mapping[int, CloudEvent], position: int) -> list[CloudEvent]:
    """Those that follow `position` one by one."""
    return [events[at] for at in takewhile(events.__contains__, count(position + 1))]
