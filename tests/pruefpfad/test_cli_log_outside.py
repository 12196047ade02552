"""`pruefpfad log …` on the story of one grant: heads and proofs leave the operator's hands."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from shutil import copytree, rmtree
from typing import Any

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from grant_store.log.cosignature import opened
from grant_store.log.export import folder_of
from grant_store.log.log_keys import verifier_keys
from grant_store.log.proof_file import TlogProof
from grant_store.opening import open_log, open_store
from pruefpfad.cli.root import main
from pruefpfad.scripted import story
from store.log.growing import grow
from store.log.timestamp_authority import TimestampAuthority
from support.signing import LOG_NAME, sign_all

EXAMPLE = Path(__file__).parents[2] / "examples" / "zusammen-im-quartier"
WITNESS = "pruefbehoerde.example/witness"
BUDGETING = f"{LOG_NAME}/budgeting/main"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One grant, approved and paid, and every log signed."""
    folder = tmp_path_factory.mktemp("story") / "data"
    story.Story(EXAMPLE, folder, Console(file=StringIO())).tell()
    sign_all(folder)
    return folder


class Installation:
    """The operator's data directory, and what the authority has on its side."""

    def __init__(self, folder: Path) -> None:
        self.data, self.witness = folder / "data", folder / "authority"
        self.requests, self.answers = folder / "requests", folder / "answers"
        self.trust = folder / "trusted.vkey"

    @property
    def witness_key(self) -> Path:
        return self.witness / "witness.vkey"

    def call(self, *words: object) -> Result:
        return CliRunner().invoke(main, ["--data", str(self.data), *map(str, words)])

    def said(self, *words: object, exit_code: int = 0) -> Any:
        result = self.call(*words, "--json")
        assert result.exit_code == exit_code, result.output
        return json.loads(result.stdout)

    def hold_the_ceremony(self) -> None:
        """The authority gets a witness, the witness the logs' keys, and verifiers all of them."""
        keys = sorted((self.data / "keys" / "log").glob("*.vkey"))
        for words in (("init", "--name", WITNESS), ("add", *keys)):
            result = self.call("witness", words[0], "--witness", self.witness, *words[1:])
            assert result.exit_code == 0, result.output
        files = (*keys, self.witness_key)
        self.trust.write_text("".join(path.read_text("utf-8") for path in files), encoding="utf-8")

    def go_on(self) -> None:
        """Something more is recorded and signed."""
        store = open_store(f"sqlite:///{self.data}", "budgeting")
        grow(store, 5)
        store.close()
        sign_all(self.data)

    def forget_cosignatures(self, service: str) -> None:
        """The log is there again as the ledger has it, but nobody's word about it."""
        for path in self.data.glob(f"{service}.main.log.sqlite3*"):
            path.unlink()
        sign_all(self.data)

    def cosign(self, exit_code: int = 0) -> Any:
        return self.said(
            *("witness", "cosign", "--witness", self.witness, "--log", self.data),
            exit_code=exit_code,
        )


@pytest.fixture
def installation(told: Path, tmp_path: Path) -> Iterator[Installation]:
    copytree(told, tmp_path / "data")
    installation = Installation(tmp_path)
    installation.hold_the_ceremony()
    return installation


def carry(installation: Installation, *words: str) -> Any:
    """Requests go out on a stick, and answers come back."""
    key = ("--witness-key", installation.witness_key)
    installation.said("log", "request", *key, "-o", installation.requests, *words)
    stick = ("--request", installation.requests, "-o", installation.answers)
    installation.call("witness", "cosign", "--witness", installation.witness, *stick)
    return installation.call("log", "accept", *key, installation.answers, "--json")


def cosigned(installation: Installation) -> dict[str, list[int]]:
    sizes = {}
    for service in ("intake", "budgeting"):
        log = open_log(f"sqlite:///{installation.data}", service)
        sizes[service] = log.cosigned_sizes(WITNESS)
        log.close()
    return sizes


