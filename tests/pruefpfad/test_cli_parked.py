"""`pruefpfad parked` and `feeds` on a data directory in which one case of two is parked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result

from grant_audit.pages import ALL_KINDS
from grant_contracts.intake import CompletenessChecked
from grant_store.rows import Append, Document, NewEvent, Tracked
from grant_store.sqlite import SQLiteStore
from grant_values.cases import case_id_of
from grant_values.shapes import Actor
from pruefpfad.assembly import SERVICES
from pruefpfad.cli.root import main
from pruefpfad.embedded import EmbeddedSystem
from pruefpfad.feeds import FeedStatus, feed_status
from pruefpfad.keys import signing_key, token_for
from pruefpfad.scripted import script, story
from pruefpfad.scripted.script import Cast
from pruefpfad.sources.definitions import checked

ZIQ = Path(__file__).resolve().parents[2] / "examples" / "zusammen-im-quartier"
APPLICATION = json.loads((ZIQ / "application.json").read_text(encoding="utf-8"))
CASE, OTHER = APPLICATION["reference"], "ZIQ-2020-0002"


def call(data: Path, *words: str, by: str = "S-1801", role: str = "operator") -> Result:
    token = a_token(data, by, role)
    return CliRunner().invoke(
        main, ["--data", str(data), *words], env={"PRUEFPFAD_ACTOR_TOKEN": token}
    )


def a_token(data: Path, by: str, role: str = "operator") -> str:
    return token_for(signing_key(data / "keys"), Actor(by, role), date(2020, 1, 1), date.max)


def said(data: Path, *words: str) -> Any:
    result = call(data, *words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two applications; of one, eligibility and audit cannot read the check of completeness."""
    with EmbeddedSystem(tmp_path) as system:
        cast = Cast(system.key, *story.MANDATES)
        system.declare_demonstration("test")
        for key, (role, command, payload) in enumerate(_steps()):
            answer = system.ask(cast.message(role, command, str(key), payload))
            assert answer.kind == "recorded", answer
    with monkeypatch.context() as older:
        older.setattr(CompletenessChecked, "VERSION", 0)
        check_completeness(tmp_path, CASE)
    return tmp_path


def check_completeness(data: Path, reference: str) -> None:
    check = {"reference": reference, "checklist": "ziq", "effective_on": "2021-01-10"}
    with EmbeddedSystem(data) as system:
        cast = Cast(system.key, *story.MANDATES)
        message = cast.message(script.CHECKER, "intake.check_completeness", reference, check)
        assert system.ask(message).kind == "recorded"


def _steps() -> Iterator[tuple[script.Role, str, dict[str, Any]]]:
    ministry = script.MANAGING_AUTHORITY
    named = {"programme": APPLICATION["programme"], "call": APPLICATION["call"]}
    days = {"programme_version": "v1", "opens_on": "2020-11-03", "closes_on": "2021-01-31"}
    yield ministry, "intake.register_programme", {"definition": checked(ZIQ / "programme.toml")}
    yield ministry, "intake.open_call", {**named, **days}
    for reference in (CASE, OTHER):
        application = {**APPLICATION, "reference": reference}
        yield script.APPLICANT, "intake.submit_application", application


@pytest.fixture
def place(data: Path) -> str:
    """Where the parked event stands: the last one of intake."""
    with closing(SQLiteStore(data / "intake.main.sqlite3", "intake")) as intake:
        return f"intake/main/{intake.head().position}"


