"""`pruefpfad feeds`: how far each service is with what it follows, and read models built anew."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from grant_values.invalid import Invalid
from pruefpfad.assembly import SERVICES
from pruefpfad.cli.installation import Installation, Signed, commands, reads
from pruefpfad.cli.output import json_option, need_recorded, say_json, say_table
from pruefpfad.embedded import EmbeddedSystem
from pruefpfad.feeds import FeedStatus, feed_status

POLL_SECONDS = 0.2
PATIENCE_SECONDS = 60.0


class StandsStill(Exception):
    """A read model is not whole yet, and for a while nothing has moved."""


@click.group(invoke_without_command=True, epilog="Example: pruefpfad --data var/demo feeds --json")
@json_option
@reads
def feeds(installation: Installation, as_json: bool) -> None:
    """Show position, head, lag and parked events of each follower and upstream."""
    if click.get_current_context().invoked_subcommand:
        return
    status = _status(installation)
    if as_json:
        say_json([{**asdict(each), "lag_events": each.lag_events} for each in status])
        return
    columns = ("follower", "upstream", "position", "head", "lag", "lag seconds", "parked")
    say_table("Feeds", columns, map(_cells, status))


@feeds.command(
    epilog="Example: pruefpfad --data var/demo feeds replay --follower audit --from 0"
    " --actor-token TOKEN"
)
@click.option("--follower", required=True, type=click.Choice(sorted(SERVICES)), help="A service.")
@click.option(
    "--from",
    "position",
    required=True,
    type=click.IntRange(min=0),
    help="0, the whole of every feed. A read model that began at a later position would lack"
    " what came before and not say so; any other value is therefore refused.",
)
@json_option
@commands
def replay(
    installation: Installation, signed: Signed, follower: str, position: int, as_json: bool
) -> None:
    """Drop a read model, what is parked of it too, and follow every feed again.

    Only for a service that has nothing but what it followed. Commands and questions go on
    meanwhile, and the answers to questions are incomplete until the end.
    """
    _need_read_model(follower)
    message = signed.message(f"{follower}.replay_feeds", from_position=position)
    if not installation.can_read:
        raise Invalid("database-url", "expected the stores, to see how far the replay has come")
    if installation.amqp_url:
        need_recorded(installation.ask(message), as_json=as_json)
        _show_progress(_polled(installation, follower))
        return
    with installation.embedded() as system:
        [answer] = system.send([message])
        need_recorded(answer, as_json=as_json)
        _show_progress(_turned(system, follower))


def _need_read_model(follower: str) -> None:
    if not SERVICES[follower].is_read_model:
        expected = ", ".join(name for name, each in SERVICES.items() if each.is_read_model)
        raise Invalid(
            "follower",
            f"expected a read model ({expected}): {follower} has decided on what it followed, its"
            " decisions stand in its ledger, and following again would decide twice",
        )


def _turned(system: EmbeddedSystem, follower: str) -> Iterator[list[FeedStatus]]:
    """How far a service in this process is after each turn of the bus, until nothing moves."""
    system.bus.resume(follower)  # What it had followed before is dropped, and compared no more.
    system.bus.announce_heads()
    while system.bus.turn():
        yield _own(feed_status(system.stores, _now()), follower)
    system.settle()
    if why := system.bus.stopped.get(follower):
        raise StandsStill(why)


def _polled(installation: Installation, follower: str) -> Iterator[list[FeedStatus]]:
    """How far the running service is, until it is at the heads."""
    before, moved_at = [-1], time.monotonic()
    while True:
        status = _own(_status(installation), follower)
        yield status
        if not any(each.lag_events for each in status):
            return
        positions = [each.position for each in status]
        if positions != before:
            before, moved_at = positions, time.monotonic()
        elif time.monotonic() - moved_at > PATIENCE_SECONDS:
            raise StandsStill(f"{follower} has not moved for {PATIENCE_SECONDS:.0f} s: {status}")
        time.sleep(POLL_SECONDS)


def _show_progress(reports: Iterator[list[FeedStatus]]) -> None:
    """A bar for each upstream, on standard error."""
    with Progress(
        TextColumn("{task.description:18}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        console=Console(stderr=True),
    ) as progress:
        bars = {}
        for status in reports:
            for each in status:
                if each.upstream not in bars:
                    bars[each.upstream] = progress.add_task(each.upstream)
                bar = bars[each.upstream]
                progress.update(bar, completed=each.position, total=each.head)


def _status(installation: Installation) -> list[FeedStatus]:
    with installation.stores() as stores:
        return feed_status(stores, _now())


def _own(status: list[FeedStatus], follower: str) -> list[FeedStatus]:
    return [each for each in status if each.follower == follower]


def _cells(status: FeedStatus) -> tuple[str, ...]:
    return (
        status.follower,
        status.upstream,
        str(status.position),
        str(status.head),
        str(status.lag_events),
        f"{status.lag_seconds:.1f}",
        str(status.parked),
    )


def _now() -> datetime:
    return datetime.now(UTC)


COMMANDS = (feeds,)
