"""Nothing is lost, nothing is done twice, whatever becomes of the messages on the way."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from bus.rabbit.parties import (
    MakesDownstream,
    Upstream,
    each_once,
    put,
    turn_until,
    waiting,
    write_down,
)
from grant_bus.follower import UpstreamChanged
from grant_bus.rabbit import is_passing, resend_queue
from grant_bus.rabbit_follower import UnreadableFeed
from grant_bus.rabbit_hearing import UnreadableMessage
from grant_bus.rabbit_publisher import LAST_POSITION
from grant_bus.writer import CannotApply
from grant_contracts.envelope import CloudEvent
from grant_store.errors import Unreachable
from grant_store.work import UnitOfWork
from support.rabbitmq import RabbitServer


def test_two_followers_get_every_event_once_and_in_order(
    upstream: Upstream, make_downstream: MakesDownstream
) -> None:
    eligibility, audit = make_downstream("eligibility"), make_downstream("audit")
    upstream.record(1_234)

    turn_until(
        lambda: eligibility.position == audit.position == 1_234, upstream, eligibility, audit
    )

    assert eligibility.seen == audit.seen == each_once(1_234)


def test_a_service_that_starts_later_gets_what_was_published_before_it_had_a_queue(
    upstream: Upstream, make_downstream: MakesDownstream
) -> None:
    upstream.record(120)
    upstream.turn_until_idle()

    late = make_downstream()
    turn_until(lambda: late.position == 120, upstream, late)

    assert late.seen == each_once(120)


def test_a_purged_queue_heals_by_the_announced_head_although_nothing_new_happens(
    upstream: Upstream,
    make_downstream: MakesDownstream,
    rabbit_server: RabbitServer,
    amqp_url: str,
) -> None:
    follower = make_downstream()
    follower.disconnect()
    upstream.record(2_500)
    upstream.turn_until_idle()
    assert rabbit_server.purge(follower.queue) >= 50

    follower.connect()
    turn_until(lambda: follower.position == 2_500, upstream, follower)

    assert follower.seen == each_once(2_500)


def test_messages_that_come_twice_and_in_the_wrong_order_are_applied_once_in_the_right_one(
    upstream: Upstream, make_downstream: MakesDownstream, amqp_url: str
) -> None:
    follower = make_downstream()
    upstream.record(30)
    parts = [upstream.body(first, first + 4) for first in range(1, 30, 5)]
    put(amqp_url, follower.queue, *reversed(parts), *parts, parts[2])

    # The relay takes no part: what was sent by hand is enough.
    turn_until(lambda: follower.position == 30, follower)

    assert follower.seen == each_once(30)


def test_nothing_is_applied_beyond_a_gap_until_the_relay_has_sent_what_was_lost(
    upstream: Upstream, make_downstream: MakesDownstream, amqp_url: str
) -> None:
    follower = make_downstream()
    upstream.record(30)
    put(amqp_url, follower.queue, upstream.body(1, 10), upstream.body(21, 30))

    turn_until(lambda: follower.position == 10, follower)
    follower.turn(0.2)
    assert follower.position == 10

    turn_until(lambda: follower.position == 30, upstream, follower)
    assert follower.seen == each_once(30)


def test_what_was_not_committed_is_not_acknowledged_and_comes_again(
    upstream: Upstream, make_downstream: MakesDownstream, amqp_url: str
) -> None:
    database_is_away = True

    def write_down_if_possible(work: UnitOfWork, event: CloudEvent) -> None:
        if database_is_away and event.at == 77:
            raise Unreachable("the database is away")
        write_down(work, event)

    follower = make_downstream(policy=write_down_if_possible)
    upstream.record(100)
    upstream.turn_until_idle()

    with pytest.raises(Unreachable) as stopped:
        turn_until(lambda: follower.position == 100, follower)
    assert is_passing(stopped.value), "the service starts again instead of ending"
    assert follower.position == 0
    follower.disconnect()
    database_is_away = False
    follower.connect()
    turn_until(lambda: follower.position == 100, follower)

    assert follower.seen == each_once(100)


def test_an_event_without_a_case_that_cannot_be_applied_stops_the_feed_and_is_named(
    upstream: Upstream, make_downstream: MakesDownstream
) -> None:
    def refuse(work: UnitOfWork, event: CloudEvent) -> None:
        raise ValueError("expected another kind of applicant")

    follower = make_downstream(policy=refuse)
    upstream.record(1)

    with pytest.raises(
        CannotApply, match=r"intake\.ApplicationSubmitted at intake/.*/1: ValueError: expected"
    ) as stop:
        turn_until(lambda: False, upstream, follower)

    assert not is_passing(stop.value)
    assert follower.position == 0


def test_a_replica_stands_by_and_goes_on_where_the_other_ended(
    upstream: Upstream, make_downstream: MakesDownstream
) -> None:
    first, second = make_downstream(), make_downstream()
    upstream.record(60)
    turn_until(lambda: first.position == 60, upstream, first)
    assert second.turn(0.3) == 0

    first.disconnect()
    upstream.record(60)
    turn_until(lambda: second.position == 120, upstream, second)

    assert second.seen == each_once(120)


def test_an_upstream_that_was_restored_from_a_backup_stops_its_followers(
    upstream: Upstream, make_downstream: MakesDownstream, tmp_path: Path, amqp_url: str, lane: str
) -> None:
    follower = make_downstream()
    upstream.record(20)
    turn_until(lambda: follower.position == 20, upstream, follower)
    upstream.close()
    restored = Upstream(tmp_path, amqp_url, lane)
    restored.record(12)
    restored.turn_until_idle()

    with pytest.raises(UpstreamChanged, match="announces its head at 12"):
        for _ in range(40):
            restored.announce()
            follower.turn(0.1)
            restored.turn()
    restored.close()


def test_old_announcements_that_come_late_are_no_restored_upstream(
    upstream: Upstream, make_downstream: MakesDownstream
) -> None:
    follower = make_downstream()
    upstream.record(20)
    turn_until(lambda: follower.position == 20, upstream, follower)
    for position in (12, 12, 12, 12, 20, 12):
        upstream.publisher.announce(upstream.announcement_of(position))
    upstream.record(1)

    turn_until(lambda: follower.position == 21, upstream, follower)

    assert follower.seen == each_once(21)


def test_another_event_at_a_position_that_was_followed_stops_the_feed(
    upstream: Upstream, make_downstream: MakesDownstream, tmp_path: Path, amqp_url: str, lane: str
) -> None:
    follower = make_downstream()
    upstream.record(5)
    turn_until(lambda: follower.position == 5, upstream, follower)
    other = Upstream(tmp_path, amqp_url, lane)
    other.record(6)

    put(amqp_url, follower.queue, other.body(5, 6))
    with pytest.raises(UpstreamChanged, match="another event at 5"):
        follower.turn(1.0)
    other.close()


TOO_DEEP = b"[" * 100_000 + b"]" * 100_000


@pytest.mark.parametrize(
    "rubbish",
    [b"", b"[{}]", b"\xff\xfe", b'{"not": "a list"}', b'[{"more": ' + TOO_DEEP + b"}]"],
    ids=["nothing", "no event", "no UTF-8", "no list", "too deep"],
)
def test_a_message_that_is_no_batch_of_events_stops_the_feed_once_and_is_gone(
    upstream: Upstream, make_downstream: MakesDownstream, amqp_url: str, rubbish: bytes
) -> None:
    follower = make_downstream()
    upstream.record(3)
    put(amqp_url, follower.queue, rubbish)

    with pytest.raises(UnreadableFeed, match=r"feed\.eligibility\.intake\..*content type"):
        follower.turn(1.0)
    follower.disconnect()
    follower.connect()
    turn_until(lambda: follower.position == 3, upstream, follower)

    assert follower.seen == each_once(3)


@pytest.mark.parametrize("properties", [{"correlation_id": b"\xff\xfe"}, {"reply_to": b"\xff"}])
def test_a_message_in_a_feed_that_the_library_cannot_read_is_gone_at_once_and_takes_nothing_with_it(
    upstream: Upstream,
    make_downstream: MakesDownstream,
    amqp_url: str,
    properties: dict[str, bytes],
) -> None:
    follower = make_downstream()
    upstream.record(9)
    put(amqp_url, follower.queue, upstream.body(1, 4))
    put(amqp_url, follower.queue, b"[]", **properties)
    put(amqp_url, follower.queue, upstream.body(5, 9))

    with pytest.raises(UnreadableMessage) as stopped:
        for _ in range(5):
            follower.turn(1.0)
    assert is_passing(stopped.value), "the service follows again over a new connection"
    follower.disconnect()
    follower.connect()
    # The relay takes no part: nothing but the one message was lost.
    turn_until(lambda: follower.position == 9, follower)

    assert follower.seen == each_once(9)


NO_REQUESTS = {
    "nothing": b"",
    "no UTF-8": b"\xff\xfe",
    "no UTF-8 in a name": b'{"follower": "\xff\xfe", "after_position": 1}',
    "no JSON": b"{",
    "no name": b'{"follower": 7}',
    "after no position": b'{"follower": "eligibility", "after_position": -1}',
    "after every position": b'{"follower": "eligibility", "after_position": %d}' % 2**63,
    "after more than a number": b'{"follower": "eligibility", "after_position": %d}' % 10**40,
    "too deep": b'{"more": ' + TOO_DEEP + b"}",
}


@pytest.mark.parametrize("rubbish", NO_REQUESTS.values(), ids=NO_REQUESTS.keys())
def test_a_request_that_is_none_does_not_end_the_relay(
    upstream: Upstream, make_downstream: MakesDownstream, amqp_url: str, rubbish: bytes
) -> None:
    follower = make_downstream()
    put(amqp_url, resend_queue(upstream.origin).name, rubbish)
    upstream.record(3)

    turn_until(lambda: follower.position == 3, upstream, follower)

    assert waiting(amqp_url, resend_queue(upstream.origin).name) == 0
    assert follower.seen == each_once(3)


def test_nothing_is_sent_to_whoever_asks_for_what_comes_after_a_negative_position(
    upstream: Upstream, amqp_url: str
) -> None:
    upstream.record(3)
    upstream.turn_until_idle()
    request = NO_REQUESTS["after no position"]
    put(amqp_url, resend_queue(upstream.origin).name, request)

    upstream.relay.listen(5.0)

    assert upstream.relay.turn() == 0


def test_a_request_after_the_last_position_there_can_be_is_answered_with_the_head(
    upstream: Upstream, make_downstream: MakesDownstream, amqp_url: str
) -> None:
    follower = make_downstream()
    upstream.record(3)
    request = b'{"follower": "eligibility", "after_position": %d}' % LAST_POSITION
    put(amqp_url, resend_queue(upstream.origin).name, request)

    turn_until(lambda: follower.position == 3, upstream, follower)

    assert follower.seen == each_once(3)


def test_a_request_that_the_library_cannot_read_is_gone_and_the_relay_goes_on_after_it(
    upstream: Upstream, make_downstream: MakesDownstream, amqp_url: str
) -> None:
    follower = make_downstream()
    put(amqp_url, resend_queue(upstream.origin).name, b"{}", correlation_id=b"\xff\xfe")

    with pytest.raises(UnreadableMessage) as stopped:
        for _ in range(5):
            upstream.relay.listen(1.0)
    assert is_passing(stopped.value), "the relay leads again over a new connection"
    upstream.start_again()
    upstream.record(3)
    turn_until(lambda: follower.position == 3, upstream, follower)

    assert follower.seen == each_once(3)


def test_a_queue_nobody_reads_keeps_its_bound_and_the_follower_still_gets_everything(
    upstream: Upstream,
    make_downstream: MakesDownstream,
    amqp_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("grant_bus.rabbit.FEED_MESSAGES", 5)
    follower = make_downstream()
    follower.disconnect()
    upstream.record(1_000)
    upstream.turn_until_idle()
    deadline = time.monotonic() + 10
    while waiting(amqp_url, follower.queue) > 6 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert waiting(amqp_url, follower.queue) <= 6

    follower.connect()
    turn_until(lambda: follower.position == 1_000, upstream, follower)

    assert follower.seen == each_once(1_000)
