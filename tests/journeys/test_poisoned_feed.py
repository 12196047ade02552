"""A poisoned feed, end to end: parked, inspected, mended, retried in order, and nothing lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import pytest

from grant_audit.exports import operations_list
from grant_audit.pages import ALL_KINDS
from grant_contracts.intake import ApplicationWithdrawn
from grant_contracts.upcasters import STEPS
from grant_store.opening import open_store
from grant_store.rows import Document
from grant_store.store import Store
from grant_values.cases import case_id_of
from journeys.poisoning import OTHER, POISONED, Operator, Sequel, ending, poison
from journeys.published_list import play, play_embedded, purpose_of
from pruefpfad.embedded import EmbeddedSystem
from pruefpfad.scripted.records import StoredRecords
from support.broker_users import OPERATOR, users_in_a_virtual_host_of_their_own
from support.distributed import DistributedSystem
from support.postgres import PostgresServer
from support.rabbitmq import RabbitServer
from support.roles import roles_in_a_database_of_their_own

CASE = str(case_id_of(POISONED))
FOLLOWERS = ("audit", "budgeting")
Ending = dict[str, Any]


def embedded_ending(system: EmbeddedSystem) -> Ending:
    audit = system.stores["audit"]
    return ending(StoredRecords(audit), operations_list(audit, date.max))


@pytest.fixture(scope="module")
def undisturbed(short_example: Path, tmp_path_factory: pytest.TempPathFactory) -> Ending:
    """The end of a run in which everybody knows every event."""
    folder = tmp_path_factory.mktemp("undisturbed")
    play_embedded(short_example, folder)
    with EmbeddedSystem(folder) as system:
        records = StoredRecords(system.stores["audit"])
        sequel = Sequel(short_example, system, records, system.key)
        for happens in (sequel.withdraw, sequel.return_payment):
            assert happens(POISONED).kind == "recorded"
            system.settle()
        assert sequel.withdraw(OTHER).kind == "recorded"
        system.settle()
        return embedded_ending(system)


def the_case_is_parked_and_the_others_go_on(
    sequel: Sequel, operator: Operator, position: int
) -> None:
    sequel.settle()
    assert sequel.return_payment(POISONED).kind == "recorded", "no event waits in disbursement"
    assert sequel.withdraw(OTHER).kind == "recorded"
    sequel.settle()

    first, behind = operator.parked("budgeting")
    assert (first["upstream"], first["position"], first["attempts"]) == ("intake/main", position, 1)
    assert first["reason"].endswith("has version 2; 1 is known.")
    assert (behind["upstream"], behind["event"]) == (
        "disbursement/main",
        "disbursement.PaymentReturned",
    )
    assert behind["reason"] == f"waits behind intake/main/{position}"
    assert {each["case"] for each in operator.parked("audit")} == {CASE}
    refused = sequel.notify(POISONED)
    assert (refused.kind, refused.code) == ("not_yet", "parked")
    shown = operator.shown("budgeting", f"intake/main/{position}")["data"]
    assert (shown["schemaversion"], shown["data"]["new_in_version_2"]) == ("2", True)

    feeds = operator.feeds()
    assert all(each["lag_events"] == 0 for each in feeds.values())
    assert feeds["budgeting", "intake/main"]["parked"] == 1
    assert feeds["budgeting", "disbursement/main"]["parked"] == 1
    assert feeds["eligibility", "intake/main"]["parked"] == 0


def a_retry_before_the_cause_is_mended_counts_and_changes_nothing(operator: Operator) -> None:
    failed = operator.call("parked", "retry", "budgeting", POISONED)

    assert failed.exit_code == 5, failed.output
    assert "still parked: 2, the first of them intake/main/" in failed.output
    assert [each["attempts"] for each in operator.parked("budgeting")] == [2, 0]


def a_retry_after_it_is_mended_applies_everything_in_order(operator: Operator) -> None:
    for service in FOLLOWERS:
        retried = operator.call("parked", "retry", service, POISONED)
        assert retried.exit_code == 0, retried.output
        assert operator.parked(service) == []


def nothing_is_parked_and_nobody_is_behind(operator: Operator) -> None:
    feeds = operator.feeds().values()
    assert {(each["lag_events"], each["parked"]) for each in feeds} == {(0, 0)}
    assert max(each["lag_seconds"] for each in feeds) == 0


def a_replay_ends_with_the_same_bytes(operator: Operator, audit: Store) -> None:
    before = pages_of(audit)

    replayed = operator.call("feeds", "replay", "--follower", "audit", "--from", "0")

    assert replayed.exit_code == 0, replayed.output
    assert before
    assert pages_of(audit) == before
    nothing_is_parked_and_nobody_is_behind(operator)


def pages_of(audit: Store) -> list[Document]:
    """Every document of the read model, byte for byte."""
    return [page for kind in ALL_KINDS for page in audit.documents(kind)]


def test_in_one_process(
    short_example: Path, tmp_path: Path, undisturbed: Ending, monkeypatch: pytest.MonkeyPatch
) -> None:
    play_embedded(short_example, tmp_path)
    with EmbeddedSystem(tmp_path) as system:
        records = StoredRecords(system.stores["audit"])
        sequel = Sequel(short_example, system, records, system.key)
        operator = Operator(system.key, tmp_path, {})
        position = poison(system.stores["intake"], POISONED)
        the_case_is_parked_and_the_others_go_on(sequel, operator, position)
        a_retry_before_the_cause_is_mended_counts_and_changes_nothing(operator)

        monkeypatch.setattr(ApplicationWithdrawn, "VERSION", 2)
        monkeypatch.setitem(STEPS, (ApplicationWithdrawn.TOPIC, 1), dict)
        a_retry_after_it_is_mended_applies_everything_in_order(operator)
        system.settle()

        nothing_is_parked_and_nobody_is_behind(operator)
        assert embedded_ending(system) == undisturbed
        a_replay_ends_with_the_same_bytes(operator, system.stores["audit"])


class Deployment(NamedTuple):
    """Services under their own users, and the addresses at which an operator works."""

    system: DistributedSystem
    addresses: dict[str, str]


@pytest.fixture
def deployment(
    postgres_server: PostgresServer,
    rabbit_server: RabbitServer,
    short_example: Path,
    tmp_path: Path,
) -> Iterator[Deployment]:
    name = f"poisoned_{uuid4().hex}"
    with (
        roles_in_a_database_of_their_own(postgres_server, name) as roles,
        users_in_a_virtual_host_of_their_own(rabbit_server, name, tmp_path) as users,
        DistributedSystem(
            roles.superuser,
            rabbit_server.url(name),
            tmp_path,
            demonstration=purpose_of(short_example),
            roles=roles,
            users=users,
        ) as system,
    ):
        addresses = {
            "PRUEFPFAD_DATABASE_URL": roles.dsn("reader"),
            "PRUEFPFAD_AMQP_URL": users.url(OPERATOR),
        }
        yield Deployment(system, addresses)


def test_on_servers(
    deployment: Deployment, short_example: Path, tmp_path: Path, undisturbed: Ending
) -> None:
    system = deployment.system
    play(short_example, system.authority, system.records, system.key)
    sequel = Sequel(short_example, system.authority, system.records, system.key)
    operator = Operator(system.key, tmp_path / "nothing here", deployment.addresses)
    audit = system.services["audit"]
    system.kill(audit)
    with closing(open_store(system.database_url, "intake")) as intake:
        position = poison(intake, POISONED)
    behind = operator.feeds()["audit", "intake/main"]
    assert (behind["lag_events"], behind["parked"]) == (1, 0)
    assert behind["lag_seconds"] > 0
    audit.start()
    system.wait_for_service("audit")

    the_case_is_parked_and_the_others_go_on(sequel, operator, position)
    a_retry_before_the_cause_is_mended_counts_and_changes_nothing(operator)

    for name in FOLLOWERS:
        system.upgrade(name)
    a_retry_after_it_is_mended_applies_everything_in_order(operator)
    system.settle()

    nothing_is_parked_and_nobody_is_behind(operator)
    assert ending(system.records, system.records.operations_csv("9999-12-31")) == undisturbed
    with closing(open_store(system.database_url, "audit")) as store:
        a_replay_ends_with_the_same_bytes(operator, store)
