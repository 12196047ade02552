"""What the verifier says of honest bundles, of altered ones and of ones that prove too little."""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from grant_budgeting.domain import BudgetLine
from verifier.conftest import VERIFY, Ask, Outside, honest
from verifier.forge import WITNESS, History, Log, Signer, aggregate, changed, events, tiles, write

Spoil = Callable[[Log], None]
REGISTERED = "intake.ProgrammeRegistered"
PROGRAMME = {"programme": "ziq", "programme_version": "v1", "definition": {"code": "ziq"}}


def test_an_honest_bundle_is_verified(
    history: History, outside: Outside, ask: Ask, tmp_path: Path
) -> None:
    verdict = ask(history.write(tmp_path / "b.zip"), *outside)

    assert (verdict.exit_code, verdict.findings) == (0, [])
    checked = verdict.report["checks"]
    assert checked["leaf"] == [890, 0]
    assert checked["causation"] == [590, 0]
    assert checked["root"] == [6, 0]
    assert checked["known head"] == [3, 0]
    assert checked["witness"] == [6, 0]
    assert checked["coverage"] == [890, 0]


@pytest.mark.parametrize("count", [1, 2, 255, 256, 257, 511, 513])
def test_trees_of_every_shape_are_verified(count: int, ask: Ask, tmp_path: Path) -> None:
    heads = sorted({1, count // 2, count - 1, count} - {0})
    history = History([Log("intake", events("intake", count), heads=heads)])

    verdict = ask(
        history.write(tmp_path / "b.zip"),
        history.trust(tmp_path / "keys"),
        history.known(tmp_path),
    )

    assert (verdict.exit_code, verdict.findings) == (0, [])


def test_a_tree_of_three_levels_of_tiles_is_verified(ask: Ask, tmp_path: Path) -> None:
    log = Log("intake", events("intake", 65_800, aggregates=900), heads=(65_536, 65_800))
    history = History([log], per_file=4096)

    verdict = ask(
        history.write(tmp_path / "b.zip"),
        history.trust(tmp_path / "keys"),
        history.known(tmp_path),
    )

    assert (verdict.exit_code, verdict.findings) == (0, [])


@pytest.mark.parametrize(
    "changes",
    [
        {"state": b'{"amount_cents": 1}'},
        {"metadata": b"{}"},
        {"topic": "eligibility.Forged"},
        {"recorded_at": 1_700_000_000_020_001},
        {"schema_version": 2},
        {"event_id": aggregate("another")},
        {"aggregate": aggregate("another")},
        {"version": 9},
        {"position": 21},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_an_event_with_any_field_changed_is_named(
    changes: dict[str, object], history: History, outside: Outside, ask: Ask, tmp_path: Path
) -> None:
    log = history.log("eligibility/main")
    log.tree = log.leaves
    log.stored_leaves[20] = log.leaves[19]
    changed(log, 20, **changes)

    verdict = ask(history.write(tmp_path / "b.zip"), *outside)

    position = changes.get("position", 20)
    assert verdict.exit_code == 1
    assert ("leaf", f"eligibility/main/{position}") in verdict.places


def test_a_changed_event_whose_leaf_was_made_to_fit_is_named_too(
    history: History, outside: Outside, ask: Ask, tmp_path: Path
) -> None:
    log = history.log("eligibility/main")
    log.tree = log.leaves
    changed(log, 20, state=b'{"amount_cents": 1}')

    verdict = ask(history.write(tmp_path / "b.zip"), *outside)

    assert verdict.exit_code == 1
    assert verdict.places == {("leaf", "eligibility/main/20")}


def test_a_stored_leaf_that_was_changed_is_named(
    history: History, outside: Outside, ask: Ask, tmp_path: Path
) -> None:
    history.log("intake/main").stored_leaves[7] = bytes(32)

    verdict = ask(history.write(tmp_path / "b.zip"), *outside)

    assert verdict.exit_code == 1
    assert verdict.places == {("leaf", "intake/main/7")}


def test_a_tree_rewritten_to_fit_is_told_by_the_first_head_that_it_does_not_fit(
    history: History, outside: Outside, ask: Ask, tmp_path: Path
) -> None:
    log = history.log("intake/main")
    log.notes = {size: log.note(size) for size in log.heads}
    changed(log, 200, state=b"{}")

    verdict = ask(history.write(tmp_path / "b.zip"), *outside)

    assert verdict.exit_code == 1
    assert verdict.places == {("root", "intake/main/151..300")}


def removed(log: Log) -> None:
    del log.events[19]
    log.size = 300


def removed_and_closed_up(log: Log) -> None:
    del log.events[19]
    log.events[19:] = [replace(each, position=each.position - 1) for each in log.events[19:]]


def inserted(log: Log) -> None:
    log.events.insert(19, replace(log.events[19], event_id=aggregate("new")))


def swapped(log: Log) -> None:
    log.events[19], log.events[20] = log.events[20], log.events[19]


def cut_off(log: Log) -> None:
    del log.events[280:]


@pytest.mark.parametrize("spoil", [removed, removed_and_closed_up, inserted, swapped, cut_off])
def test_events_that_were_moved_are_found(
    spoil: Spoil, history: History, outside: Outside, ask: Ask, tmp_path: Path
) -> None:
    log = history.log("intake/main")
    log.tree = log.leaves
    log.notes = {size: log.note(size) for size in log.heads}
    spoil(log)

    verdict = ask(history.write(tmp_path / "b.zip"), *outside)

    assert verdict.exit_code == 1
    assert verdict.checks & {"position", "leaf", "root"}


def test_a_log_that_was_rolled_back_contradicts_the_head_outside(
    history: History, outside: Outside, ask: Ask, tmp_path: Path
) -> None:
    log = history.log("budgeting/main")
    del log.events[200:]
    log.heads = (145, 200)

    verdict = ask(history.write(tmp_path / "b.zip"), *outside)

    assert verdict.exit_code == 1
    assert verdict.places == {("known head", "budgeting/main/290")}


def test_a_log_that_was_rewritten_and_signed_anew_with_its_own_keys_is_a_fork(
    history: History, outside: Outside, ask: Ask, tmp_path: Path
) -> None:
    changed(history.log("budgeting/main"), 100, state=b"{}")

    verdict = ask(history.write(tmp_path / "b.zip"), *outside)

    assert verdict.exit_code == 1
    assert verdict.places == {("known head", "budgeting/main/290")}


def test_a_log_that_was_signed_with_other_keys_is_not_signed(
    history: History, outside: Outside, ask: Ask, tmp_path: Path
) -> None:
    log = history.log("budgeting/main")
    log.seed = 2

    verdict = ask(history.write(tmp_path / "b.zip"), *outside)

    assert verdict.exit_code == 1
    assert verdict.places == {
        ("signature", "budgeting/main/1..145"),
        ("signature", "budgeting/main/146..290"),
    }


def test_a_head_without_its_second_signature_is_not_signed(
    history: History, outside: Outside, ask: Ask, tmp_path: Path
) -> None:
    log = history.log("budgeting/main")
    lines = log.note(290).splitlines(keepends=True)
    log.notes[290] = b"".join(lines[:5] + lines[6:])

    verdict = ask(history.write(tmp_path / "b.zip"), *outside)

    assert verdict.exit_code == 1
    assert verdict.places == {("signature", "budgeting/main/146..290")}


def test_a_forged_cosignature_is_found(
    history: History, outside: Outside, ask: Ask, tmp_path: Path
) -> None:
    log = history.log("budgeting/main")
    log.notes[290] = (
        log.text(290) + b"\n" + log.signer.lines(log.text(290)) + WITNESS.lines(log.text(289))
    )

    verdict = ask(history.write(tmp_path / "b.zip"), *outside)

    assert verdict.exit_code == 1
    assert verdict.checks == {"signature", "coverage"}


def test_a_head_that_you_hold_and_that_the_log_no_longer_lists_was_dropped(
    history: History, outside: Outside, ask: Ask, tmp_path: Path
) -> None:
    history.log("intake/main").heads = (150,)

    verdict = ask(history.write(tmp_path / "b.zip"), *outside)

    assert verdict.exit_code == 1
    assert ("known head", "intake/main/300") in verdict.places


def test_a_log_that_is_left_out_is_missed(
    history: History, outside: Outside, ask: Ask, tmp_path: Path
) -> None:
    del history.logs[2]

    verdict = ask(history.write(tmp_path / "b.zip"), *outside)

    assert verdict.exit_code == 1
    assert verdict.places == {("known head", "pruefpfad.test/budgeting/main")}


def test_a_log_that_is_left_out_is_missed_by_what_followed_from_it(
    history: History, outside: Outside, ask: Ask, tmp_path: Path
) -> None:
    """The auditor has its key and no head of it."""
    del history.logs[0]

    verdict = ask(history.write(tmp_path / "b.zip"), outside.trust, outside.known[1:])

    assert verdict.exit_code == 1
    assert ("causation", "eligibility/main/1") in verdict.places
    assert "intake/main" in verdict.findings[0]["message"]
    assert verdict.report["checks"]["causation"][1] == 300


def test_a_log_that_is_left_out_of_a_part_makes_it_incomplete(
    history: History, outside: Outside, ask: Ask, tmp_path: Path
) -> None:
    of_case(history, str(aggregate("case-3")))
    del history.logs[0]

    verdict = ask(history.write(tmp_path / "b.zip"), outside.trust, outside.known[1:])

    assert verdict.exit_code == 2
    assert verdict.checks == {"causation", "log"}


def test_a_last_log_that_is_left_out_is_missed_by_its_key(
    history: History, outside: Outside, ask: Ask, tmp_path: Path
) -> None:
    del history.logs[2]

    verdict = ask(history.write(tmp_path / "b.zip"), outside.trust, outside.known[:2])

    assert verdict.exit_code == 2
    assert verdict.places == {("log", "pruefpfad.test/budgeting/main")}


def test_a_log_that_is_said_to_be_empty_is_missed_by_its_key(
    history: History, outside: Outside, ask: Ask, tmp_path: Path
) -> None:
    log = history.log("budgeting/main")
    log.events, log.heads = [], ()

    verdict = ask(history.write(tmp_path / "b.zip"), outside.trust, outside.known[:2])

    assert verdict.exit_code == 2
    assert verdict.places == {("known head", "budgeting/main")}


@pytest.mark.parametrize("logs", [[], [Log("intake", [])]], ids=["no log", "an empty log"])
def test_where_there_is_no_event_there_is_nothing_to_verify(
    logs: list[Log], ask: Ask, tmp_path: Path
) -> None:
    verdict = ask(History(logs).write(tmp_path / "b.zip"), None, [])

    assert verdict.exit_code == 3
    assert "no log with an event" in verdict.complaint


def test_a_tile_that_was_changed_is_named(
    history: History, outside: Outside, ask: Ask, tmp_path: Path
) -> None:
    log = history.log("intake/main")
    log.notes = {size: log.note(size) for size in log.heads}
    log.tree = log.leaves
    log.tree[9] = bytes(32)

    verdict = ask(history.write(tmp_path / "b.zip"), *outside)

    assert verdict.exit_code == 1
    assert ("leaf", "intake/main/10") in verdict.places
    assert ("root", "intake/main/1..150") in verdict.places


def with_metadata(cause: str) -> bytes:
    return b'{"causationid":"event:%s"}' % cause.encode()


@pytest.mark.parametrize(
    ("cause", "check"),
    [("intake/main/301", "causation"), ("eligibility/main/20", "causation")],
)
def test_a_cause_that_is_not_there_is_missed(
    cause: str, check: str, history: History, ask: Ask, tmp_path: Path
) -> None:
    changed(history.log("eligibility/main"), 20, metadata=with_metadata(cause))

    verdict = ask(
        history.write(tmp_path / "b.zip"), history.trust(tmp_path / "k"), history.known(tmp_path)
    )

    assert verdict.exit_code == 1
    assert verdict.places == {(check, "eligibility/main/20")}


def test_an_effect_recorded_long_before_its_cause_is_named_and_proves_nothing_against_anybody(
    history: History, ask: Ask, tmp_path: Path
) -> None:
    """A clock that was set leaves the same behind as a date that was invented."""
    changed(history.log("eligibility/main"), 1, recorded_at=1_600_000_000_000_000)

    verdict = ask(
        history.write(tmp_path / "b.zip"), history.trust(tmp_path / "k"), history.known(tmp_path)
    )

    assert verdict.exit_code == 2
    assert verdict.places == {("causation", "eligibility/main/1")}


def test_versions_and_times_are_checked_even_where_the_head_is_right(
    history: History, ask: Ask, tmp_path: Path
) -> None:
    log = history.log("intake/main")
    changed(log, 20, version=5)
    changed(log, 30, recorded_at=1)

    verdict = ask(
        history.write(tmp_path / "b.zip"), history.trust(tmp_path / "k"), history.known(tmp_path)
    )

    assert verdict.exit_code == 1
    assert ("aggregate", "intake/main/20") in verdict.places
    assert ("time", "intake/main/30") in verdict.places


def test_a_head_signed_before_its_last_event_was_recorded_proves_nothing_against_anybody(
    history: History, outside: Outside, ask: Ask, tmp_path: Path
) -> None:
    log = history.log("intake/main")
    text = log.text(300)
    lines = b"".join(each.lines(text, 1_600_000_000) for each in (log.signer, *log.witnesses))
    log.notes[300] = text + b"\n" + lines

    verdict = ask(history.write(tmp_path / "b.zip"), *outside)

    assert verdict.exit_code == 2
    assert verdict.places == {("time", "intake/main/300")}


def test_documents_and_rules_are_looked_up_in_their_events(
    history: History, ask: Ask, tmp_path: Path
) -> None:
    log = history.log("intake/main")
    changed(log, 5, state=b'{"sha256":"%s"}' % (b"ab" * 32))
    changed(log, 6, topic=REGISTERED, state=json.dumps(PROGRAMME).encode())
    place = {"log": "intake/main"}
    topic = {"topic": "intake.Noted"}
    documents = [
        {"position": 5, "sha256": "ab" * 32, **topic},
        {"position": 7, "sha256": "cd" * 32, **topic},
        {"position": 999, "sha256": "cd" * 32, **topic},
    ]
    history.rules = [
        {**place, "position": 6, "path": "rules/ziq-v1.6.json"},
        {**place, "position": 8, "path": "rules/ziq-v1.6.json"},
    ]
    history.more = {
        "rules/ziq-v1.6.json": b'{"code": "ziq"}',
        "logs/intake/main/documents/000000000001.json": json.dumps(documents).encode(),
    }

    verdict = ask(
        history.write(tmp_path / "b.zip"), history.trust(tmp_path / "k"), history.known(tmp_path)
    )

    assert verdict.exit_code == 1
    assert verdict.places == {("document", f"intake/main/{position}") for position in (7, 8, 999)}


def test_a_file_that_is_not_the_listed_one_is_found(
    history: History, outside: Outside, ask: Ask, tmp_path: Path
) -> None:
    history.more = {"README.en.md": b"Trust me."}
    members = history.members() | {"README.en.md": b"Trust me more.", "extra": b"?"}

    verdict = ask(write(tmp_path / "b.zip", members), *outside)

    assert verdict.exit_code == 1
    assert verdict.places == {("member", "README.en.md"), ("member", "extra")}


def test_without_keys_and_heads_from_outside_nothing_is_proven(
    history: History, ask: Ask, tmp_path: Path
) -> None:
    verdict = ask(history.write(tmp_path / "b.zip"), None, [])

    assert verdict.exit_code == 2
    assert [(each["check"], each["at"]) for each in verdict.findings] == [
        ("signature", "--trust"),
        ("known head", "--known-head"),
    ]


def test_without_heads_from_outside_a_rollback_cannot_be_excluded(
    history: History, outside: Outside, ask: Ask, tmp_path: Path
) -> None:
    verdict = ask(history.write(tmp_path / "b.zip"), outside.trust, [])

    assert verdict.exit_code == 2
    assert verdict.checks == {"known head"}


def test_without_ml_dsa_an_honest_bundle_is_incomplete_and_no_more(
    history: History,
    outside: Outside,
    ask: Ask,
    verifier: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(verifier, "MLDSA44PublicKey", None)
    verifier.public_key.cache_clear()

    verdict = ask(history.write(tmp_path / "b.zip"), *outside)

    verifier.public_key.cache_clear()
    assert verdict.exit_code == 2
    assert verdict.checks == {"signature"}
    assert "ML-DSA-44" in verdict.findings[0]["message"]


def test_many_incomplete_findings_do_not_hide_a_forgery(verifier: ModuleType) -> None:
    report = verifier.Report()
    for number in range(50):
        report.incomplete("signature", f"key {number}", "is not known")

    report.tampered("signature", "intake/main/7", "is wrong")

    assert report.exit_code == 1


def test_events_above_the_last_cosigned_head_are_not_proven(ask: Ask, tmp_path: Path) -> None:
    history = History([Log("intake", events("intake", 310), heads=(150, 300))])

    verdict = ask(
        history.write(tmp_path / "b.zip"), history.trust(tmp_path / "k"), history.known(tmp_path)
    )

    assert verdict.exit_code == 2
    assert verdict.places == {("coverage", "intake/main/301")}


def test_one_witness_is_no_quorum_of_two(
    history: History, outside: Outside, ask: Ask, tmp_path: Path
) -> None:
    bundle = history.write(tmp_path / "b.zip")

    verdict = ask(bundle, *outside, "--quorum", "2")

    assert verdict.exit_code == 2
    assert verdict.checks == {"coverage"}


def test_two_witnesses_are(ask: Ask, tmp_path: Path) -> None:
    witnesses = (WITNESS, Signer("rechnungshof.example/w2"))
    log = Log("intake", events("intake", 300), heads=(300,), witnesses=witnesses)
    history = History([log])

    verdict = ask(
        history.write(tmp_path / "b.zip"),
        history.trust(tmp_path / "k"),
        history.known(tmp_path),
        "--quorum",
        "2",
    )

    assert verdict.exit_code == 0


def test_the_operators_other_logs_are_no_witnesses(ask: Ask, tmp_path: Path) -> None:
    other = Signer("pruefpfad.test/eligibility/main", is_log=True)
    logs = [
        Log("intake", events("intake", 300), heads=(300,), witnesses=(other,)),
        Log("eligibility", events("eligibility", 300), heads=(300,)),
    ]
    history = History(logs)
    bundle = history.write(tmp_path / "b.zip")
    trust = history.trust(tmp_path / "k")
    assert other.vkeys() in trust.read_text(encoding="utf-8")

    verdict = ask(bundle, trust, history.known(tmp_path))

    assert verdict.exit_code == 2
    assert verdict.places == {("coverage", "intake/main/1")}


def test_a_quorum_of_none_takes_the_auditors_own_heads(
    history: History, outside: Outside, ask: Ask, tmp_path: Path
) -> None:
    for log in history.logs:
        log.witnesses = ()
    bundle = history.write(tmp_path / "b.zip")

    assert ask(bundle, *outside, "--quorum", "0").exit_code == 0
    assert ask(bundle, *outside).exit_code == 2


def test_a_log_under_another_name_is_not_covered_by_the_keys(
    history: History, outside: Outside, ask: Ask, tmp_path: Path
) -> None:
    history.log("intake/main").log_name = "pruefpfad.elsewhere"

    verdict = ask(history.write(tmp_path / "b.zip"), *outside)

    assert verdict.exit_code == 1
    assert ("known head", "pruefpfad.test/intake/main") in verdict.places


def of_case(history: History, case: str) -> History:
    """The part of a history that belongs to one case, with the tiles that it hangs on."""
    history.kind = "cases"
    for log in history.logs:
        log.given = lambda event: case.encode() in event.metadata
    return history


def test_a_bundle_of_one_case_proves_its_events_up_to_a_head(
    history: History, outside: Outside, ask: Ask, tmp_path: Path
) -> None:
    bundle = of_case(history, str(aggregate("case-3"))).write(tmp_path / "b.zip")

    verdict = ask(bundle, *outside)

    assert (verdict.exit_code, verdict.findings) == (0, [])
    assert verdict.report["checks"]["leaf"] == [178, 0]
    assert any("--all" in note for note in verdict.report["notes"])


def test_a_changed_event_of_a_case_is_named(
    history: History, outside: Outside, ask: Ask, tmp_path: Path
) -> None:
    of_case(history, str(aggregate("case-3")))
    log = history.log("intake/main")
    log.tree = log.leaves
    changed(log, 8, state=b"{}")

    verdict = ask(history.write(tmp_path / "b.zip"), *outside)

    assert verdict.exit_code == 1
    assert verdict.places == {("leaf", "intake/main/8")}


def test_a_missing_event_of_an_aggregate_of_the_case_is_missed(
    history: History, outside: Outside, ask: Ask, tmp_path: Path
) -> None:
    own = aggregate("intake-3")
    history.kind = "cases"
    for log in history.logs:
        log.given = lambda event: event.aggregate == own and event.version != 4

    verdict = ask(history.write(tmp_path / "b.zip"), *outside)

    assert verdict.exit_code == 1
    assert verdict.places == {("aggregate", "intake/main/43")}


def test_what_belongs_to_one_case_cannot_be_called_shared_to_hide_a_hole(
    history: History, outside: Outside, ask: Ask, tmp_path: Path
) -> None:
    of_case(history, str(aggregate("case-3")))
    log, case = history.log("intake/main"), str(aggregate("case-3")).encode()
    log.given = lambda event: case in event.metadata and event.position != 33
    log.shared = [aggregate("intake-3"), aggregate("intake-8")]

    verdict = ask(history.write(tmp_path / "b.zip"), *outside)

    assert verdict.exit_code == 1
    assert verdict.places == {("aggregate", "intake/main/43")}


def with_budget_lines(history: History) -> History:
    """Seven budget lines on which all cases draw."""
    log = history.log("budgeting/main")
    log.events = [
        replace(event, topic="budgeting.FundsSpent")
        for event in events("budgeting", 290, aggregates=7, cause="eligibility/main")
    ]
    log.shared = [aggregate(f"budgeting-{number}") for number in range(7)]
    return history


def test_of_budget_lines_that_cases_share_a_part_has_single_events(
    history: History, ask: Ask, tmp_path: Path
) -> None:
    of_case(with_budget_lines(history), str(aggregate("case-3")))
    trust, known = history.trust(tmp_path / "k"), history.known(tmp_path)

    verdict = ask(history.write(tmp_path / "b.zip"), trust, known)

    assert (verdict.exit_code, verdict.findings) == (0, [])
    assert verdict.report["checks"]["leaf"] == [178, 0]
    assert verdict.report["checks"]["aggregate"] == [120, 0]
    [note] = [note for note in verdict.report["notes"] if "budget lines" in note]
    assert str(aggregate("budgeting-3")) in note


@pytest.mark.parametrize(("kind", "version"), [("cases", 1), ("all", 99)])
def test_versions_of_a_budget_line_rise_and_have_no_hole_in_a_bundle_of_everything(
    kind: str, version: int, history: History, ask: Ask, tmp_path: Path
) -> None:
    with_budget_lines(history).kind = kind
    changed(history.log("budgeting/main"), 20, version=version)
    trust, known = history.trust(tmp_path / "k"), history.known(tmp_path)

    verdict = ask(history.write(tmp_path / "b.zip"), trust, known)

    assert verdict.exit_code == 1
    assert ("aggregate", "budgeting/main/20") in verdict.places


def test_a_part_that_does_not_reach_back_to_your_head_is_incomplete(
    history: History, outside: Outside, ask: Ask, tmp_path: Path
) -> None:
    log = history.log("intake/main")
    early = log.text(20)
    known = tmp_path / "early.note"
    known.write_bytes(early + b"\n" + log.signer.lines(early))
    of_case(history, "nobody")
    members = {n: c for n, c in history.members().items() if "tile/0/000" not in n}
    manifest = json.loads(members["manifest.json"])
    manifest["members"] = {n: d for n, d in manifest["members"].items() if n in members}
    members["manifest.json"] = json.dumps(manifest).encode()

    verdict = ask(write(tmp_path / "b.zip", members), outside.trust, [*outside.known, known])

    assert ("known head", "intake/main/20") in verdict.places


def test_events_are_shown_and_listed(
    history: History, verifier: object, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    log = history.log("intake/main")
    case = '{"caseid":"8f4b2a11-0000-4000-8000-000000000001"}'
    changed(log, 4, metadata=case.encode(), state=b"\xff\x00 is no JSON")
    bundle = str(history.write(tmp_path / "b.zip"))

    assert verifier.main([bundle, "--show", "intake/main/3"]) == 0  # type: ignore[attr-defined]
    shown = json.loads(capsys.readouterr().out)
    assert shown["topic"] == "intake.Noted"
    assert shown["state"] == {"amount_cents": 300}
    assert shown["recorded_at"] == "2023-11-14T22:13:20.003000+00:00"

    words = [bundle, "--list", "8f4b2a11-0000-4000-8000-000000000001"]
    assert verifier.main(words) == 0  # type: ignore[attr-defined]
    [listed] = capsys.readouterr().out.splitlines()
    assert json.loads(listed)["state"] == "/wAgaXMgbm8gSlNPTg=="

    assert verifier.main([bundle, "--show", "intake/main/999"]) == 3  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--show", "intake/main/999"], "There is no event intake/main/999 in this bundle.\n"),
        (["--list", "ZIQ-9"], "There is no event of the case ZIQ-9 in this bundle.\n"),
    ],
)
def test_what_is_not_there_to_be_read_is_said(
    words: list[str],
    complaint: str,
    history: History,
    verifier: ModuleType,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    bundle = history.write(tmp_path / "b.zip")

    assert verifier.main([str(bundle), *words]) == 3

    said = capsys.readouterr()
    assert (said.out, said.err) == ("", complaint)


@pytest.mark.parametrize(
    ("last", "message"),
    [(299, "lies above 299"), (290, "and 9 more lie above 290")],
)
def test_of_what_is_not_covered_one_event_is_told_from_many(
    last: int, message: str, history: History, ask: Ask, tmp_path: Path
) -> None:
    history.log("intake/main").heads = (last,)
    trust, known = history.trust(tmp_path / "k"), history.known(tmp_path)

    verdict = ask(history.write(tmp_path / "b.zip"), trust, known)

    [finding] = verdict.findings
    assert finding["message"] == f"{message}, the last head that a witness has signed"


def test_the_report_for_people_names_verdict_check_and_place(
    history: History,
    outside: Outside,
    verifier: object,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    log = history.log("eligibility/main")
    log.tree = log.leaves
    changed(log, 20, state=b"{}")
    bundle = history.write(tmp_path / "b.zip")
    words = [str(bundle), "--trust", str(outside.trust), "--known-head", *map(str, outside.known)]

    assert verifier.main(words) == 1  # type: ignore[attr-defined]

    said = capsys.readouterr().out
    assert "TAMPERED: leaf: eligibility/main/20 is not the event that the tree has" in said


def test_the_verifier_knows_nothing_of_ours() -> None:
    tree = ast.parse(VERIFY.read_text(encoding="utf-8"))
    modules = {
        name.partition(".")[0]
        for each in ast.walk(tree)
        if isinstance(each, ast.Import | ast.ImportFrom)
        for name in (
            [each.module or "."]
            if isinstance(each, ast.ImportFrom)
            else [alias.name for alias in each.names]
        )
    }
    assert modules - {"cryptography"} <= set(sys.stdlib_module_names)


def test_the_events_that_may_be_shared_are_those_of_a_budget_line(verifier: ModuleType) -> None:
    topics = {each.TOPIC for each in vars(BudgetLine).values() if hasattr(each, "TOPIC")}

    assert {topic.decode() for topic in verifier.BUDGET_LINE} == topics


def test_honest_histories_of_many_lengths_never_alarm(ask: Ask, tmp_path: Path) -> None:
    for intake in (4, 5, 257, 300):
        history = honest((intake, intake, intake - 1))
        verdict = ask(
            history.write(tmp_path / "b.zip"),
            history.trust(tmp_path / "k"),
            history.known(tmp_path),
        )
        assert (verdict.exit_code, verdict.findings) == (0, []), intake


def test_tiles_of_the_test_are_laid_out_as_the_specification_says() -> None:
    paths = [path for path, _ in tiles([bytes(32)] * 70_000)]

    assert len([p for p in paths if p.startswith("tile/0/") and ".p" not in p]) == 273
    assert [p for p in paths if ".p" in p] == [
        "tile/0/273.p/112",
        "tile/1/001.p/17",
        "tile/2/000.p/1",
    ]


def test_a_time_stamp_on_a_head_that_was_taken_out_is_missed(
    history: History, ask: Ask, tmp_path: Path
) -> None:
    name = "logs/intake/main/timestamps/000000000042.tsa.tsr"
    history.more[name] = b"\x30\x00"

    verdict = ask(
        history.write(tmp_path / "b.zip"), history.trust(tmp_path / "k"), history.known(tmp_path)
    )

    assert verdict.exit_code == 1
    assert ("timestamp", name) in verdict.places


@pytest.mark.parametrize(
    ("service", "position"), [("intake", 200), ("eligibility", 7)], ids=("in a log", "across logs")
)
def test_two_events_of_the_same_id_are_named_though_both_are_signed(
    service: str, position: int, ask: Ask, tmp_path: Path
) -> None:
    logs = {name: Log(name, events(name, 300), heads=(300,)) for name in ("intake", "eligibility")}
    first = logs["intake"].events[19].event_id
    place = logs[service].events
    place[position - 1] = replace(place[position - 1], event_id=first)
    history = History(list(logs.values()))

    verdict = ask(
        history.write(tmp_path / "b.zip"),
        history.trust(tmp_path / "keys"),
        history.known(tmp_path),
    )

    assert verdict.exit_code == 1
    [finding] = verdict.findings
    assert finding["check"] == "identity"
    assert {finding["at"], finding["message"].split(" ")[-1]} == {
        "intake/main/20",
        f"{service}/main/{position}",
    }
