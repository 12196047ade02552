"""An upstream and followers in a lane of their own: its queues are those of one test only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest

from bus.rabbit.parties import Downstream, MakesDownstream, Policy, Upstream, write_down
from bus.rabbit.post import DEAD, Sender, Till
from support.rabbitmq import RabbitServer


@pytest.fixture
def parties() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


@pytest.fixture
def lane() -> str:
    return f"test{uuid4().hex[:12]}"


@pytest.fixture
def amqp_url(rabbit_server: RabbitServer) -> str:
    return rabbit_server.amqp_url


@pytest.fixture
def upstream(tmp_path: Path, amqp_url: str, lane: str, parties: ExitStack) -> Upstream:
    made = Upstream(tmp_path, amqp_url, lane)
    parties.callback(made.close)
    return made


@pytest.fixture
def make_downstream(
    tmp_path: Path, amqp_url: str, lane: str, parties: ExitStack
) -> MakesDownstream:
    def make(service: str = "eligibility", policy: Policy = write_down) -> Downstream:
        made = Downstream(tmp_path, amqp_url, lane, service, policy)
        parties.callback(made.close)
        return made

    return make


@pytest.fixture
def till(tmp_path: Path, amqp_url: str, lane: str, parties: ExitStack) -> Till:
    made = Till(tmp_path, amqp_url, lane)
    parties.callback(made.die)
    # The queue of dead commands is one for all lanes, and so for all tests.
    made.connection.channel().queue_purge(DEAD)
    return made


@pytest.fixture
def sender(till: Till, amqp_url: str, lane: str, parties: ExitStack) -> Sender:
    made = Sender(amqp_url, lane)
    parties.callback(made.close)
    return made
