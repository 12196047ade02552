"""Whoever speaks AMQP can send and ask: the documented example does, with nothing of ours in it."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from bus.rabbit.parties import waiting
from bus.rabbit.post import DEADLINE_SECONDS, Asker
from grant_bus.rabbit import command_queue_name
from grant_values.cases import case_id_of
from grant_values.personal import place_of
from journeys.budget_office import ceilings
from journeys.published_list import scenario_of
from pruefpfad.cli.border_keys import published_key
from pruefpfad.scripted import script
from pruefpfad.scripted.script import Cast, Role
from pruefpfad.scripted.story import MANDATES
from pruefpfad.sources.definitions import checked
from support.distributed import LANE, DistributedSystem

EXAMPLE = Path(__file__).parents[2] / "examples" / "send-a-command"
SCRIPT = EXAMPLE / "send_a_command.py"
APPLICANT, AUDITOR = script.APPLICANT, Role("S-1901", "auditor")


GIVEN = json.loads((EXAMPLE / "open_budget_line.json").read_text(encoding="utf-8"))


class Example:
    """The example as a process of its own, with the files that it wants."""

    def __init__(self, office: DistributedSystem, folder: Path) -> None:
        self._amqp_url = office.amqp_url
        self._folder = folder
        key = office.key.as_dict(private=True)
        (folder / "key.json").write_text(json.dumps(key), encoding="utf-8")

    def run(self, **changes: Any) -> subprocess.CompletedProcess[str]:
        command_file = self._folder / "command.json"
        command_file.write_text(json.dumps({**GIVEN, **changes}), encoding="utf-8")
        files = [str(self._folder / "key.json"), str(command_file)]
        return subprocess.run(
            [sys.executable, "-P", str(SCRIPT), self._amqp_url, *files],
            capture_output=True,
            text=True,
            timeout=60,
        )

    def printed(self, **changes: Any) -> list[Any]:
        done = self.run(**changes)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def example(office: DistributedSystem, tmp_path: Path) -> Example:
    return Example(office, tmp_path)


@pytest.fixture
def asker(office: DistributedSystem) -> Iterator[Asker]:
    made = Asker(office.amqp_url, LANE)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("script", "needed"),
    [("send_a_command.py", {"kombu", "joserfc"}), ("enclose.py", {"cryptography"})],
)
def test_the_example_imports_nothing_of_ours(script: str, needed: set[str]) -> None:
    imported: set[str] = set()
    for node in ast.walk(ast.parse((EXAMPLE / script).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(str(node.module).partition(".")[0])

    assert needed <= imported <= {*sys.stdlib_module_names, *needed}


def test_the_example_opens_a_budget_line_and_sees_its_own_write(example: Example) -> None:
    answer, seen = example.printed()

    assert (answer["kind"], answer["key"]) == ("recorded", GIVEN["key"])
    [line] = [line for line in seen["value"] if line["year"] == GIVEN["payload"]["year"]]
    assert line["ceiling_cents"] == 100_000


def test_the_example_run_again_gets_the_same_answer(example: Example) -> None:
    assert example.printed()[0] == example.printed()[0]


def test_the_example_sends_again_after_a_time_out_and_the_command_is_carried_out_once(
    office: DistributedSystem, example: Example
) -> None:
    payload = {**GIVEN["payload"], "year": 2033}
    budgeting = office.services["budgeting"]
    head = office.client.ask("budgeting", "head")["value"]["position"]
    office.kill(budgeting)

    with ThreadPoolExecutor(1) as pool:
        printed = pool.submit(example.printed, key="late", payload=payload)
        wait_until_sent_twice(office)
        budgeting.start()
        answer, _ = printed.result()
    office.wait_for_service("budgeting")

    assert (answer["kind"], answer["position"]) == ("recorded", head + 1)
    assert office.settle()["budgeting"] == head + 1


def test_the_example_names_a_service_that_is_not_there(example: Example) -> None:
    done = example.run(command="nobody.do_it")

    assert done.returncode == 1
    assert "No service takes 'nobody.main.do_it' from 'grants.commands'." in done.stderr


def test_the_example_puts_an_application_into_envelopes_and_it_is_recorded_sealed(
    office: DistributedSystem, example: Example, tmp_path: Path
) -> None:
    open_the_call(office)
    office.vault.border_keys.create()
    border, clear = tmp_path / "border.json", EXAMPLE / "submit_application.json"
    border.write_text(json.dumps(published_key(office.vault)), encoding="utf-8")

    first, again = (enclosed(border, clear) for _ in range(2))
    assert "Mustermann" not in json.dumps(first)
    assert "DE97999999972020000001" not in json.dumps(first)
    assert first["payload"]["payee"]["envelope"] != again["payload"]["payee"]["envelope"]

    answer, outcome = example.printed(**first)

    assert answer["kind"] == outcome["value"]["kind"] == "recorded"
    assert example.printed(**again) == [answer, outcome]
    account = place_of(case_id_of(first["payload"]["reference"]), "account")
    assert office.vault.has_key(account.holder)


def open_the_call(office: DistributedSystem) -> None:
    """The programme and call of the example's application."""
    authority = script.MANAGING_AUTHORITY
    cast = Cast(office.key, *MANDATES)
    definition = checked(EXAMPLE.parent / "zusammen-im-quartier" / "programme.toml")
    call = {
        "programme": definition["code"],
        "programme_version": definition["version"],
        "call": "2020-11",
        "opens_on": "2020-11-03",
        "closes_on": "2021-01-31",
    }
    for command, payload in (
        ("intake.register_programme", {"definition": definition}),
        ("intake.open_call", call),
    ):
        message = cast.message(authority, command, f"{command} of the example", payload)
        assert office.client.command(message)["kind"] == "recorded"


