"""How far each follower is behind each upstream, read from the stores as they stand.

It asks no service: what is told here is also true of services that do not run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from grant_bus.parked import parked_events
from grant_store.store import Store
from pruefpfad.assembly import SERVICES


@dataclass(frozen=True)
class FeedStatus:
    """One follower and one upstream. `lag_seconds` is the age of the oldest event not followed.

    A position beyond the head means that the upstream was restored from an older backup.
    """

    follower: str
    upstream: str
    position: int
    head: int
    lag_seconds: float
    parked: int

    @property
    def lag_events(self) -> int:
        return self.head - self.position


def feed_status(stores: Mapping[str, Store], now: datetime) -> list[FeedStatus]:
    """Every follower with each of its upstreams, by name. `stores` are those of all services."""
    return [
        status
        for name, store in sorted(stores.items())
        for status in _of_follower(store, SERVICES[name].policies.upstreams, stores, now)
    ]


def _of_follower(
    store: Store, upstreams: Sequence[str], stores: Mapping[str, Store], now: datetime
) -> Iterator[FeedStatus]:
    parked = Counter(each.cloud_event.origin for each in parked_events(store))
    for name in sorted(upstreams):
        upstream = stores[name]
        position = store.tracked(upstream.origin).position
        missing = upstream.events_after(position, 1)
        age = (now - missing[0].recorded_at).total_seconds() if missing else 0.0
        yield FeedStatus(
            follower=store.service,
            upstream=upstream.origin,
            position=position,
            head=upstream.head().position,
            lag_seconds=max(age, 0.0),
            parked=parked[upstream.origin],
        )