class TestParked:
    def test_the_list_says_what_waits_for_what_reason_since_when(
        self, data: Path, place: str
    ) -> None:
        [row] = said(data, "parked", "list", "--service", "eligibility")

        assert row.pop("since").startswith(str(datetime.now(UTC).year))
        assert row == {
            "service": "eligibility",
            "upstream": "intake/main",
            "case": str(case_id_of(CASE)),
            "position": int(place.rpartition("/")[2]),
            "event": "intake.CompletenessChecked",
            "reason": "ValueError: intake.CompletenessChecked has version 1; 0 is known.",
            "attempts": 1,
        }

    def test_the_list_is_a_table_for_people(self, data: Path) -> None:
        result = call(data, "parked", "list")

        assert "2 parked events" in result.output
        assert str(case_id_of(CASE)) in result.output
        assert "has version 1; 0 is known" in result.output

    @pytest.mark.parametrize("case", [CASE, str(case_id_of(CASE))], ids=["reference", "id"])
    def test_the_list_of_one_case(self, data: Path, case: str) -> None:
        services = [row["service"] for row in said(data, "parked", "list", "--case", case)]

        assert services == ["audit", "eligibility"]
        assert said(data, "parked", "list", "--case", OTHER) == []

    def test_one_is_shown_whole(self, data: Path, place: str) -> None:
        shown = said(data, "parked", "show", "eligibility", place)

        assert shown["data"]["type"] == "pruefpfad.intake.CompletenessChecked"
        assert shown["data"]["data"]["checklist"] == "ziq"
        assert shown["reason"].endswith("0 is known.")
        text = call(data, "parked", "show", "eligibility", place).output
        assert "0 is known." in text
        assert '"checklist": "ziq"' in text

    @pytest.mark.parametrize("other", ["intake/main/1", "intake", "7", "intake/main/0"])
    def test_a_place_where_nothing_is_parked_is_named(self, data: Path, other: str) -> None:
        result = call(data, "parked", "show", "eligibility", other)

        assert result.exit_code == 4
        assert result.stderr.startswith("place: expected")

    def test_a_retry_applies_it_and_says_what_is_left_otherwise(
        self, data: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as older:
            older.setattr(CompletenessChecked, "VERSION", 0)
            failed = call(data, "parked", "retry", "eligibility", CASE)
        retried = call(data, "parked", "retry", "eligibility", CASE)
        again = call(data, "parked", "retry", "eligibility", CASE)

        assert (failed.exit_code, retried.exit_code, again.exit_code) == (5, 0, 4)
        assert "after 2 attempts: ValueError" in failed.stderr
        assert again.stderr == "payload.case_id: expected a case with parked events\n"
        assert {row["service"] for row in said(data, "parked", "list")} == {"audit"}

    def test_a_retry_of_all_takes_case_by_case(
        self, data: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as older:
            older.setattr(CompletenessChecked, "VERSION", 0)
            check_completeness(data, OTHER)
            failed = call(data, "parked", "retry", "eligibility", "--all")
        assert failed.exit_code == 5
        assert failed.stderr.count("still parked: 1") == 2

        told = said(data, "parked", "retry", "eligibility", "--all")

        assert [answer["kind"] for answer in told] == ["recorded", "recorded"]
        assert {row["service"] for row in said(data, "parked", "list")} == {"audit"}
        assert said(data, "parked", "retry", "eligibility", "--all") == []
        assert call(data, "parked", "retry", "eligibility").exit_code == 4

    def test_a_retry_of_all_ends_at_the_first_that_is_refused(
        self, data: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as older:
            older.setattr(CompletenessChecked, "VERSION", 0)
            check_completeness(data, OTHER)
        words = ("parked", "retry", "eligibility", "--all", "--json")

        refused = call(data, *words, role="decider")

        assert refused.exit_code == 3
        assert [answer["reason"] for answer in json.loads(refused.stdout)] == ["role_not_entitled"]

    def test_what_is_parked_on_the_way_does_not_mix_with_the_answer(
        self, data: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The log goes to standard error, so that programs can read the output."""
        with closing(SQLiteStore(data / "audit.main.sqlite3", "audit")) as audit:
            audit.append(Append(start_over=["intake/main"]))
        monkeypatch.setattr(CompletenessChecked, "VERSION", 0)

        assert [line["reference"] for line in said(data, "case", "list")["cases"]] == [CASE, OTHER]
        assert "audit" in {row["service"] for row in said(data, "parked", "list")}

    def test_a_retry_is_for_operators(self, data: Path) -> None:
        result = call(data, "parked", "retry", "eligibility", CASE, role="decider")

        assert result.exit_code == 3
        assert "role_not_entitled" in result.output

    def test_discarding_needs_a_second_person_and_goes_on_record(
        self, data: Path, place: str
    ) -> None:
        words = ("parked", "discard", "eligibility", CASE, place, "--reason", "sent by mistake")
        second = ("--second-actor-token", a_token(data, "S-1802"))

        assert "second_person_missing" in call(data, *words).output
        assert call(data, *words, *second).exit_code == 0

        assert said(data, "parked", "list", "--service", "eligibility") == []
        assert call(data, "parked", "retry", "audit", CASE).exit_code == 0
        told = call(data, "case", "history", CASE, "--lang", "en").output
        assert f"S-1801 and S-1802 discarded intake.CompletenessChecked ({place})" in told
        assert "sent by mistake" in told

    def test_nothing_is_discarded_from_the_audit(self, data: Path, place: str) -> None:
        result = call(data, "parked", "discard", "audit", CASE, place, "--reason", "r")

        assert result.exit_code == 4
        assert "audit keeps whatever happened" in result.stderr

    def test_a_directory_without_stores_is_said_in_words(self, tmp_path: Path) -> None:
        empty = tmp_path / "empty"

        assert "holds none of the lane main" in call(empty, "parked", "list").stderr
        empty.joinpath("keys").rename(tmp_path / "keys")
        empty.rmdir()
        token = a_token(tmp_path, "S-1801")
        words = ["--data", str(empty), "parked", "retry", "audit", CASE, "--actor-token", token]
        retried = CliRunner().invoke(main, words)
        assert "expected that of an embedded run" in retried.stderr
        assert not empty.exists()


class TestFeeds:
    def test_each_follower_is_shown_with_each_upstream(self, data: Path, place: str) -> None:
        position = int(place.rpartition("/")[2])
        feeds = {(each["follower"], each["upstream"]): each for each in said(data, "feeds")}

        assert len(feeds) == sum(len(each.policies.upstreams) for each in SERVICES.values())
        assert feeds["eligibility", "intake/main"] == {
            "follower": "eligibility",
            "upstream": "intake/main",
            "position": position,
            "head": position,
            "lag_seconds": 0.0,
            "parked": 1,
            "lag_events": 0,
        }
        table = call(data, "feeds").output
        assert "lag seconds" in table
        assert "disbursement" in table

    def test_what_nobody_has_followed_yet_is_a_lag(self, data: Path) -> None:
        with closing(SQLiteStore(data / "budgeting.main.sqlite3", "budgeting")) as budgeting:
            budgeting.append(Append(events=[an_event(), an_event(), an_event()]))

        feeds = {(each["follower"], each["upstream"]): each for each in said(data, "feeds")}

        assert feeds["audit", "budgeting/main"]["lag_events"] == 3
        assert feeds["eligibility", "intake/main"]["lag_events"] == 0

    def test_the_lag_in_seconds_is_the_age_of_the_oldest_event_not_followed(
        self, tmp_path: Path
    ) -> None:
        ticks = iter(range(0, 1_000, 10))
        start = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)
        stores = {
            name: SQLiteStore(
                tmp_path / f"{name}.sqlite3", name, clock=lambda: start + timedelta(0, next(ticks))
            )
            for name in SERVICES
        }
        for store in stores.values():
            store.migrate()
        for _ in range(3):
            stores["intake"].append(Append(events=[an_event()]))
        stores["audit"].append(Append(tracking=[Tracked("intake/main", 1, b"")]))

        [audit] = [
            each
            for each in feed_status(stores, start + timedelta(seconds=60))
            if (each.follower, each.upstream) == ("audit", "intake/main")
        ]

        assert audit == FeedStatus("audit", "intake/main", 1, 3, lag_seconds=50.0, parked=0)
        for store in stores.values():
            store.close()


class TestReplay:
    def test_a_replayed_read_model_is_the_same_to_the_byte(self, data: Path) -> None:
        assert call(data, "parked", "retry", "audit", CASE).exit_code == 0
        before = all_pages(data)

        result = call(data, "feeds", "replay", "--follower", "audit", "--from", "0")

        assert result.exit_code == 0, result.output
        assert before
        assert all_pages(data) == before
        assert {each["lag_events"] for each in said(data, "feeds")} == {0}
        assert "intake/main" in result.stderr

    def test_what_was_parked_of_it_is_tried_again(self, data: Path) -> None:
        call(data, "feeds", "replay", "--follower", "audit", "--from", "0")

        assert [row["service"] for row in said(data, "parked", "list")] == ["eligibility"]
        assert "CompletenessChecked" in call(data, "case", "history", CASE, "--json").output

    @pytest.mark.parametrize("follower", ["eligibility", "budgeting", "disbursement", "intake"])
    def test_what_decides_is_not_replayed(self, data: Path, follower: str) -> None:
        result = call(data, "feeds", "replay", "--follower", follower, "--from", "0")

        assert result.exit_code == 4
        assert result.stderr.startswith("follower: expected a read model (audit)")

    def test_a_read_model_is_not_begun_in_the_middle(self, data: Path) -> None:
        before = all_pages(data)

        result = call(data, "feeds", "replay", "--follower", "audit", "--from", "3")

        assert result.exit_code == 4
        assert result.stderr.startswith("payload.from_position: expected 0")
        assert all_pages(data) == before


def all_pages(data: Path) -> list[Document]:
    with closing(SQLiteStore(data / "audit.main.sqlite3", "audit")) as audit:
        return [page for kind in ALL_KINDS for page in audit.documents(kind)]


def an_event() -> NewEvent:
    return NewEvent(uuid4(), uuid4(), 1, "budgeting.FundsEarmarked", 1, b"{}", b"{}")