def enclosed(border: Path, command_file: Path) -> dict[str, Any]:
    """The command as the example makes it, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-P", str(EXAMPLE / "enclose.py"), str(border), str(command_file)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    read: dict[str, Any] = json.loads(done.stdout)
    return read


def test_where_a_case_stands_is_a_question_of_officials(
    office: DistributedSystem, asker: Asker
) -> None:
    unknown = {"reference": "ESF-NRW-2014-2020-999999"}

    def ask(role: Role, **further: str) -> Any:
        message = {"question": "audit.case_state", "actor_token": token_of(office, role)}
        return asker.ask({**message, **further, "arguments": unknown}, "audit.case_state")

    assert list(ask(AUDITOR)["errors"]) == ["purpose"]
    head = office.client.ask("audit", "head")["value"]["position"]
    assert list(ask(AUDITOR, purpose="Systemprüfung")["errors"]) == ["reference"]
    assert office.client.ask("audit", "head")["value"]["position"] == head + 1  # A look.
    assert ask(APPLICANT)["code"] == "not_entitled"


def test_what_became_of_a_command_is_told_by_its_sender_and_key(
    office: DistributedSystem, asker: Asker
) -> None:
    [message] = ceilings(office, EXAMPLE.parent / "esf-nrw-2014-2020", "asked-about", 1)
    answer = office.client.command(message)

    def ask(key: str) -> Any:
        question = {
            "question": "budgeting.outcome",
            "actor_token": message["actor_token"],
            "arguments": {"sender": script.BUDGET_OFFICER.actor_id, "key": key},
        }
        return asker.ask(question, "budgeting.outcome", correlation_id=key)

    position = answer["position"]
    outcome = {"kind": "recorded", "reason": "", "positions": [position, position]}
    assert ask(message["key"]) == {"kind": "found", "value": outcome}
    assert ask("never sent") == {"kind": "found", "value": None}
    assert [number for number, _ in asker.answers] == [message["key"], "never sent"]


def test_a_reader_is_told_when_what_they_want_to_see_was_not_followed_yet(
    office: DistributedSystem, asker: Asker
) -> None:
    question = {
        "question": "audit.budget",
        "actor_token": token_of(office, script.DECIDER),
        "at_least": {"budgeting/main": 1_000_000},
    }

    answer = asker.ask(question, "audit.budget")

    assert (answer["kind"], answer["code"]) == ("not_yet", "not_followed")
    assert answer["followed"]["budgeting/main"] > 0
    elsewhere = {**question, "at_least": {"budgeting/nowhere": 1}}
    assert list(asker.ask(elsewhere, "audit.budget")["errors"]) == ["at_least"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "not_readable"),
        (b"[" * 10_000, "too_deep"),
        (b"{}", "misaddressed"),
        (b'{"question": "audit.budget"}', "wrong_field"),
    ],
)
def test_what_is_no_question_is_answered_with_a_code(asker: Asker, body: bytes, code: str) -> None:
    answer = asker.ask(body, "audit.budget")

    assert (answer["kind"], answer["code"]) == ("invalid", code)


def token_of(office: DistributedSystem, role: Role) -> str:
    return scenario_of(EXAMPLE.parent / "esf-nrw-2014-2020").cast(office.key).token(role)


def wait_until_sent_twice(office: DistributedSystem) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while waiting(office.amqp_url, command_queue_name(f"budgeting/{LANE}")) < 2:
        assert time.monotonic() < deadline, "the example did not send again"
        time.sleep(0.1)
