"""Bundles of a system that was restored from a backup: the heads of before are there, and tell."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from bundle.conftest import bundled, names, read_json, verdict_on
from bundle.operator import Operator, a_case
from bundle.restored import KEPT, LOST, SERVICE, a_restored_operator, go_on, heads_of
from grant_audit.bundle.scope import Scope, scope_of
from histories.plays import put_back
from pruefpfad.assembly import SERVICES
from pruefpfad.cli.root import main
from store.log.timestamp_authority import TimestampAuthority

FOLDER = f"logs/{SERVICE}/main/epochs/1/"
AT_INCIDENT = ("incident", f"{SERVICE}/main/{KEPT + 1}")


@pytest.fixture
def operator(tmp_path: Path) -> Iterator[Operator]:
    with a_restored_operator(tmp_path) as operator:
        yield operator


def test_heads_and_tiles_of_the_log_before_are_there_and_are_checked(
    operator: Operator, tmp_path: Path
) -> None:
    go_on(operator)
    a_case(operator, "ZIQ-41", 41)
    operator.sign_all()

    bundle = bundled(operator, tmp_path / "b.zip")
    verdict = verdict_on(bundle, operator.trust(), operator.known())

    assert (verdict.exit_code, verdict.places) == (2, {AT_INCIDENT})
    notes = [name for name in names(bundle) if name.startswith(f"{FOLDER}checkpoints/")]
    assert len(notes) == 8
    tiles = [name.removeprefix(FOLDER) for name in names(bundle) if f"{FOLDER}tile/" in name]
    assert tiles == ["tile/0/001", "tile/1/000.p/2"]  # The first tile is that of today.
    [told] = [note for note in verdict.report["notes"] if "are in this history" in note]
    assert "4 heads of pruefpfad.test/disbursement/main" in told
    assert f"4 from 350 to {LOST} are not; event {KEPT + 1} is the first" in told
    [entry] = [e for e in read_json(bundle, "manifest.json")["logs"] if e["service"] == SERVICE]
    assert entry["ended"] == [1]
    assert entry["origin"] == "pruefpfad.test/disbursement/main/2"


def test_it_has_the_same_bytes_again(operator: Operator, tmp_path: Path) -> None:
    go_on(operator)

    first = bundled(operator, tmp_path / "first.zip").read_bytes()

    assert bundled(operator, tmp_path / "second.zip").read_bytes() == first


@pytest.mark.parametrize("size", [70, 280])
def test_a_head_that_is_kept_is_proven(size: int, operator: Operator, tmp_path: Path) -> None:
    go_on(operator)
    [old] = [path for path in heads_of(operator, 1, tmp_path) if path.stem == f"1-{size}"]

    bundle = bundled(operator, tmp_path / "b.zip")
    verdict = verdict_on(bundle, operator.trust(), [*operator.known(), old])

    assert (verdict.exit_code, verdict.places) == (2, {AT_INCIDENT})


@pytest.mark.parametrize("size", [350, LOST])
def test_a_head_that_is_lost_is_missed(size: int, operator: Operator, tmp_path: Path) -> None:
    go_on(operator)
    [old] = [path for path in heads_of(operator, 1, tmp_path) if path.stem == f"1-{size}"]

    bundle = bundled(operator, tmp_path / "b.zip")
    verdict = verdict_on(bundle, operator.trust(), [*operator.known(), old])

    assert verdict.exit_code == 1
    assert verdict.places == {AT_INCIDENT, ("known head", f"{SERVICE}/main/{size}")}


def test_an_incident_that_names_too_early_a_head_is_found_by_the_heads_in_the_bundle(
    operator: Operator, tmp_path: Path
) -> None:
    go_on(operator, known_size=350)

    bundle = bundled(operator, tmp_path / "b.zip")
    verdict = verdict_on(bundle, operator.trust(), operator.known())

    assert (verdict.exit_code, verdict.places) == (1, {AT_INCIDENT})


@pytest.mark.parametrize("scope", ["case", "programme"])
def test_a_part_of_the_history_goes_with_the_incident_and_the_heads_that_left_the_house(
    scope: str, operator: Operator, tmp_path: Path
) -> None:
    go_on(operator)
    ledger = operator.source("intake").ledger
    part = scope_of(ledger, ["ZIQ-7"], []) if scope == "case" else scope_of(ledger, [], ["ziq"])
    [old] = [path for path in heads_of(operator, 1, tmp_path) if path.stem == "1-280"]

    bundle = bundled(operator, tmp_path / "b.zip", part)
    verdict = verdict_on(bundle, operator.trust(), [*operator.known(), old])

    assert (verdict.exit_code, verdict.places) == (2, {AT_INCIDENT})
    [told] = [note for note in verdict.report["notes"] if "are in this history" in note]
    assert f"event {KEPT + 1} is the first that was another" in told


def test_time_stamps_of_the_log_before_are_checked_too(operator: Operator, tmp_path: Path) -> None:
    authority, log = TimestampAuthority(tmp_path / "authority"), operator.source(SERVICE).log
    head = log.head(LOST)
    assert head
    text = head.note.partition(b"\n\n")[0] + b"\n"
    log.add_timestamp(LOST, "tsa.example", authority.reply(authority.question(text)))
    log.add_timestamp(280, "tsa.example", authority.reply(authority.question(b"another")))
    go_on(operator)

    bundle = bundled(operator, tmp_path / "b.zip")
    verdict = verdict_on(bundle, operator.trust(), operator.known())

    [name] = {at for check, at in verdict.places - {AT_INCIDENT} if check == "timestamp"}
    assert name.startswith(f"{FOLDER}timestamps/000000000280.tsa.example.")
    assert (verdict.exit_code, verdict.places) == (1, {AT_INCIDENT, ("timestamp", name)})


def test_before_the_log_has_signed_again_nothing_is_taken_for_tampering(
    operator: Operator, tmp_path: Path
) -> None:
    operator.record_incident(SERVICE)
    operator.sign("intake")

    bundle = bundled(operator, tmp_path / "b.zip")
    verdict = verdict_on(bundle, operator.trust(), [])

    assert verdict.exit_code == 2
    assert read_json(bundle, "manifest.json")["logs"][3]["head"] == 0


def test_a_store_that_was_put_back_without_a_word_is_tampered_with(
    operator: Operator, tmp_path: Path
) -> None:
    bundle = bundled(operator, tmp_path / "b.zip")
    verdict = verdict_on(bundle, operator.trust(), [])

    assert verdict.exit_code == 1
    assert ("root", f"{SERVICE}/main/281..350") in verdict.places


def test_whatever_an_incident_was_made_to_say_is_written_and_named(
    operator: Operator, tmp_path: Path
) -> None:
    go_on(operator)
    path = tmp_path / "data" / f"{SERVICE}.main.sqlite3"
    with closing(sqlite3.connect(path)) as ledger:
        ledger.execute("DROP TRIGGER ledger_events_stay")
        ledger.execute("UPDATE ledger_events SET state = ? WHERE position = ?", (b"{}", KEPT + 1))
        ledger.commit()

    bundle = bundled(operator, tmp_path / "b.zip", Scope())
    verdict = verdict_on(bundle, operator.trust(), operator.known())

    assert verdict.exit_code == 1
    assert {("leaf", AT_INCIDENT[1]), AT_INCIDENT} <= verdict.places


def test_an_installation_that_was_restored_by_its_own_commands_is_no_alarm(
    tmp_path: Path,
) -> None:
    """Every service was put back, two operators bear it, and the logs have begun anew."""
    data, trust = tmp_path / "data", tmp_path / "trust.txt"
    put_back(data)
    done = CliRunner().invoke(
        main, ["--data", str(data), "audit", "bundle", "--all", "-o", str(tmp_path / "b.zip")]
    )
    assert done.exit_code == 0, done.output
    keys = sorted((data / "keys" / "log").glob("*.vkey"))
    trust.write_text("".join(key.read_text("utf-8") for key in keys), "utf-8")

    verdict = verdict_on(tmp_path / "b.zip", trust, [])

    assert verdict.exit_code == 2
    restored = {at for check, at in verdict.places if check == "incident"}
    assert {at.partition("/")[0] for at in restored} == set(SERVICES)
    assert {check for check, _ in verdict.places} == {"incident", "coverage", "known head"}
    assert verdict.report["checks"]["anchor"] == [len(SERVICES), 0]
