"""What must be true of ledgers, relays and followers, whatever the events mean."""

from __future__ import annotations

from grant_bus.parked import parked_events
from pruefpfad.assembly import SERVICES
from simulation.fragile import FragileBus
from simulation.ledgers import Evidence, need
from simulation.rooms import LANE
from simulation.world import leaves_of


def nobody_has_stopped(found: Evidence) -> None:
    need(not found.world.stopped, f"followers stopped: {found.world.stopped}")


def followers_are_at_the_heads(found: Evidence) -> None:
    """Position and leaf: of another history at the same position a follower knows nothing."""
    world = found.world
    for name, room in world.rooms.items():
        for follower in room.process.followers:
            if (name, follower.upstream) in world.stopped:
                continue
            upstream = follower.upstream.partition("/")[0]
            head, tracked = (
                world.rooms[upstream].store.head(),
                room.store.tracked(follower.upstream),
            )
            is_there = (tracked.position, tracked.leaf_hash) == tuple(head)
            need(is_there, f"{name} has {upstream} to {tracked.position} of {head.position}")


def nothing_is_parked(found: Evidence) -> None:
    """Every policy is right whichever upstream comes first, so that no event has to wait."""
    for name, room in found.world.rooms.items():
        parked = parked_events(room.store)
        need(not parked, f"{name} has parked {parked}")


def positions_and_instants_are_in_order(found: Evidence) -> None:
    for name in SERVICES:
        rows = found.world.ledger(name)
        need([row.position for row in rows] == list(range(1, len(rows) + 1)), f"{name} has holes")
        instants = [row.recorded_at for row in rows]
        need(instants == sorted(instants), f"{name} has recorded backwards in time")


def every_event_was_told_in_order(found: Evidence) -> None:
    """A relay may repeat what it tells singly, and never skips. Nobody would ask for it again."""
    bus = found.world.bus
    if not isinstance(bus, FragileBus):
        return
    for name in SERVICES:
        told = list(dict.fromkeys(bus.told[f"{name}/{LANE}"]))
        head = len(found.ledgers[name])
        need(told == list(range(1, head + 1)), f"{name}/{head} was told as {told}")


def events_of_a_case_are_followed_in_order(found: Evidence) -> None:
    """What is parked waits with all that comes after it in the case."""
    for name, ledger in found.ledgers.items():
        last: dict[tuple[str, str], int] = {}
        for event in ledger:
            if event.followed and event.case_id:
                origin, position = event.followed
                before = last.setdefault((event.case_id, origin), position)
                need(before <= position, f"{name}/{event.position} follows {event.cause} too late")
                last[event.case_id, origin] = position


def a_restored_upstream_is_noticed(found: Evidence) -> None:
    """Whoever had followed what is gone has stopped, and nobody has mixed two histories."""
    world, restores = found.world, found.plan.restores
    upstream, present = f"{restores}/{LANE}", leaves_of(world, restores)
    for (service, followed_upstream), track in world.tracks.items():
        if followed_upstream != upstream:
            continue
        track.forget_beyond(world.rooms[service].store.tracked(upstream).position)
        if all(present.get(at) == leaf for at, leaf in track.leaves.items()):
            # Old messages may still have shown it that there are two histories.
            is_calm = "CannotApply" not in track.stopped
            need(is_calm, f"{service} stopped at {upstream}: {track.stopped}")
            continue
        is_old = all(world.lost.get(at) == leaf for at, leaf in track.leaves.items())
        need(is_old, f"{service} follows two histories of {upstream}")
        has_noticed = "UpstreamChanged" in track.stopped
        need(has_noticed, f"{service} did not notice the other {upstream}: {track.stopped}")
