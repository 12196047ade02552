"""What is served is rebuilt from events and compared; whatever differs is named (R86, R90)."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from click.testing import CliRunner, Result

from grant_audit.as_of import AsOf, rebuilt
from grant_audit.pages import ALL_KINDS, HISTORY, SECTIONS
from grant_audit.rebuilding import RebuiltPages
from grant_bus.feed import event_of, message_of
from grant_bus.parked import EVENT, ParkedEvent
from grant_store.opening import open_store
from grant_store.rows import Tracked
from grant_store.store import Store
from pruefpfad.assembly import SERVICES
from pruefpfad.cli.root import main
from pruefpfad.rebuilt.check import check as rebuild_and_compare
from support.story import heads, record_more, tell_story

Check = Callable[..., Result]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tell_story(tmp_path_factory.mktemp("told") / "story")


@pytest.fixture
def data(told: Path, tmp_path: Path) -> Path:
    """A copy of it, to be meddled with."""
    copy = tmp_path / "data"
    shutil.copytree(told, copy)
    return copy


def check(data: Path, *words: str) -> Result:
    result = CliRunner().invoke(main, ["--data", str(data), "replay", "check", *words])
    assert not result.exception or isinstance(result.exception, SystemExit), result.exception
    return result


def report(data: Path, *words: str) -> Any:
    return json.loads(check(data, "--json", *words).stdout)


def named(data: Path) -> list[tuple[str, str, str]]:
    """Service, kind and name of each difference, after an exit that says that there is one."""
    result = check(data, "--json")
    assert result.exit_code == 1
    return [
        (each["service"], difference["what"], difference["name"])
        for each in json.loads(result.stdout)["reports"]
        for difference in each["named"]
    ]


def meddle(data: Path, service: str, *statements: str) -> None:
    """Change a store behind its own back."""
    with closing(sqlite3.connect(data / f"{service}.main.sqlite3")) as connection, connection:
        for statement in statements:
            changed = connection.execute(statement)
            assert changed.rowcount, statement


def test_what_the_story_serves_is_what_its_events_lead_to(told: Path) -> None:
    result = check(told)
    assert result.exit_code == 0, result.output
    found = report(told)
    assert found["equal"]
    assert {each["service"]: each["position"] for each in found["reports"]} == heads(told)
    assert all(each["aggregates"] for each in found["reports"])
    assert sum(each["documents"] for each in found["reports"]) > 90


@pytest.mark.parametrize(
    ("service", "upstream"),
    [(service, service) for service in ("intake", "eligibility", "budgeting", "disbursement")],
)
def test_at_every_position_the_prefix_rebuilt_and_continued_is_the_whole(
    told: Path, service: str, upstream: str
) -> None:
    stops = [f"--at={upstream}/{position}" for position in range(1, heads(told)[upstream] + 1)]
    found = report(told, *stops, "--service", service, "--service", "audit")
    assert found["equal"]
    states = [state["at"] for each in found["reports"] for state in each["states"]]
    assert [at for at in states if at.startswith(upstream)] == [each[5:] for each in stops]


def test_the_state_at_a_position_has_the_same_hash_whatever_was_recorded_since(data: Path) -> None:
    positions = ("budgeting/main/10", *(f"{service}/{at}" for service, at in heads(data).items()))
    at = [f"--at={each}" for each in positions if not each.startswith("audit")]

    def states() -> set[tuple[str, str]]:
        [audit] = report(data, *at, "--service", "audit")["reports"]
        return {(state["at"], state["sha256"]) for state in audit["states"]}

    before = states()
    record_more(data)
    assert before < states()
    assert len(before) == len(at)


@pytest.mark.parametrize(
    ("service", "statement", "name"),
    [
        (
            "budgeting",
            "UPDATE work_documents SET body = '\"other\"' WHERE kind = 'reference'",
            "reference/",
        ),
        ("budgeting", "DELETE FROM work_documents WHERE kind = 'programme'", "programme/"),
        (
            "eligibility",
            "INSERT INTO work_documents VALUES ('programme', 'none/v1', '{}')",
            "programme/none/v1",
        ),
        (
            "disbursement",
            "INSERT INTO work_documents VALUES ('awaiting', 'a/v1/2021/X-1', '{}')",
            "awaiting/a/v1/2021/X-1",
        ),
        (
            "disbursement",
            "INSERT INTO work_documents VALUES ('unheard-of', 'key', '{}')",
            "unheard-of/key",
        ),
        (
            "audit",
            "UPDATE work_documents SET body = replace(CAST(body AS TEXT), '900000', '900001')"
            " WHERE kind = 'case' AND key LIKE '%/disbursement'",
            "case/",
        ),
        ("audit", "DELETE FROM work_documents WHERE kind = 'run'", "run/"),
        (
            "audit",
            "DELETE FROM work_documents WHERE key = (SELECT max(key) FROM work_documents"
            " WHERE kind = 'history')",
            "history/",
        ),
        (
            "audit",
            "INSERT INTO work_documents VALUES ('history',"
            " '-/2021-01-01T00:00:00.000000+00:00/intake/000000000001', '{}')",
            "history/-/2021-01-01",
        ),
    ],
)
def test_a_document_that_is_not_what_the_events_lead_to_is_named(
    data: Path, service: str, statement: str, name: str
) -> None:
    meddle(data, service, statement)
    [(where, what, found)] = named(data)
    assert (where, what) == (service, "document")
    assert found.startswith(name)


def test_what_is_parked_is_missing_from_what_is_served_and_named(data: Path) -> None:
    """Whoever parks an event and takes its page away has hidden it, unless the check says so."""
    with closing(open_store(f"sqlite:///{data}", "intake")) as store:
        [row] = [each for each in store.events_after(0, 100) if each.topic == "intake.CallOpened"]
        event = event_of(store.origin, row)
    parked = ParkedEvent(
        case_id=uuid4(),
        number=1,
        event=msgspec.Raw(message_of(event)),
        error="x",
        parked_at=datetime.now(UTC),
        attempts=1,
    )
    meddle(
        data,
        "audit",
        "DELETE FROM work_documents WHERE kind IN ('call', 'call-name')"
        f" OR kind = 'history' AND key LIKE '%/intake/{row.position:012}'",
        f"INSERT INTO work_documents (kind, key, body) VALUES ('{EVENT}', '{parked.key}',"
        f" x'{msgspec.json.encode(parked).hex()}')",
    )

    people, programs = check(data), check(data, "--json")

    assert (people.exit_code, programs.exit_code) == (6, 6), people.output
    assert f"audit: zurückgestellt und nicht angewandt: intake/main/{row.position}" in people.output
    assert json.loads(programs.stdout)["parked"] == 1


EVERY_SERVICE = pytest.mark.parametrize("service", sorted(SERVICES))


def documents_in(data: Path, service: str) -> set[str]:
    with closing(sqlite3.connect(data / f"{service}.main.sqlite3")) as connection:
        return {
            f"{kind}/{key}"
            for kind, key in connection.execute("SELECT kind, key FROM work_documents")
        }


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("UPDATE work_documents SET body = CAST(body AS TEXT) || ' '", "other content"),
        ("DELETE FROM work_documents", "it is not there"),
    ],
)
def test_of_every_service_every_document_that_is_altered_or_missing_is_named(
    data: Path, statement: str, why: str
) -> None:
    served = {service: documents_in(data, service) for service in SERVICES}
    for service in (name for name, names in served.items() if names):
        meddle(data, service, statement)

    reports = {each["service"]: each for each in report(data)["reports"]}

    for service, names in served.items():
        found = {each["name"]: each["why"] for each in reports[service]["named"]}
        documents = {name for name, said in found.items() if said.endswith(why)}
        assert documents == names, service
    assert all(served[service] for service in ("eligibility", "budgeting", "disbursement", "audit"))


def test_of_every_kind_a_document_to_which_no_event_leads_is_named(data: Path) -> None:
    further = "SELECT kind, key || 'x', body FROM work_documents"
    served = {service: documents_in(data, service) for service in SERVICES}
    for service in (name for name, names in served.items() if names):
        meddle(data, service, f"INSERT INTO work_documents {further}")

    reports = {each["service"]: each for each in report(data)["reports"]}

    for service, names in served.items():
        found = {each["name"]: each["why"] for each in reports[service]["named"]}
        assert found == {f"{name}x": "no event leads to it" for name in names}, service


@EVERY_SERVICE
def test_whatever_a_service_followed_last_is_compared_with_the_event_on_record(
    data: Path, service: str
) -> None:
    with closing(sqlite3.connect(data / f"{service}.main.sqlite3")) as connection:
        tracked = dict(
            connection.execute(
                "SELECT upstream, position FROM work_tracking WHERE upstream LIKE '%/%'"
            )
        )
    if tracked:
        meddle(data, service, "UPDATE work_tracking SET leaf_hash = zeroblob(32)")

    [checked] = report(data, "--service", service)["reports"]

    named_at = {each["name"] for each in checked["named"] if each["what"] == "tracking"}
    assert named_at == {f"{origin[:-5]}/{position}" for origin, position in tracked.items()}


@pytest.mark.parametrize(
    ("service", "statement", "why"),
    [
        (
            "budgeting",
            "UPDATE ledger_outcomes SET kind = 'recorded', reason = '' WHERE kind = 'refused'",
            "the events lead to 'refused",
        ),
        (
            "disbursement",
            "UPDATE ledger_outcomes SET reason = 'other' WHERE kind = 'refused'",
            "the events lead to 'refused",
        ),
        (
            "intake",
            "UPDATE ledger_outcomes SET kind = 'refused', reason = 'late'",
            "the events lead to 'recorded'",
        ),
        (
            "intake",
            "UPDATE ledger_outcomes SET first_position = first_position + 1",
            "its events stand at",
        ),
        ("eligibility", "DELETE FROM ledger_outcomes", "it is not there"),
    ],
)
def test_what_became_of_a_command_is_compared_with_the_events_that_it_recorded(
    data: Path, service: str, statement: str, why: str
) -> None:
    triggers = ("ledger_outcomes_stay", "ledger_outcomes_remain")
    with closing(sqlite3.connect(data / f"{service}.main.sqlite3")) as connection, connection:
        for trigger in triggers:
            connection.execute(f"DROP TRIGGER {trigger}")
        changed = connection.execute(statement).rowcount

    [checked] = report(data, "--service", service)["reports"]

    assert checked["differences"] == changed > 0
    assert {each["what"] for each in checked["named"]} == {"outcome"}
    assert all(why in each["why"] for each in checked["named"])


def test_the_pages_at_a_position_are_those_of_an_answer_at_the_position(told: Path) -> None:
    """`replay check` and `--position` rebuild by ways of their own, and must meet."""
    with ExitStack() as opened:
        stores: dict[str, Any] = {
            name: opened.enter_context(closing(open_store(f"sqlite:///{told}", name)))
            for name in SERVICES
        }
        for service in SECTIONS:
            for position in range(1, stores[service].head().position):
                outcome = rebuild_and_compare(stores, ["audit"], {service: {position}})
                [state] = [
                    each for each in outcome.reports[0].states if each.at == f"{service}/{position}"
                ]
                at = {**dict.fromkeys(SECTIONS, 0), service: position}
                pages = rebuilt(stores, AsOf(positions=at), with_history=True)
                assert state.sha256 == hash_of(pages)


def hash_of(pages: RebuiltPages) -> str:
    """History in the order of recording, then all other pages by kind and key."""
    content = sha256()
    history = sorted(pages.documents(HISTORY), key=lambda page: page.key.rpartition("/")[2])
    for page in history:
        content.update(page.key.encode() + b"\n" + (page.body or b""))
    others = [page for kind in set(ALL_KINDS) - {HISTORY} for page in pages.documents(kind)]
    for page in sorted(others, key=lambda each: (each.kind, each.key)):
        content.update(b"\n".join((page.kind.encode(), page.key.encode(), page.body or b"")))
    return content.hexdigest()


def test_a_ledger_that_was_rewritten_no_longer_leads_to_what_is_served(data: Path) -> None:
    meddle(
        data,
        "budgeting",
        "DROP TRIGGER ledger_events_stay",
        "UPDATE ledger_events SET state = replace(CAST(state AS TEXT), '1745704', '1745705')"
        " WHERE topic = 'budgeting.FundsEarmarked'",
    )
    found = named(data)
    assert any(name.startswith("line/") for _, _, name in found)
    assert any(name.startswith("history/") for _, _, name in found)


def test_an_event_that_its_aggregate_cannot_have_had_is_named_with_its_position(
    data: Path,
) -> None:
    meddle(
        data,
        "budgeting",
        "DROP TRIGGER ledger_events_stay",
        "UPDATE ledger_events SET originator_version = 99 WHERE position = 7",
    )
    assert ("budgeting", "aggregate", "budgeting.FindingNoted at budgeting/7") in named(data)


def test_an_upstream_whose_event_is_another_than_the_one_followed_is_named(data: Path) -> None:
    meddle(
        data,
        "eligibility",
        "UPDATE work_tracking SET leaf_hash = zeroblob(32) WHERE upstream = 'intake/main'",
    )
    assert named(data) == [("eligibility", "tracking", "intake/6")]


def test_one_service_alone_can_be_checked(data: Path) -> None:
    meddle(data, "budgeting", "DELETE FROM work_documents WHERE kind = 'programme'")
    assert check(data, "--service", "intake").exit_code == 0
    assert check(data, "--service", "budgeting").exit_code == 1


@pytest.mark.parametrize(
    "text",
    ["budgeting", "budgeting/x", "none/1", "budgeting/999", "intake/0", "budgeting/other/1"],
)
def test_a_position_that_cannot_be_is_refused_with_what_was_expected(told: Path, text: str) -> None:
    result = check(told, "--at", text)
    assert result.exit_code == 4
    assert result.stderr.startswith("at: expected ")


class Follows:
    """A store that is followed further each time that somebody asks how far."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._asked = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def tracked(self, upstream: str) -> Tracked:
        self._asked += 1
        tracked = self._store.tracked(upstream)
        return tracked._replace(position=min(self._asked, tracked.position))


def test_a_service_that_goes_on_meanwhile_is_named(told: Path) -> None:
    with ExitStack() as opened:
        stores: dict[str, Any] = {
            name: opened.enter_context(closing(open_store(f"sqlite:///{told}", name)))
            for name in SERVICES
        }
        assert rebuild_and_compare(stores).moved == []
        stores["audit"] = Follows(stores["audit"])
        assert rebuild_and_compare(stores).moved == ["audit"]
