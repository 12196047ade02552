"""A bundle of a system that goes on recording is verified as a whole, up to the witness's heads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest
from click.testing import CliRunner, Result

from bundle.conftest import Verdict, read_json, verdict_on
from bundle.operator import Operator, a_case, an_event, an_operator, some_cases
from grant_audit.bundle.scope import Scope, scope_of
from grant_audit.bundle.writer import Extras, Written, write_bundle
from pruefpfad.cli.root import main


def written(operator: Operator, path: Path, *cases: str) -> Written:
    scope = scope_of(operator.source("intake").ledger, cases, ()) if cases else Scope()
    extras = Extras("pruefpfad.test", operator.public_keys(), {"a.json": "{}"})
    return write_bundle(path, operator.sources, scope, extras, up_to_cosigned=True)


@pytest.mark.parametrize("cases", [(), ("ZIQ-7",)])
def test_what_was_recorded_or_signed_after_the_cosigned_heads_waits_for_the_next_bundle(
    cases: tuple[str, ...], operator: Operator, tmp_path: Path
) -> None:
    operator.sign_all()
    known = operator.known()
    a_case(operator, "ZIQ-41", 41)
    operator.sign("intake", cosigned=False)
    a_case(operator, "ZIQ-42", 42)

    done = written(operator, tmp_path / "b.zip", *cases)
    verdict = verdict_on(tmp_path / "b.zip", operator.trust(), known)

    assert (verdict.exit_code, verdict.report["findings"]) == (0, [])
    assert done.tails == {}
    assert [log["size"] for log in done.logs] == [41, 80, 40, 81, 0]


def test_a_log_whose_causes_are_not_cosigned_ends_at_an_earlier_head(
    operator: Operator, tmp_path: Path
) -> None:
    operator.sign_all()
    earlier = [path.rename(path.with_suffix(".earlier")) for path in operator.known()]
    a_case(operator, "ZIQ-41", 41)
    operator.sign("budgeting")
    newest = operator.known()

    done = written(operator, tmp_path / "b.zip")

    sizes = {log["service"]: log["size"] for log in done.logs}
    assert sizes == {
        "intake": 41,
        "eligibility": 80,
        "budgeting": 81,
        "disbursement": 40,
        "audit": 0,
    }
    assert verdict_on(tmp_path / "b.zip", operator.trust(), earlier).exit_code == 0
    verdict = verdict_on(tmp_path / "b.zip", operator.trust(), newest)
    assert (verdict.exit_code, verdict.places) == (2, {("known head", "budgeting/main/83")})
    assert "the bundle was cut at 81, below it" in verdict.report["findings"][0]["message"]


def test_a_newer_head_that_does_not_continue_the_log_is_a_fork(
    operator: Operator, tmp_path: Path
) -> None:
    operator.sign_all()
    other = tmp_path / "other"
    other.mkdir()
    with an_operator(f"sqlite:///{other}", tmp_path) as fork:  # The same keys, another history.
        some_cases(fork, 41)
        fork.sign("budgeting")
        [forked] = fork.known()
    a_case(operator, "ZIQ-41", 41)
    operator.sign("budgeting")

    written(operator, tmp_path / "b.zip")
    verdict = verdict_on(tmp_path / "b.zip", operator.trust(), [forked])

    assert ("known head", "budgeting/main/83") in verdict.places
    assert verdict.exit_code == 1


def test_a_log_that_nobody_cosigned_is_named_and_leaves_the_verdict_incomplete(
    operator: Operator, tmp_path: Path
) -> None:
    operator.sign_all()
    operator.record("audit", an_event("audit.LookedAt", "look", 1))

    done = written(operator, tmp_path / "b.zip")

    assert done.tails == {
        "audit/main": "audit/main has no head that enough witnesses (1) have cosigned"
    }
    verdict = verdict_on(tmp_path / "b.zip", operator.trust(), operator.known())
    assert verdict.exit_code == 2
    assert ("coverage", "audit/main/1") in verdict.places


# -- End to end


def call(*words: object) -> Result:
    done = CliRunner().invoke(main, [str(word) for word in words])
    assert done.exit_code == 0, done.output
    return done


@contextmanager
def recording(url: str, folder: Path) -> Iterator[list[int]]:
    """Services that go on recording cases; how many so far."""
    done, count = Event(), [0]

    def record() -> None:
        with an_operator(url, folder) as operator:
            while not done.wait(0.01):
                count[0] += 1
                a_case(operator, f"LIVE-{count[0]}", 3 + count[0])

    thread = Thread(target=record)
    thread.start()
    try:
        yield count
    finally:
        done.set()
        thread.join()


def cosign(data: Path, witness: Path, to: Path) -> list[Path]:
    """The operator signs, the witness cosigns and writes its heads down."""
    call("--data", data, "log", "checkpoint")
    call("witness", "add", "--witness", witness, *sorted((data / "keys" / "log").glob("*.vkey")))
    call("witness", "cosign", "--witness", witness, "--log", data)
    call("witness", "show", "--witness", witness, "--to", to)
    return sorted(to.glob("*.note"))


def test_a_running_system_gives_a_bundle_that_is_verified(tmp_path: Path) -> None:
    data, witness, path = tmp_path / "data", tmp_path / "witness", tmp_path / "b.zip"
    data.mkdir()
    url = f"sqlite:///{data}"
    with an_operator(url, tmp_path) as operator:
        some_cases(operator, 3)
    call("witness", "init", "--witness", witness, "--name", "pruefbehoerde.example/witness")
    with recording(url, tmp_path) as count:
        known = cosign(data, witness, tmp_path / "heads-1")
        cosign(data, witness, tmp_path / "heads-2")
        before = count[0]
        bundle = ("--data", data, "audit", "bundle", "--all", "-o", path)
        call(*bundle)
        plain = _verdict(path, data, witness, known)
        call(*bundle, "--up-to-cosigned")
        cut = _verdict(path, data, witness, known)
        assert count[0] > before

    assert plain.exit_code == 2
    assert {check for check, _ in plain.places} == {"coverage"}
    assert (cut.exit_code, cut.report["findings"]) == (0, [])
    assert sum(log["size"] for log in read_json(path, "manifest.json")["logs"]) > 20


def _verdict(path: Path, data: Path, witness: Path, known: list[Path]) -> Verdict:
    files = [witness / "witness.vkey", *sorted((data / "keys" / "log").glob("*.vkey"))]
    trust = path.parent / "trust.txt"
    trust.write_text("".join(file.read_text(encoding="utf-8") for file in files))
    return verdict_on(path, trust, known)
