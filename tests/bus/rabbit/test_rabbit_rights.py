"""With the definitions of `infra/rabbitmq`, each user of the broker does its own work only."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from amqp.exceptions import AccessRefused, NotFound, PreconditionFailed

from bus.rabbit.parties import Downstream, Upstream, each_once, put, turn_until
from grant_bus import rabbit
from grant_bus.rabbit import connect
from pruefpfad.assembly import SERVICES
from pruefpfad.published.broker import EXCHANGES
from support.broker_users import BrokerUsers, users_in_a_virtual_host_of_their_own
from support.rabbitmq import RabbitServer

FOLLOWED = [
    (name, upstream)
    for name, service in SERVICES.items()
    for upstream in service.policies.upstreams
]
RUNBOOK = Path(__file__).parents[3] / "docs/runbook.md"
Attempt = Callable[[Any], object]


@pytest.fixture(scope="module")
def virtual_host() -> str:
    return f"rights_{uuid4().hex}"


@pytest.fixture(scope="module")
def users(
    rabbit_server: RabbitServer, virtual_host: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BrokerUsers]:
    folder = tmp_path_factory.mktemp("users")
    with users_in_a_virtual_host_of_their_own(rabbit_server, virtual_host, folder) as users:
        yield users


def test_what_the_code_declares_is_what_the_file_has_made(
    rabbit_server: RabbitServer, virtual_host: str, users: BrokerUsers
) -> None:
    """A queue with other arguments would be refused; one that is missing would be made."""
    listed = set(rabbit_server.ctl("list_queues", "--vhost", virtual_host, "name").split()[1:])

    with channel_of(rabbit_server.url(virtual_host)) as channel:
        declared = {queue(channel).declare() for queue in all_queues()}
        for exchange in EXCHANGES:
            exchange(channel).declare(passive=True)

    assert declared == listed


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_a_service_and_its_relay_may_declare_and_read_what_is_theirs(
    users: BrokerUsers, service: str
) -> None:
    upstreams = SERVICES[service].policies.upstreams
    with channel_of(users.url(service)) as channel:
        for queue in [
            rabbit.rpc_queue(service),
            rabbit.command_queue(f"{service}/main"),
            rabbit.question_queue(f"{service}/main"),
            rabbit.dead_command_queue(),
            *(rabbit.feed_queue(service, f"{upstream}/main") for upstream in upstreams),
        ]:
            queue(channel).declare()
    with channel_of(users.url(f"{service}-relay")) as channel:
        rabbit.resend_queue(f"{service}/main")(channel).declare()
        for exchange in (rabbit.FEED, rabbit.RESEND, rabbit.EVENTS):
            exchange(channel).declare()


@pytest.mark.parametrize("reader", sorted(SERVICES))
@pytest.mark.parametrize(("follower", "upstream"), FOLLOWED)
def test_a_feed_is_read_by_its_follower_only(
    users: BrokerUsers, reader: str, follower: str, upstream: str
) -> None:
    queue = rabbit.feed_queue_name(follower, f"{upstream}/main")
    if reader != follower:
        refused(users.url(reader), lambda channel: channel.basic_get(queue))
    refused(users.url(f"{reader}-relay"), lambda channel: channel.basic_get(queue))


@pytest.mark.parametrize(
    "queue",
    [
        "rpc-budgeting",
        "commands.budgeting.main",
        "queries.budgeting.main",
        "resend.budgeting.main",
        "commands.dead",
    ],
)
@pytest.mark.parametrize("user", ["intake", "intake-relay", "operator", "sender"])
def test_nobody_takes_or_deletes_what_was_sent_to_another(
    users: BrokerUsers, user: str, queue: str
) -> None:
    refused(users.url(user), lambda channel: channel.basic_get(queue))
    refused(users.url(user), lambda channel: channel.queue_purge(queue))
    refused(users.url(user), lambda channel: channel.queue_delete(queue))


@pytest.mark.parametrize("exchange", [exchange.name for exchange in EXCHANGES])
def test_nobody_deletes_an_exchange(users: BrokerUsers, exchange: str) -> None:
    for user in users.names:
        refused(users.url(user), lambda channel: channel.exchange_delete(exchange))


def test_facts_are_published_in_the_name_of_ones_own_service_only(users: BrokerUsers) -> None:
    relay = users.url("intake-relay")

    allowed(relay, publishing("grants.feed", "intake.main"))
    allowed(relay, publishing("grants.feed", "intake.main.audit"))
    allowed(relay, publishing("grants.events", "intake.CallOpened"))
    refused(relay, publishing("grants.feed", "budgeting.main"))
    refused(relay, publishing("grants.feed", "budgeting.main.audit"))
    refused(relay, publishing("grants.events", "budgeting.GrantApproved"))
    refused(relay, publishing("", "feed.audit.budgeting.main"))
    for user in (*SERVICES, "operator", "sender"):
        refused(users.url(user), publishing("grants.feed", "intake.main"))
        refused(users.url(user), publishing("grants.events", "intake.CallOpened"))


def test_what_a_service_writes_into_anothers_feed_by_its_name_is_dropped(
    users: BrokerUsers, tmp_path: Path
) -> None:
    """The broker lets a service write there, because answers to commands go the same way."""
    upstream = Upstream(tmp_path, users.url("intake-relay"), "main")
    forger = Upstream(tmp_path, users.url("intake-relay"), "main")
    follower = Downstream(tmp_path, users.url("eligibility"), "main", "eligibility")
    with closing(upstream), closing(forger), closing(follower):
        upstream.record(3)
        forger.record(3)
        put(users.url("budgeting"), follower.queue, forger.body(1, 3))

        follower.turn(1.0)
        assert follower.position == 0
        turn_until(lambda: follower.position == 3, upstream, follower)

        assert follower.seen == each_once(3)
        followed = follower.store.tracked(follower.upstream)
        assert followed.leaf_hash == upstream.store.head().leaf_hash


def test_nobody_names_another_user_as_the_sender(users: BrokerUsers) -> None:
    with channel_of(users.url("budgeting")) as channel, pytest.raises(PreconditionFailed):
        message = channel.prepare_message(b"[]", properties={"user_id": "intake-relay"})
        channel.basic_publish_confirm(message, routing_key="feed.eligibility.intake.main")


def test_the_sender_of_the_runbook_may_give_commands_to_intake_and_hear_the_answers_only(
    rabbit_server: RabbitServer, virtual_host: str, users: BrokerUsers
) -> None:
    for words in commands_of_the_runbook(virtual_host):
        rabbit_server.ctl(*words)
    portal = rabbit_server.url(virtual_host, "portal", "PASSWORD")
    reply = rabbit.Queue(f"reply.{uuid4()}", exclusive=True)

    try:
        with channel_of(portal) as channel:
            reply(channel).declare()
            assert reply(channel).get() is None
        allowed(portal, publishing("grants.commands", "intake.main.close_call"))
        refused(portal, publishing("grants.commands", "budgeting.main.approve_grant"))
        refused(portal, publishing("nameko-rpc", "intake.head"))
        refused(portal, publishing("", "rpc-intake"))
        refused(portal, lambda channel: channel.basic_get("commands.intake.main"))
    finally:
        rabbit_server.ctl("delete_user", "portal")


def test_services_give_one_another_no_commands(users: BrokerUsers) -> None:
    for service in SERVICES:
        other = "budgeting" if service == "intake" else "intake"
        allowed(users.url(service), publishing("nameko-rpc", f"{service}.head"))
        refused(users.url(service), publishing("nameko-rpc", f"{other}.head"))
        refused(users.url(service), publishing("grants.commands", f"{other}.main.close_call"))
        refused(users.url(service), publishing("grants.queries", f"{other}.main.head"))


def test_a_sender_reaches_nothing_that_answers_without_a_token(users: BrokerUsers) -> None:
    sender = users.url("sender")

    allowed(sender, publishing("grants.commands", "intake.main.close_call"))
    allowed(sender, publishing("grants.queries", "audit.main.case_state"))
    for call in ("audit.case_state", "audit.budget", "intake.outcome", "intake.close_call"):
        refused(sender, publishing("nameko-rpc", call))
    refused(sender, publishing("", "rpc-intake"))


def test_the_operators_tool_calls_services_and_reaches_no_queue_by_its_name(
    users: BrokerUsers,
) -> None:
    operator = users.url("operator")

    allowed(operator, publishing("nameko-rpc", "budgeting.retry_parked"))
    allowed(operator, publishing("nameko-rpc", "audit.head"))
    refused(operator, publishing("grants.commands", "intake.main.close_call"))
    refused(operator, publishing("grants.queries", "audit.main.case_state"))
    refused(operator, publishing("", "rpc-intake"))


@pytest.mark.parametrize("user", ["intake", "operator"])
def test_nobody_listens_to_calls_commands_or_feeds_of_others(users: BrokerUsers, user: str) -> None:
    queue = f"rpc.reply-{uuid4()}"

    def listening(exchange: str, key: str) -> Attempt:
        def listen(channel: Any) -> None:
            channel.queue_declare(queue, exclusive=True)
            channel.queue_bind(queue, exchange, key)

        return listen

    refused(users.url(user), listening("nameko-rpc", "budgeting.*"))
    refused(users.url(user), listening("nameko-rpc", "#"))
    refused(users.url(user), listening("grants.commands", "budgeting.main.*"))
    refused(users.url(user), listening("grants.queries", "budgeting.main.*"))
    refused(users.url(user), listening("grants.feed", "budgeting.main"))
    allowed(users.url(user), listening("nameko-rpc", str(uuid4())))
    for exchange in ("nameko-rpc", "grants.commands", "grants.queries", "grants.feed"):
        refused(users.url("sender"), listening(exchange, "#"))


def test_a_virtual_host_without_definitions_is_made_by_whoever_comes_first(
    rabbit_virtual_host: str,
) -> None:
    exchange = rabbit.Exchange("grants.feed", type="topic")
    with channel_of(rabbit_virtual_host) as channel, pytest.raises(NotFound):
        exchange(channel).declare(passive=True)

    with channel_of(rabbit_virtual_host) as channel:
        for _ in range(2):
            rabbit.FEED(channel).declare()
            rabbit.dead_command_queue()(channel).declare()
        exchange(channel).declare(passive=True)


def commands_of_the_runbook(virtual_host: str) -> list[list[str]]:
    """What an operator is told to type for another sender, for the virtual host of this test."""
    lines = RUNBOOK.read_text(encoding="utf-8").splitlines()
    typed = [shlex.split(line)[1:] for line in lines if line.startswith("rabbitmqctl ")]
    assert [words[0] for words in typed] == [
        "add_user",
        "set_permissions",
        "set_topic_permissions",
    ]
    return [[virtual_host if word == "pruefpfad" else word for word in words] for words in typed]


def all_queues() -> list[Any]:
    return [
        rabbit.dead_command_queue(),
        *(rabbit.rpc_queue(name) for name in SERVICES),
        *(rabbit.command_queue(f"{name}/main") for name in SERVICES),
        *(rabbit.question_queue(f"{name}/main") for name in SERVICES),
        *(rabbit.resend_queue(f"{name}/main") for name in SERVICES),
        *(rabbit.feed_queue(follower, f"{upstream}/main") for follower, upstream in FOLLOWED),
    ]


def publishing(exchange: str, key: str) -> Attempt:
    """Publish and wait for the broker's word on it."""

    def publish(channel: Any) -> None:
        channel.basic_publish_confirm(
            channel.prepare_message(b"{}"), exchange=exchange, routing_key=key
        )

    return publish


def allowed(url: str, attempt: Attempt) -> None:
    with channel_of(url) as channel:
        attempt(channel)


def refused(url: str, attempt: Attempt) -> None:
    """The broker refuses it for want of rights, and not for another reason."""
    with channel_of(url) as channel, pytest.raises(AccessRefused):
        attempt(channel)


@contextmanager
def channel_of(url: str) -> Iterator[Any]:
    connection = connect(url)
    try:
        yield connection.channel()
    finally:
        connection.release()
