"""Heads that the history itself mentions: neither they nor their notes can be exchanged."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

from verifier.conftest import Ask, Outside, Verdict
from verifier.forge import History, Log, changed, restored, root


def anchored(log: Log, position: int, head: int, **said: object) -> None:
    """The event at a position mentions the head of this size, as the log has signed it: without
    the lines that witnesses added."""
    note = log.notes[head] = log.note(head)  # Signed once: each time would be another signature.
    text, _, lines = note.decode().partition("\n\n")
    own = [line for line in lines.splitlines() if f" {log.origin} " in line]
    anchor = {
        "origin": log.origin,
        "size": head,
        "root": root(log.leaves[:head]).hex(),
        "note_sha256": sha256("\n".join((text, "", *own, "")).encode()).hexdigest(),
    }
    topic = f"{log.service}.HeadAnchored"
    changed(log, position, topic=topic, state=json.dumps(anchor | said).encode())


def verdict(history: History, ask: Ask, tmp_path: Path, outside: Outside | None = None) -> Verdict:
    trust = outside.trust if outside else history.trust(tmp_path / "all keys")
    return ask(history.write(tmp_path / "b.zip"), trust, history.known(tmp_path))


def test_an_anchored_head_and_its_note_are_found(
    history: History, ask: Ask, tmp_path: Path
) -> None:
    anchored(history.log("intake/main"), 170, 150)

    found = verdict(history, ask, tmp_path)

    assert (found.exit_code, found.findings) == (0, [])
    assert found.report["checks"]["anchor"] == [1, 0]


def test_an_anchored_head_cannot_be_dropped(history: History, ask: Ask, tmp_path: Path) -> None:
    log = history.log("intake/main")
    anchored(log, 170, 150)
    log.heads = (300,)

    found = verdict(history, ask, tmp_path)

    assert (found.exit_code, found.places) == (1, {("anchor", "intake/main/170")})


def test_an_anchored_head_has_its_root(history: History, ask: Ask, tmp_path: Path) -> None:
    anchored(history.log("intake/main"), 170, 150, root="00" * 32)

    found = verdict(history, ask, tmp_path)

    assert (found.exit_code, found.places) == (1, {("anchor", "intake/main/170")})


def test_a_note_that_was_signed_anew_by_the_same_keys_is_not_the_anchored_one(
    history: History, outside: Outside, ask: Ask, tmp_path: Path
) -> None:
    """Whoever stole the log's keys cannot make the head seem signed at another time."""
    log = history.log("intake/main")
    anchored(log, 170, 150)
    text = log.text(150)
    log.notes = {
        150: text + b"\n" + log.signer.lines(text, log.events[149].recorded_at // 10**6 + 9)
    }

    found = verdict(history, ask, tmp_path, outside)

    assert (found.exit_code, found.places) == (1, {("anchor", "intake/main/170")})
    assert "another note" in found.findings[0]["message"]


def test_what_an_anchor_says_wrongly_is_named_whatever_it_is(
    history: History, ask: Ask, tmp_path: Path
) -> None:
    log = history.log("intake/main")
    for position, said in enumerate(("150", None, [150], 1 << 70), 170):
        anchored(log, position, 150, size=said)

    found = verdict(history, ask, tmp_path)

    assert found.places == {("anchor", f"intake/main/{position}") for position in range(170, 174)}


def test_an_anchor_of_a_log_that_an_incident_ended_is_held_against_its_heads(
    history: History, ask: Ask, tmp_path: Path
) -> None:
    log = history.log("budgeting/main")
    anchored(log, 160, 145)
    restored(log, 200, 250)
    log.events[159] = log.ended[0].events[159]

    assert verdict(history, ask, tmp_path).places == {("incident", "budgeting/main/201")}

    log.ended[0].heads = (290,)
    found = verdict(history, ask, tmp_path)

    assert found.exit_code == 2  # Its log may have been put back too, to an earlier hour.
    assert ("anchor", "budgeting/main/160") in found.places
