"""The whole journey in one process: what it leaves, told once, twice, and after a crash."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from lxml import etree

from grant_audit.exports import operations_list
from grant_contracts.answers import Answer
from pruefpfad.cli.root import main
from pruefpfad.embedded import EmbeddedSystem
from pruefpfad.scripted.bulk import BulkRun
from pruefpfad.scripted.records import StoredRecords
from pruefpfad.scripted.scenario import Scenario
from pruefpfad.scripted.stages import Stages
from pruefpfad.sources.definitions import checked
from pruefpfad.sources.list_mapping import read_mapping
from pruefpfad.sources.operation_list import read_list

ZIQ = Path(__file__).resolve().parents[2] / "examples" / "zusammen-im-quartier"


def demo(data: Path, examples: Path) -> Result:
    words = ["--data", str(data), "demo", "--examples", str(examples)]
    return CliRunner().invoke(main, words, catch_exceptions=False)


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory, short_example: Path) -> Path:
    """Both examples: the story's whole, and a dozen rows of the list."""
    folder = short_example.parent
    target = folder / ZIQ.name
    target.mkdir(exist_ok=True)
    for file in ZIQ.iterdir():
        (target / file.name).write_bytes(file.read_bytes())
    return folder


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, examples: Path) -> Path:
    """The data directory after one whole demonstration."""
    data = tmp_path_factory.mktemp("demo")
    result = demo(data, examples)
    assert result.exit_code == 0, result.output
    return data


def heads(data: Path) -> dict[str, int]:
    with EmbeddedSystem(data) as system:
        return system.heads()


def test_the_demonstration_reconciles_to_the_cent(told):
    figures = json.loads((told / "summary.json").read_text(encoding="utf-8"))

    applications = figures["applications"]
    assert applications["received"]["count"] == 12
    assert applications["repeats"]["count"] == applications["rejected"]["count"] == 1
    assert applications["started_early"]["count"] == 1
    assert applications["approved"]["count"] == 11
    assert applications["pending"]["count"] == 0
    assert figures["demonstration"] is True
    assert all(proof["holds"] for proof in figures["reconciliation"])
    paid = sum(figures["paid_by_fund_and_year"].values())
    assert paid == applications["approved"]["grant_cents"] > 0


def test_a_second_run_records_nothing_and_leaves_the_same_list(told, examples):
    before = heads(told), heads(told / "story"), (told / "operations.csv").read_bytes()

    result = demo(told, examples)

    assert result.exit_code == 0
    after = heads(told), heads(told / "story"), (told / "operations.csv").read_bytes()
    assert after == before


def test_every_payment_file_is_valid_and_the_same_when_built_again(told, tmp_path):
    files = sorted((told / "payments").glob("*.xml"))
    assert files

    for file in files:
        document = etree.fromstring(file.read_bytes())
        name = {"p": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"}
        amounts = document.xpath("//p:InstdAmt/text()", namespaces=name)
        [count] = document.xpath("//p:GrpHdr/p:NbOfTxs/text()", namespaces=name)
        [total] = document.xpath("//p:GrpHdr/p:CtrlSum/text()", namespaces=name)
        cents = sum(int(amount.replace(".", "")) for amount in amounts)
        assert (int(count), int(total.replace(".", ""))) == (len(amounts), cents)
        run = file.name.removeprefix("payment-run-").partition(".")[0]
        again = tmp_path / file.name
        words = ["--data", str(told), "payments", "rebuild", run, "-o", str(again)]
        assert CliRunner().invoke(main, words).exit_code == 0
        assert again.read_bytes() == file.read_bytes()


def test_a_demonstration_killed_at_any_moment_ends_as_an_undisturbed_one(told, examples, tmp_path):
    data = tmp_path / "killed"
    moments = random.Random(20261122)
    program = "import sys; from pruefpfad.cli.root import main; main()"
    words = ["--data", str(data), "demo", "--examples", str(examples)]
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", program, *words],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for(data / "intake.main.sqlite3", process)
        time.sleep(moments.uniform(0.05, 0.8))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()

    assert demo(data, examples).exit_code == 0
    assert (data / "operations.csv").read_bytes() == (told / "operations.csv").read_bytes()
    assert heads(data) == heads(told)
    for file in (told / "payments").glob("*.xml"):
        assert (data / "payments" / file.name).read_bytes() == file.read_bytes()


class LosingAuthority:
    """An embedded system whose bus loses everything under way before each thing can settle."""

    def __init__(self, system: EmbeddedSystem) -> None:
        self._system = system
        self.lost = 0

    def send(self, messages: Sequence[dict[str, Any]]) -> list[Answer]:
        return self._system.send(messages)

    def settle(self) -> None:
        for relay in self._system.bus.relays:
            self.lost += relay.pump()
        self._system.bus.wipe()
        self._system.bus.settle()


def test_messages_lost_in_mid_journey_are_sent_again(told, short_example, tmp_path):
    scenario = Scenario.read(
        checked(short_example / "programme.toml"), short_example / "demonstration.toml"
    )
    rows = read_list(
        short_example / "operations.csv.gz",
        read_mapping((short_example / "mapping.toml").read_text(encoding="utf-8")),
        programme=scenario.programme,
        call=scenario.call,
    )
    with EmbeddedSystem(told) as undisturbed, EmbeddedSystem(tmp_path) as system:
        system.declare_demonstration(scenario.settings["purpose"])
        authority = LosingAuthority(system)
        records = StoredRecords(system.stores["audit"])
        stages = Stages(authority, scenario.cast(system.key), lambda *_: None)
        BulkRun(stages, records, scenario).play(rows)

        assert authority.lost > 200
        assert system.heads() == undisturbed.heads()
        listed = operations_list(system.stores["audit"], date.max)
    assert listed.encode() == (told / "operations.csv").read_bytes()


def test_the_list_of_operations_can_be_taken_as_of_a_day(told):
    with EmbeddedSystem(told) as system:
        early = operations_list(system.stores["audit"], date(2014, 12, 31))
        late = operations_list(system.stores["audit"], date(2020, 12, 31))

    assert 1 < early.count("\n") < late.count("\n")
    assert late.encode() == (told / "operations.csv").read_bytes()


def test_a_refused_access_can_be_looked_up_with_its_reason(told):
    words = ["--data", str(told / "story"), "access", "list", "--json"]
    refused = json.loads(CliRunner().invoke(main, words).output)["events"]

    assert [entry["data"]["reason"] for entry in refused] == ["proposer_is_signer"]
    assert refused[0]["actor_id"] == "S-1101"
    assert "S-1101" in refused[0]["sentence"]


def test_the_list_of_a_demonstration_is_stamped_as_such(told):
    header, *rows = (told / "operations.csv").read_text(encoding="utf-8").splitlines()

    assert header.endswith(",Data_Status")
    assert rows
    assert all(row.endswith(",demonstration") for row in rows)


def wait_for(path: Path, process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert process.poll() is None, "the demonstration ended before it began"
        assert time.monotonic() < deadline, f"{path} did not appear in {seconds} s"
        time.sleep(0.02)
