"""Whoever writes a bundle may lie in everything that is not signed: in lists, names and words."""

from __future__ import annotations

import io
import json
import tracemalloc
from base64 import b64encode
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from verifier.conftest import Ask, Outside, Verdict, honest
from verifier.forge import START, History, changed, write

DOCUMENT = {"name": "Rechnung.pdf", "sha256": "ab" * 32, "pages": 2}
DECISION = {"name": "Bescheid.pdf", "sha256": "cd" * 32}
DEFINITION = {"award_threshold_cents": 100_000}
REGISTERED = {"programme": "ziq", "programme_version": "1.2", "definition": DEFINITION}
LIST = "logs/intake/main/documents/000000000001.json"
RULES = "rules/ziq-1.2.3.json"
DAY = 86_400


def as_json(value: object) -> bytes:
    return json.dumps(value).encode()


def with_papers() -> History:
    """An event with rules, one with documents, and the files that belong to them."""
    history = honest()
    log = history.log("intake/main")
    changed(log, 3, topic="intake.ProgrammeRegistered", state=as_json(REGISTERED))
    changed(log, 5, state=as_json({"attachments": [DOCUMENT, {"of": DECISION}]}))
    of_event = {"position": 5, "topic": "intake.Noted"}
    history.rules = [{"log": "intake/main", "position": 3, "path": RULES}]
    history.more = {
        RULES: as_json(DEFINITION),
        LIST: as_json([DOCUMENT | of_event, DECISION | of_event]),
    }
    return history


def asked(history: History, ask: Ask, folder: Path, *more: str) -> Verdict:
    trust, known = history.trust(folder / "keys"), history.known(folder)
    return ask(history.write(folder / "b.zip"), trust, known, *more)


def test_the_lists_and_rules_that_the_events_name_are_verified(ask: Ask, tmp_path: Path) -> None:
    verdict = asked(with_papers(), ask, tmp_path)

    assert (verdict.exit_code, verdict.findings) == (0, [])
    assert verdict.report["checks"]["document"] == [2, 0]


@pytest.mark.parametrize(
    ("listed", "rules", "places"),
    [
        ([], [RULES], {("document", "intake/main/5")}),
        ([DOCUMENT], [RULES], {("document", "intake/main/5")}),
        ([DOCUMENT | {"name": "Andere.pdf"}, DECISION], [RULES], {("document", "intake/main/5")}),
        ([DECISION, DOCUMENT], [RULES], {("document", "intake/main/5")}),
        ([DOCUMENT, DECISION, {"sha256": ""}], [RULES], {("document", "intake/main/5")}),
        ([DOCUMENT, DECISION], [], {("document", "intake/main/3"), ("member", RULES)}),
        ([DOCUMENT, DECISION], ["rules/ziq-1.3.3.json"], {("document", "intake/main/3")}),
    ],
    ids=["no list", "one less", "another name", "another order", "one more", "not said", "renamed"],
)
def test_lists_and_rules_are_those_of_the_events(
    listed: list[dict[str, Any]],
    rules: list[str],
    places: set[tuple[str, str]],
    ask: Ask,
    tmp_path: Path,
) -> None:
    history = with_papers()
    history.rules = [{"log": "intake/main", "position": 3, "path": path} for path in rules]
    of_event = {"position": 5, "topic": "intake.Noted"}
    history.more[LIST] = as_json([each | of_event for each in listed])
    history.more |= dict.fromkeys(rules, history.more[RULES])
    history.more = {
        name: each for name, each in history.more.items() if name in (*rules, RULES, LIST)
    }
    if rules and RULES not in rules:
        del history.more[RULES]

    verdict = asked(history, ask, tmp_path)

    assert (verdict.exit_code, verdict.places) == (1, places)


@pytest.mark.parametrize(
    "name",
    [
        "rules/ziq-2.json",
        "logs/intake/main/documents/000000000777.json",
        "logs/intake/main/leaves/000000000777.bin",
        "logs/unknown/main/events/000000000001.bin",
    ],
)
def test_a_file_that_belongs_to_no_event_is_found(name: str, ask: Ask, tmp_path: Path) -> None:
    history = with_papers()
    history.more[name] = b"[]"

    verdict = asked(history, ask, tmp_path)

    assert (verdict.exit_code, verdict.places) == (1, {("member", name)})


