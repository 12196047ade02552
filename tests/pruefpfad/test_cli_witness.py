"""`pruefpfad witness …` as an authority uses it: with files on a stick and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from grant_store.log import witness as witness_module
from grant_store.log.cosignature import opened
from grant_store.log.log_keys import verifier_keys
from grant_store.log.witness_request import WitnessRequest
from pruefpfad.cli.root import main
from store.log.growing_log import GrowingLog
from store.log.signers import LOG_KEYS, ORIGIN, WITNESS


def call(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


class Office:
    """The authority's desk: its witness, and a stick that goes to the operator and back."""

    def __init__(self, folder: Path) -> None:
        self.witness = folder / "witness"
        self.requests = folder / "stick" / "requests"
        self.answers = folder / "stick" / "answers"
        self.requests.mkdir(parents=True)
        made = call("witness", "init", "--witness", self.witness, "--name", WITNESS)
        assert made.exit_code == 0, made.output
        keys = folder / "log.vkey"
        keys.write_text("".join(f"{key.verifier}\n" for key in LOG_KEYS), encoding="utf-8")
        added = call("witness", "add", "--witness", self.witness, keys)
        assert added.output.count("believed") == 2
        self.keys = keys

    def cosign(self, request: bytes, name: str = "budgeting.main") -> Result:
        (self.requests / f"{name}.request").write_bytes(request)
        words = ("--request", self.requests, "-o", self.answers)
        return call("witness", "cosign", "--witness", self.witness, *words, "--json")

    def shown(self, *words: object) -> Any:
        result = call("witness", *words, "--witness", self.witness, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def test_a_head_goes_out_on_a_stick_and_comes_back_cosigned(office: Office) -> None:
    log = GrowingLog().grow(23)
    first = office.cosign(log.request(0))
    second = office.cosign(log.grow(7).request(23))

    assert (first.exit_code, second.exit_code) == (0, 0), second.output
    note = (office.answers / "budgeting.main.cosigned").read_bytes()
    public = verifier_keys(office.witness / "witness.vkey")
    checkpoint = opened(note, [*public, *(key.verifier for key in LOG_KEYS)])
    assert checkpoint.witnesses == {WITNESS}
    assert checkpoint.is_signed_by_log
    [shown] = office.shown("show")["logs"]
    assert (shown["log"], shown["size"]) == (ORIGIN, 30)


def test_another_history_is_refused_with_an_exit_code_and_kept_as_evidence(
    office: Office, tmp_path: Path
) -> None:
    office.cosign(GrowingLog().grow(23).request(0))
    forked = GrowingLog().grow(7).grow(20, "rewritten")

    refused = office.cosign(forked.request(23))

    assert refused.exit_code == 3
    [said] = json.loads(refused.stdout)
    assert (said["outcome"], said["reason"]) == ("refused", "inconsistent")
    assert not (office.answers / "budgeting.main.cosigned").exists()
    answer = json.loads((office.answers / "budgeting.main.refused").read_text(encoding="utf-8"))
    assert (answer["reason"], answer["known_size"]) == ("inconsistent", 23)

    evidence = tmp_path / "evidence"
    [kept] = office.shown("refusals", "--to", evidence)
    assert kept["reason"] == "inconsistent"
    request = WitnessRequest.parse((evidence / "000001.request").read_bytes())
    last = opened((evidence / "000001.last.note").read_bytes(), [LOG_KEYS[0].verifier])
    assert request.checkpoint == forked.checkpoint()
    assert last.checkpoint.size == 23
    assert office.shown("refusals", "--to", evidence) == [kept]


def test_two_processes_at_once_never_cosign_two_histories(office: Office, tmp_path: Path) -> None:
    """Each is shown another first head of the same log, of the same length."""
    running = []
    for story in ("true", "false"):
        request = tmp_path / f"{story}.request"
        request.write_bytes(GrowingLog().grow(23, story).request(0))
        words = ("--request", request, "-o", office.answers)
        command = ["witness", "cosign", "--witness", office.witness, *words, "--json"]
        program = [sys.executable, "-m", "pruefpfad.cli.root", *map(str, command)]
        running.append(subprocess.Popen(program, stdout=subprocess.PIPE, text=True))
    answers = [json.loads(process.communicate(timeout=120)[0])[0] for process in running]

    assert sorted(each["outcome"] for each in answers) == ["cosigned", "refused"]
    assert len(list(office.answers.glob("*.cosigned"))) == 1
    assert [each["reason"] for each in office.shown("refusals")] == ["forked"]


def test_a_proof_from_another_size_asks_for_a_new_request(office: Office) -> None:
    log = GrowingLog().grow(23)
    office.cosign(log.request(0))

    conflict = office.cosign(log.grow(7).request(5))

    assert conflict.exit_code == 5
    assert json.loads(conflict.stdout)[0]["known_size"] == 23


def test_the_worst_answer_of_several_gives_the_exit_code(office: Office) -> None:
    log = GrowingLog().grow(23)
    office.cosign(log.request(0))
    (office.requests / "intake.main.request").write_bytes(GrowingLog("x/y").grow(1).request(0))

    result = office.cosign(log.request(7))

    assert result.exit_code == 3
    assert [each["reason"] for each in json.loads(result.stdout)] == ["conflict", "unknown_log"]


def test_a_key_that_was_dropped_is_no_longer_believed(office: Office) -> None:
    dropped = call("witness", "drop", "--witness", office.witness, office.keys)

    assert dropped.output.count("dropped") == 2
    refused = office.cosign(GrowingLog().grow(3).request(0))
    assert (refused.exit_code, json.loads(refused.stdout)[0]["reason"]) == (3, "unknown_log")


def test_what_a_witness_does_is_shown_as_tables_too(office: Office) -> None:
    office.cosign(GrowingLog().grow(23).request(0))
    office.cosign(GrowingLog().grow(3).request(0))

    assert ORIGIN in call("witness", "show", "--witness", office.witness).output
    assert "shrunk" in call("witness", "refusals", "--witness", office.witness).output


def test_every_head_that_was_ever_cosigned_is_written_for_auditors(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(witness_module, "_PAGE", 2)
    log = GrowingLog().grow(3)
    office.cosign(log.request(0))
    for size in range(3, 7):
        office.cosign(log.grow(1).request(size))
    folder = tmp_path / "heads"
    office.shown("show", "--all-heads", "--to", folder)
    office.shown("show", "--all-heads", "--to", folder)

    sizes = [int(path.name.split(".")[-2]) for path in sorted(folder.iterdir())]
    assert sizes == [3, 4, 5, 6, 7]
    office.shown("show", "--to", tmp_path / "last")
    assert [path.name for path in (tmp_path / "last").iterdir()] == [
        sorted(folder.iterdir())[-1].name
    ]


def test_all_heads_need_a_folder(office: Office) -> None:
    result = call("witness", "show", "--all-heads", "--witness", office.witness)

    assert result.exit_code == 4
    assert "--to: expected a folder for all heads" in result.output


@pytest.mark.parametrize("content", [b"", b"old x\n\n", b"\xff" * 90, b"x" * 1_000_001])
def test_a_file_that_is_no_request_is_invalid_input(office: Office, content: bytes) -> None:
    assert office.cosign(content).exit_code == 4


def test_a_folder_without_requests_is_invalid_input(office: Office) -> None:
    words = ("--request", office.requests, "-o", office.answers)
    result = call("witness", "cosign", "--witness", office.witness, *words)

    assert result.exit_code == 4
    assert "*.request" in result.output


def test_a_witness_is_not_made_twice(office: Office) -> None:
    again = call("witness", "init", "--witness", office.witness, "--name", WITNESS)

    assert again.exit_code == 1
    assert "nothing was written" in again.output


def test_a_name_that_no_key_may_have_is_invalid_input(tmp_path: Path) -> None:
    result = call("witness", "init", "--witness", tmp_path / "w", "--name", "with space")

    assert result.exit_code == 4
    assert "name" in result.output