def test_a_head_is_out_of_reach_before_a_witness_sees_it(
    installation: Installation, tmp_path: Path
) -> None:
    """A store that is restored to an hour before must miss what the witness knows."""
    heads = tmp_path / "heads"
    heads.mkdir()
    before = copytree(installation.data, tmp_path / "backup")
    installation.go_on()
    asked = installation.call(
        *("log", "request", "--witness-key", installation.witness_key),
        *("--heads", heads, "-o", installation.requests),
    )
    assert asked.exit_code == 0, asked.output
    rmtree(installation.data)
    before.rename(installation.data)

    looked = installation.call("log", "continues", "--heads", heads)

    assert looked.exit_code == 3
    assert BUDGETING in looked.output


def test_cosignatures_come_back_on_a_stick(installation: Installation) -> None:
    accepted = carry(installation)

    assert accepted.exit_code == 0, accepted.output
    assert {each["outcome"] for each in json.loads(accepted.stdout)} == {"cosigned"}
    assert len(cosigned(installation)["budgeting"]) == 1


def test_growth_is_proven_from_what_was_cosigned_last(installation: Installation) -> None:
    carry(installation)
    installation.go_on()

    assert carry(installation).exit_code == 0
    assert len(cosigned(installation)["budgeting"]) == 2


def test_a_witness_that_knows_more_than_we_do_is_told_so(installation: Installation) -> None:
    """The first answer was lost: the witness has cosigned, and the log does not know it."""
    key = ("--witness-key", installation.witness_key)
    installation.said("log", "request", *key, "-o", installation.requests)
    stick = ("--request", installation.requests, "-o", installation.answers)
    installation.call("witness", "cosign", "--witness", installation.witness, *stick)

    conflict = carry(installation)

    assert conflict.exit_code == 5
    sizes = {each["log"].split("/")[1]: each["known_size"] for each in json.loads(conflict.stdout)}
    again = [word for name, size in sizes.items() for word in ("--old", f"{name}={size}")]
    assert carry(installation, *again).exit_code == 0
    assert cosigned(installation)["budgeting"] == [sizes["budgeting"]]