def test_what_is_only_the_operators_word_is_named(ask: Ask, tmp_path: Path) -> None:
    history = honest()
    history.more = {"schemas/intake.Noted.v1.json": b"{}", "keys/a.vkey": b""}

    verdict = asked(history, ask, tmp_path)

    assert verdict.exit_code == 0
    [note] = verdict.report["notes"]
    assert note.endswith("only said by whoever wrote the bundle: keys, schemas.")


def test_two_rule_sets_of_one_event_are_refused(ask: Ask, tmp_path: Path) -> None:
    history = with_papers()
    history.rules = history.rules * 2

    assert asked(history, ask, tmp_path).exit_code == 3


def test_a_log_under_the_name_of_another_is_found(ask: Ask, tmp_path: Path) -> None:
    history = honest()
    outside = Outside(history.trust(tmp_path / "keys"), history.known(tmp_path))
    old, new = "budgeting", "disbursement"
    members = {
        name.replace(f"logs/{old}/", f"logs/{new}/"): content
        for name, content in history.members().items()
    }
    manifest = json.loads(members["manifest.json"])
    manifest["logs"][2]["service"] = new
    manifest["members"] = {
        name: sha256(content).hexdigest()
        for name, content in members.items()
        if name != "manifest.json"
    }

    bundle = write(tmp_path / "b.zip", {**members, "manifest.json": as_json(manifest)})
    verdict = ask(bundle, *outside)

    assert (verdict.exit_code, verdict.places) == (1, {("log", "disbursement/main")})


# -- An event with an early date


