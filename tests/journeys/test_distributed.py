"""Services and relays as processes on PostgreSQL and RabbitMQ: the same end as in one process.

Whatever is killed, restarted or emptied on the way. One system serves all tests of this file, as
it would serve an authority: what one test has recorded, the next one finds.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from click.testing import CliRunner

from bus.rabbit.post import Asker, Sender
from grant_bus.rabbit import feed_queue_name
from grant_contracts.answers import Answer
from grant_disbursement.run_file import recorded_file
from grant_store.opening import open_store
from grant_store.rows import Append, NewEvent
from journeys.published_list import Ending, play, play_embedded, purpose_of, scenario_of
from pruefpfad.cli.root import main
from pruefpfad.processes import health
from pruefpfad.processes.configuration import Configuration
from pruefpfad.scripted import script
from pruefpfad.scripted.remote import RemoteAuthority
from pruefpfad.scripted.script import Message
from support.broker_users import SENDER, users_in_a_virtual_host_of_their_own
from support.distributed import LANE, DistributedSystem, OwnProcess
from support.postgres import PostgresServer
from support.rabbitmq import RabbitServer
from support.roles import roles_in_a_database_of_their_own

UNDER_WAY_SECONDS = 0.02
"""After this the first commands are recorded and the last are not."""


@pytest.fixture(scope="module")
def system(
    postgres_server: PostgresServer,
    rabbit_server: RabbitServer,
    short_example: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[DistributedSystem]:
    name = f"journey_{uuid4().hex}"
    folder = tmp_path_factory.mktemp("distributed")
    with (
        roles_in_a_database_of_their_own(postgres_server, name) as roles,
        users_in_a_virtual_host_of_their_own(rabbit_server, name, folder) as users,
        DistributedSystem(
            roles.superuser,
            rabbit_server.url(name),
            folder,
            demonstration=purpose_of(short_example),
            roles=roles,
            users=users,
        ) as started,
    ):
        yield started


@pytest.fixture(scope="module")
def embedded_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("embedded")


@pytest.fixture(scope="module")
def in_one_process(short_example: Path, embedded_data: Path) -> Ending:
    return play_embedded(short_example, embedded_data)


class Disturbed:
    """Hands commands on, and lets something happen while they are under way."""

    def __init__(
        self, authority: RemoteAuthority, disturbances: dict[str, Callable[[], None]]
    ) -> None:
        self._authority = authority
        self.still_to_come = disturbances

    def send(self, messages: Sequence[Message]) -> list[Answer]:
        disturb = self.still_to_come.pop(messages[0]["command"], None)
        # Processes end with the thread that started them, so it is the sending that has its own.
        with ThreadPoolExecutor(1) as pool:
            answers = pool.submit(self._authority.send, messages)
            if disturb:
                time.sleep(UNDER_WAY_SECONDS)
                disturb()
            return answers.result()

    def settle(self) -> None:
        self._authority.settle()


def test_the_list_ends_as_in_one_process_though_services_are_killed_on_the_way(
    system: DistributedSystem,
    rabbit_server: RabbitServer,
    short_example: Path,
    in_one_process: Ending,
) -> None:
    services, relays = system.services, system.relays

    def killed(process: OwnProcess) -> Callable[[], None]:
        def kill_and_start() -> None:
            system.kill(process)
            process.start()

        return kill_and_start

    def restart_broker() -> None:
        rabbit_server.stop()
        rabbit_server.start()

    authority = Disturbed(
        system.authority,
        {
            "intake.submit_application": killed(services["eligibility"]),
            "eligibility.propose_finding": killed(services["eligibility"]),
            "eligibility.sign_finding": killed(relays["eligibility"]),
            "budgeting.approve_grant": killed(services["budgeting"]),
            "budgeting.notify_decision": restart_broker,
            "disbursement.order_payment": killed(services["disbursement"]),
            "disbursement.confirm_payment": killed(services["audit"]),
        },
    )

    play(short_example, authority, system.records, system.key)

    assert authority.still_to_come == {}
    assert system.settle() == in_one_process.heads
    assert system.records.operations_csv("9999-12-31") == in_one_process.operations_csv
    assert in_one_process.payment_files
    for run, file in in_one_process.payment_files.items():
        with closing(open_store(system.database_url, "disbursement")) as store:
            assert recorded_file(store, system.vault, run).decode() == file


def test_both_runs_hold_the_same_decisions_amounts_and_reasons(
    system: DistributedSystem, in_one_process: Ending, embedded_data: Path
) -> None:
    words = ["audit", "compare", str(embedded_data), system.database_url, "--json"]

    result = CliRunner().invoke(main, words)

    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert (told["same"], told["differences"]) == (True, [])
    deciding = sum(head for name, head in in_one_process.heads.items() if name != "audit")
    assert told["events"]["a"] == told["events"]["b"] == deciding


def test_on_both_runs_what_is_served_is_what_the_events_lead_to(
    system: DistributedSystem, in_one_process: Ending, embedded_data: Path
) -> None:
    words = ("replay", "check", "--at", "budgeting/40", "--json")
    apart = read_on_servers(system, *words)
    together = read_embedded(embedded_data, *words)
    assert apart["equal"] and together["equal"]

    def counted(told: Any) -> list[Any]:
        names = ("service", "position", "followed", "aggregates", "documents")
        return [tuple(each[name] for name in names) for each in told["reports"]]

    assert counted(apart) == counted(together)


@pytest.mark.parametrize("day", ["2015-06-30", "2016-12-31", "2020-12-31"])
def test_on_both_runs_the_same_was_true_on_a_day(
    system: DistributedSystem, in_one_process: Ending, embedded_data: Path, day: str
) -> None:
    """The same cases and lines, whatever the positions that they are read at."""
    for words, name in ((("case", "list"), "cases"), (("budget", "show"), "lines")):
        asked = (*words, "--effective", day, "--json")
        on_servers, embedded = read_on_servers(system, *asked), read_embedded(embedded_data, *asked)
        assert on_servers[name] == embedded[name]
        assert on_servers["effective"] == embedded["effective"] == day


def test_over_the_bus_a_case_is_told_as_of_then_as_on_the_command_line(
    system: DistributedSystem, in_one_process: Ending
) -> None:
    """Audit folds its own history; the command line reads the ledgers."""
    reference = read_on_servers(system, "case", "list", "--state", "paid", "--json")["cases"][0]
    for day in ("2015-06-30", "2016-12-31"):
        asked = ("case", "list", "--effective", day, "--json")
        told = {each["reference"]: each for each in read_on_servers(system, *asked)["cases"]}
        answer = system.client.ask("audit", "cases", effective=day)
        assert {each["reference"]: each for each in answer["value"]} == told
        assert answer["computed_from"]["effective"] == day
        one = {"reference": reference["reference"], "effective": day}
        state = system.client.ask("audit", "case_state", **one)
        assert state.get("value") == told.get(reference["reference"])
        lines = read_on_servers(system, "budget", "show", "--effective", day, "--json")["lines"]
        answer = system.client.ask("audit", "budget", effective=day)
        assert [{**line, "free_cents": 0} for line in answer["value"]] == [
            {**line, "free_cents": 0} for line in lines
        ]
    refused = system.client.ask("audit", "budget", recorded="then")
    assert list(refused["errors"]) == ["recorded"]


def read_on_servers(system: DistributedSystem, *words: str) -> Any:
    environment = {"PRUEFPFAD_DATABASE_URL": system.database_url, "PRUEFPFAD_LANE": LANE}
    return _read(words, environment)


def read_embedded(data: Path, *words: str) -> Any:
    return _read(("--data", str(data), *words), {})


def _read(words: Sequence[str], environment: dict[str, str]) -> Any:
    result = CliRunner().invoke(main, words, env=environment)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_played_again_every_command_gets_its_recorded_answer_and_nothing_new_happens(
    system: DistributedSystem, short_example: Path, in_one_process: Ending
) -> None:
    play(short_example, system.authority, system.records, system.key)

    assert system.settle() == in_one_process.heads


def test_a_purged_feed_heals_by_the_announced_head_although_nothing_new_happens(
    system: DistributedSystem, rabbit_server: RabbitServer, short_example: Path
) -> None:
    audit = system.services["audit"]
    system.kill(audit)
    answer = system.client.command(a_budget_line(system, short_example, "purged", 2031))
    assert answer["kind"] == "recorded"
    budgeting = system.client.ask("budgeting", "head")["value"]["position"]
    queue = feed_queue_name("audit", "budgeting/main")
    purged = 0
    deadline = time.monotonic() + 10
    while not purged and time.monotonic() < deadline:
        purged = rabbit_server.purge(queue, system.amqp_url)

    audit.start()
    system.wait_for_service("audit")
    system.settle()

    assert purged
    followed = system.client.ask("audit", "head")["value"]["followed"]
    assert followed["budgeting/main"] == budgeting


def test_many_commands_at_once_and_each_of_them_twice_are_recorded_once(
    system: DistributedSystem, short_example: Path
) -> None:
    before = system.settle()["budgeting"]
    commands = [
        a_budget_line(system, short_example, f"many-{year}", year) for year in range(2041, 2101)
    ]

    answers = system.authority.send([*commands, *commands])

    assert {answer.kind for answer in answers} == {"recorded"}
    assert answers[:60] == answers[60:]
    assert system.settle()["budgeting"] == before + 60


def test_errors_are_data_that_name_the_field_and_nothing_is_recorded(
    system: DistributedSystem, short_example: Path
) -> None:
    heads = system.settle()
    message = a_budget_line(system, short_example, "wrong", 2032)
    as_float = {**message, "payload": {**message["payload"], "ceiling": 12.5}}
    unknown = {**message, "colour": "red"}

    def ask(sent: Any, method: str = "open_budget_line") -> Any:
        return system.client.ask("budgeting", method, message=sent)

    assert "payload.ceiling" in ask(as_float)["errors"]
    assert "colour" in ask(unknown)["errors"]
    assert ask(message, "change_ceiling")["errors"] == {
        "command": [
            "expected 'budgeting.change_ceiling', because that is the method that was called"
        ]
    }
    assert {ask(sent)["kind"] for sent in ("text", 7, None, [message])} == {"invalid"}
    assert system.client.ask("audit", "operations_csv", as_of="yesterday")["errors"] == {
        "as_of": ["expected a day such as 2024-12-31, not 'yesterday'"]
    }
    assert system.client.ask("audit", "cases", colour="red")["kind"] == "invalid"
    assert system.settle() == heads


def test_what_became_of_a_command_can_be_asked_and_a_reader_can_wait_for_their_own_write(
    system: DistributedSystem, short_example: Path
) -> None:
    answer = system.client.command(a_budget_line(system, short_example, "asked", 2033))
    origin, position = "budgeting/main", answer["position"]

    def ask(service: str, method: str, **arguments: object) -> Any:
        return system.client.ask(service, method, **arguments)

    sender = script.BUDGET_OFFICER.actor_id
    outcome = ask("budgeting", "outcome", sender=sender, key="asked")["value"]
    assert outcome == {"kind": "recorded", "reason": "", "positions": [position, position]}
    assert ask("budgeting", "outcome", sender=sender, key="never sent")["value"] is None
    assert ask("audit", "budget", at_least={origin: position + 1})["kind"] == "not_yet"
    system.settle()
    assert ask("audit", "budget", at_least={origin: position})["kind"] == "found"


def test_a_portal_gives_commands_and_asks_by_message_under_the_rights_of_a_sender(
    system: DistributedSystem, short_example: Path
) -> None:
    command = a_budget_line(system, short_example, "by message", 2034)
    question = {
        "question": "budgeting.outcome",
        "actor_token": command["actor_token"],
        "arguments": {"sender": script.BUDGET_OFFICER.actor_id, "key": "by message"},
    }
    with closing(Sender(system.amqp_url_of(SENDER), LANE)) as portal:
        portal.send(command)
        [answer] = portal.wait_for(1)
    with closing(Asker(system.amqp_url_of(SENDER), LANE)) as portal:
        found = portal.ask(question, "budgeting.outcome")

    assert answer.kind == "recorded"
    assert (found["kind"], found["value"]["kind"]) == ("found", "recorded")


def test_each_process_finds_itself_well_under_its_own_user(system: DistributedSystem) -> None:
    for name in system.names:
        service = Configuration(amqp_url=system.amqp_url_of(name))
        relay = Configuration(amqp_url=system.amqp_url_of(f"{name}-relay"))

        assert health.service_is_well(name, service)
        assert health.relay_is_well(name, relay)


def test_processes_end_in_order_when_they_are_asked_to_and_go_on_where_they_were(
    system: DistributedSystem,
) -> None:
    heads = system.settle()

    codes = system.end()

    assert set(codes.values()) == {0}
    for process in system.processes:
        process.start()
    for name in system.names:
        system.wait_for_service(name)
        system.wait_for_relay(name)
    assert system.settle() == heads


def test_an_event_that_cannot_be_applied_stops_its_followers_loudly_and_is_named(
    system: DistributedSystem,
) -> None:
    intake = open_store(system.database_url, "intake")
    topic = "intake.ApplicationSubmitted"
    broken = NewEvent(uuid4(), uuid4(), 1, topic, 1, b'{"reference":7}', b"{}")
    position = intake.append(Append(events=[broken])).first_position
    intake.close()

    eligibility = system.services["eligibility"]
    assert eligibility.wait() == 1

    last_line = msgspec.json.decode(eligibility.log.splitlines()[-1])
    assert last_line["level"] == "critical"
    assert last_line["event_type"] == f"pruefpfad.{topic}"
    assert (last_line["origin"], last_line["position"]) == ("intake/main", str(position))
    assert system.relays["intake"].exit_code is None


def a_budget_line(system: DistributedSystem, example: Path, key: str, year: int) -> dict[str, Any]:
    scenario = scenario_of(example)
    payload = {
        "programme": scenario.programme,
        "fund": "Land",
        "year": year,
        "ceiling": "1000.00",
        "effective_on": "2020-11-03",
    }
    cast = scenario.cast(system.key)
    return cast.message(script.BUDGET_OFFICER, "budgeting.open_budget_line", key, payload)