def test_an_answer_by_another_witness_is_not_kept(
    installation: Installation, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    installation.call("witness", "init", "--witness", other, "--name", "other.example/w")
    carry(installation)

    result = installation.call(
        "log", "accept", "--witness-key", other / "witness.vkey", installation.answers
    )

    assert result.exit_code == 1
    assert "has not signed this head" in result.output


def test_a_head_of_somebody_else_is_not_taken_in(installation: Installation) -> None:
    carry(installation)
    path = installation.answers / "budgeting.main.cosigned"
    text = path.read_bytes()
    path.write_bytes(text.replace(BUDGETING.encode(), b"somebody.else/budgeting/main"))

    result = installation.call(
        "log", "accept", "--witness-key", installation.witness_key, installation.answers
    )

    assert result.exit_code in (1, 4)


def test_a_witness_that_may_read_the_stores_needs_no_stick(installation: Installation) -> None:
    answers = installation.cosign()

    assert {each["outcome"] for each in answers} == {"cosigned"}
    assert len(cosigned(installation)["intake"]) == 1
    assert installation.cosign() == answers


def test_heads_are_pushed_to_a_witness_over_http(installation: Installation) -> None:
    command = ["witness", "serve", "--witness", str(installation.witness), "--port", "0"]
    program = [sys.executable, "-m", "pruefpfad.cli.root", *command]
    serving = subprocess.Popen(program, stdout=subprocess.PIPE, text=True)
    assert serving.stdout
    port = serving.stdout.readline().rpartition(":")[2].strip()
    key = ("--witness-key", installation.witness_key)
    words = ("log", "push", *key, "--witness-url", f"http://127.0.0.1:{port}")
    try:
        first = installation.said(*words)
        installation.go_on()
        second = installation.said(*words)
        installation.forget_cosignatures("budgeting")
        third = installation.said(*words)
    finally:
        serving.terminate()
        assert serving.wait(timeout=60) == 0
        serving.stdout.close()

    for rows in (first, second, third):
        assert {each["outcome"] for each in rows} == {"cosigned"}
    assert cosigned(installation)["budgeting"] == [second[2]["size"]]
    away = installation.call(*words)
    assert away.exit_code == 1
    assert "no answer" in away.output


def test_a_restored_log_is_refused_and_the_exit_code_says_so(
    installation: Installation,
) -> None:
    installation.cosign()
    for name in ("budgeting.main.sqlite3", "budgeting.main.log.sqlite3"):
        for path in installation.data.glob(f"{name}*"):
            path.unlink()
    open_store(f"sqlite:///{installation.data}", "budgeting").migrate()
    installation.go_on()

    refused = installation.cosign(exit_code=3)

    [reason] = {each["reason"] for each in refused} - {""}
    assert reason in ("shrunk", "inconsistent", "forked")
    assert installation.said("witness", "refusals", "--witness", installation.witness)


def test_a_log_without_a_ceremony_is_refused_not_skipped(
    installation: Installation, tmp_path: Path
) -> None:
    """Such as the log after an incident: its origin is new, and an authority must look."""
    keys = installation.data / "keys" / "log" / f"{BUDGETING.replace('/', '.')}.vkey"
    installation.call("witness", "drop", "--witness", installation.witness, keys)

    refused = installation.cosign(exit_code=3)

    assert [each["log"] for each in refused if each["reason"] == "unknown_log"] == [BUDGETING]


def test_the_last_heads_are_written_as_the_known_heads_of_verifiers(
    installation: Installation, tmp_path: Path
) -> None:
    installation.cosign()
    known = tmp_path / "known"

    installation.said("witness", "show", "--witness", installation.witness, "--to", known)

    [note] = known.glob("*budgeting*.note")
    assert opened(note.read_bytes(), verifier_keys(installation.trust)).witnesses == {WITNESS}


def test_each_award_and_payment_has_a_proof_that_its_recipient_can_check(
    installation: Installation, tmp_path: Path
) -> None:
    assert installation.said("log", "proofs", "--to", tmp_path / "proofs", exit_code=5)
    assert not (tmp_path / "proofs").exists()
    installation.cosign()

    handed_out = installation.said("log", "proofs", "--to", tmp_path / "proofs")

    topics = [each["topic"] for each in handed_out]
    assert "disbursement.PaymentExecuted" in topics
    assert {"budgeting.GrantApproved", "budgeting.GrantPartiallyApproved"} & set(topics)
    for each in handed_out:
        assert Path(each["path"]).parent.name == each["reference"]
        proven = installation.said(
            "log", "verify-proof", each["path"], "--trust", installation.trust
        )
        assert (proven["event"], proven["position"]) == (each["topic"], each["position"])
        assert proven["witnesses"] == [WITNESS]
    again = installation.said("log", "proofs", "--to", tmp_path / "proofs")
    assert [each["is_new"] for each in again] == [False] * len(again)


def test_the_proofs_of_one_case_are_asked_for_by_its_reference(
    installation: Installation, tmp_path: Path
) -> None:
    installation.cosign()
    everything = installation.said("log", "proofs", "--to", tmp_path / "all")
    reference = everything[0]["reference"]

    ours = installation.said("log", "proofs", "--to", tmp_path / "one", "--case", reference)
    nobodys = installation.said("log", "proofs", "--to", tmp_path / "none", "--case", "ZIQ-0000")

    assert {each["reference"] for each in ours} == {reference}
    assert nobodys == []


def test_a_proof_by_an_uncosigned_head_is_replaced_once_a_witness_has_seen_it(
    installation: Installation, tmp_path: Path
) -> None:
    words = ("log", "proofs", "--to", tmp_path / "proofs")
    before = installation.said(*words, "--uncosigned")
    assert len(TlogProof.parse(Path(before[0]["path"]).read_bytes()).note) < 5_000
    check = ("log", "verify-proof", before[0]["path"], "--trust", installation.trust)
    assert installation.call(*check).exit_code == 1
    assert installation.call(*check, "--quorum", "0").exit_code == 0

    installation.cosign()
    installation.said(*words)

    assert installation.call(*check).exit_code == 0


def test_a_proof_is_not_believed_without_its_record_or_with_another(
    installation: Installation, tmp_path: Path
) -> None:
    installation.cosign()
    handed_out = installation.said("log", "proofs", "--to", tmp_path / "proofs")
    first, last = Path(handed_out[0]["path"]), Path(handed_out[-1]["path"])
    check = ("log", "verify-proof", first, "--trust", installation.trust)

    assert installation.call(*check, "--leaf", last.with_suffix(".leaf")).exit_code == 1
    assert "proven:" in installation.call(*check).output
    first.with_suffix(".leaf").unlink()
    assert installation.call(*check).exit_code == 3
    assert installation.call(*check[:2], installation.trust, *check[3:]).exit_code == 3
    assert installation.call(*check, "--leaf", installation.trust).exit_code == 3


def test_heads_and_proofs_are_exported_once(installation: Installation, tmp_path: Path) -> None:
    heads = tmp_path / "heads"
    first = installation.said("log", "export", "--to", heads)
    installation.cosign()
    second = installation.said("log", "export", "--to", heads)
    third = installation.said("log", "export", "--to", heads)

    assert {each["new_files"] for each in first} == {1}
    assert all(each["new_files"] == 2 for each in second)
    assert sum(each["new_proofs"] for each in second) >= 2
    assert all(each["new_files"] + each["new_proofs"] == 0 for each in third)
    assert list(folder_of(heads, BUDGETING).glob("*.note"))
    assert list((heads / "proofs").glob("*/*.tlog-proof"))


def test_the_last_heads_are_stamped_once_by_each_authority(
    installation: Installation, tmp_path: Path
) -> None:
    authority = TimestampAuthority(tmp_path / "tsa")
    with authority.serving() as url:
        words = ("log", "timestamp", "--authority", url, "--certificates", authority.root)
        first = installation.said(*words)
        again = installation.said(*words)

    assert {each["is_new"] for each in first} == {True}
    assert {each["is_new"] for each in again} == {False}
    assert "stamped by 127.0.0.1" in installation.call(*words).output
    heads = tmp_path / "heads"
    installation.said("log", "export", "--to", heads)
    [stamp] = folder_of(heads, BUDGETING).glob("*.127.0.0.1.*.tsr")
    [note] = folder_of(heads, BUDGETING).glob("*.note")
    lines = f"sed '/^$/,$d' {note} > head.txt && openssl ts -verify -in {stamp} -data head.txt"
    checked = subprocess.run(
        ["bash", "-c", f"{lines} -CAfile {authority.root}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "Verification: OK" in checked.stdout + checked.stderr


def test_a_stamp_that_is_not_believed_is_not_kept(
    installation: Installation, tmp_path: Path
) -> None:
    authority = TimestampAuthority(tmp_path / "tsa")

    def lie(us: TimestampAuthority, query: bytes) -> bytes:
        return us.reply(us.question(b"another head"))

    with authority.serving(lie) as url:
        result = installation.call("log", "timestamp", "--authority", url)

    assert result.exit_code == 1
    assert "something else" in result.output
    log = open_log(f"sqlite:///{installation.data}", "intake")
    assert log.stamped_sizes() == []
    log.close()


def test_keys_are_rotated_with_heads_that_old_and_new_keys_verify(
    installation: Installation, tmp_path: Path
) -> None:
    old = verifier_keys(installation.trust)
    installation.cosign()
    assert installation.call("log", "rotate-keys").output.count("is new") == 10
    installation.go_on()
    assert {each["outcome"] for each in installation.cosign()} == {"cosigned"}
    shown = installation.said("log", "keys")
    assert all(len(each["keys"]) == 4 for each in shown)

    path = installation.data / "keys" / "log" / f"{BUDGETING.replace('/', '.')}.vkey"
    new = verifier_keys(path)
    assert len(new) == 4
    assert set(new) & set(old)
    assert installation.call("log", "retire-keys").output.count("signs no longer") == 10
    assert verifier_keys(path) == new
    assert all(len(each["keys"]) == 2 for each in installation.said("log", "keys"))