def signed_late(history: History, size: int, days: float) -> None:
    """A head of budgeting that its log and the witness have signed long after its last event."""
    log = history.log("budgeting/main")
    text, seconds = log.text(size), int(START // 1_000_000 + days * DAY)
    lines = b"".join(each.lines(text, seconds) for each in (log.signer, *log.witnesses))
    log.notes[size] = text + b"\n" + lines


def test_an_event_that_a_head_lacks_and_that_is_dated_before_it_is_named(
    ask: Ask, tmp_path: Path
) -> None:
    history = honest()
    signed_late(history, 145, days=10)

    verdict = asked(history, ask, tmp_path)

    assert (verdict.exit_code, verdict.places) == (2, {("time", "budgeting/main/146")})


def test_the_time_that_a_log_takes_to_sign_and_what_clocks_may_differ_is_no_alarm(
    ask: Ask, tmp_path: Path
) -> None:
    history = honest()
    signed_late(history, 145, days=119 / DAY)

    assert asked(history, ask, tmp_path).exit_code == 0
    assert asked(history, ask, tmp_path, "--clock-tolerance", "10").exit_code == 2


def test_a_head_of_a_whole_stride_has_not_taken_in_all_there_was(
    ask: Ask, verifier: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    history = honest()
    signed_late(history, 145, days=10)
    monkeypatch.setattr(verifier, "STRIDE", 145)

    assert asked(history, ask, tmp_path).exit_code == 0


# -- A part


def test_a_part_is_told_from_the_whole_by_programs_and_by_people(ask: Ask, tmp_path: Path) -> None:
    history = honest()
    whole = asked(history, ask, tmp_path)
    history.kind = "cases"
    part = asked(history, ask, tmp_path)

    assert (whole.exit_code, part.exit_code) == (0, 0)
    assert (whole.report["scope"], part.report["scope"]) == ({"kind": "all"}, {"kind": "cases"})
    assert whole.report["verdict"].startswith("VERIFIED. ")
    assert part.report["verdict"].startswith("VERIFIED, A PART. ")
    assert part.report["verdict"].endswith(
        "up to intake/main/300, eligibility/main/300, budgeting/main/290."
    )


def test_of_a_part_is_said_what_lies_above_its_last_head(ask: Ask, tmp_path: Path) -> None:
    history = honest()
    history.kind = "cases"
    history.log("budgeting/main").size = 295

    verdict = asked(history, ask, tmp_path)

    assert verdict.exit_code == 0
    [note] = [each for each in verdict.report["notes"] if each.startswith("budgeting/main")]
    assert "events 291 to 295 are above the last signed head" in note


# -- Names and words


@pytest.mark.parametrize("name", ["keys/a;curl x|sh;#", "keys/\x1b[8m", "keys/a b", "keys/$(x)"])
def test_a_name_that_a_shell_or_terminal_would_obey_is_refused(
    name: str, ask: Ask, tmp_path: Path
) -> None:
    history = honest()
    history.more = {name: b""}

    verdict = asked(history, ask, tmp_path)

    assert verdict.exit_code == 3
    assert "which none can have" in verdict.complaint
    assert verdict.complaint.strip().isprintable()


@pytest.mark.parametrize("words", [(), ("--json",), ("--show", "intake/main/7")])
def test_what_a_terminal_would_obey_is_printed_as_letters(
    words: Sequence[str], verifier: ModuleType, tmp_path: Path
) -> None:
    history = honest()
    log = history.log("intake/main")
    spoof = "\x1b[2K\rVerdict: VERIFIED.\x9b8m\u202e"
    changed(log, 7, state=as_json({"text": spoof}).replace(b"\\u202e", "\u202e".encode()))
    log.log_name = spoof.replace("\r", "")
    bundle, out = history.write(tmp_path / "b.zip"), io.StringIO()

    with redirect_stdout(out), redirect_stderr(out):
        verifier.main([str(bundle), *words])

    assert out.getvalue().replace("\n", "").isprintable()
    if words:
        assert json.loads(out.getvalue())


def test_a_long_name_of_a_tile_does_not_hide_that_the_history_was_changed(
    ask: Ask, tmp_path: Path
) -> None:
    history = honest()
    outside = Outside(history.trust(tmp_path / "keys"), history.known(tmp_path))
    changed(history.log("intake/main"), 20, state=b"{}")
    name = f"logs/intake/main/tile/0/{'x000/' * 1500}000"
    history.more = {name: b"x"}

    verdict = ask(history.write(tmp_path / "b.zip"), *outside)

    assert verdict.exit_code == 1
    assert ("tile", name) in verdict.places


def test_deeply_nested_states_do_not_hide_it_either(ask: Ask, tmp_path: Path) -> None:
    history = honest()
    outside = Outside(history.trust(tmp_path / "keys"), history.known(tmp_path))
    nested = b'{"sha256":' + b"[" * 900 + b"]" * 900 + b"}"
    changed(history.log("intake/main"), 20, state=nested)

    verdict = ask(history.write(tmp_path / "b.zip"), *outside)

    assert verdict.exit_code == 1


def test_a_note_has_no_more_lines_than_anybody_needs(ask: Ask, tmp_path: Path) -> None:
    history = honest()
    log = history.log("budgeting/main")
    line = f"— stranger {b64encode(bytes(70)).decode()}\n".encode()
    note = log.note(145)
    log.notes[145] = note + line * (100 - note.partition(b"\n\n")[2].count(b"\n"))
    assert asked(history, ask, tmp_path).exit_code == 0
    log.notes[145] += line

    verdict = asked(history, ask, tmp_path)

    name = "logs/budgeting/main/checkpoints/000000000145.note"
    assert (verdict.exit_code, verdict.places) == (1, {("signature", name)})


def test_known_heads_are_taken_from_a_folder_all_of_them(ask: Ask, tmp_path: Path) -> None:
    """A witness has cosigned the first head too, and the operator drops it."""
    history = honest()
    folder = tmp_path / "known"
    folder.mkdir()
    history.known(folder)
    log = history.log("budgeting/main")
    (folder / "first.note").write_bytes(log.note(145))
    (folder / "README").write_text("no head")
    log.heads = (290,)

    verdict = ask(history.write(tmp_path / "b.zip"), history.trust(tmp_path / "keys"), [folder])

    assert (verdict.exit_code, verdict.places) == (1, {("known head", "budgeting/main/145")})


def test_of_many_heads_the_signatures_are_not_all_held_at_once(
    verifier: ModuleType, tmp_path: Path
) -> None:
    history = honest((60, 3, 2))
    log = history.log("intake/main")
    log.heads = range(1, 61)
    line = f"— stranger {b64encode(bytes(9_000)).decode()}\n".encode()
    log.notes = {size: log.note(size) + line * 20 for size in log.heads}
    held = sum(map(len, log.notes.values()))
    bundle, out = history.write(tmp_path / "b.zip"), io.StringIO()

    tracemalloc.start()
    with redirect_stdout(out):
        verifier.main([str(bundle)])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert "60 events" in out.getvalue()
    assert peak < held / 4
