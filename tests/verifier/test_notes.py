"""The bits of a head's note: what is found, what is not missed, and what is said of it."""

from __future__ import annotations

from base64 import b64decode, b64encode
from pathlib import Path
from types import ModuleType

import pytest

from verifier.conftest import Ask, honest
from verifier.forge import WITNESS, History, Log

EVERY = 13
"""Of the inside of long signatures, every so many bits are tried: they are all alike."""
EDGE = 12
SIZE = 6


@pytest.fixture
def log() -> Log:
    return honest((12, 12, 11)).log("intake/main")


def flipped(content: bytes, bit: int) -> bytes:
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def bits_of(note: bytes) -> list[int]:
    """All bits of the text, and of each line's name, key id and end; some of those between."""
    text, _, lines = note.partition(b"\n\n")
    at = len(text) + 2
    found = list(range(8 * at))
    for line in lines.splitlines(keepends=True):
        head = len(line) - len(line.split(b" ")[2]) + EDGE
        edges = [*range(8 * head), *range(8 * (len(line) - EDGE), 8 * len(line))]
        inside = range(8 * head, 8 * (len(line) - EDGE), EVERY)
        found += [8 * at + bit for bit in (*edges, *inside)]
        at += len(line)
    return found


def keys_under(note: bytes) -> list[tuple[bytes, bytes]]:
    """Name and key id of each line."""
    words = [line.split(b" ") for line in note.partition(b"\n\n")[2].splitlines()]
    return [(name, b64decode(encoded)[:4]) for _, name, encoded in words]


def test_no_bit_of_a_note_changes_unnoticed_but_whose_line_a_witness_has_signed(
    log: Log, verifier: ModuleType, tmp_path: Path
) -> None:
    """Whatever passes has the same text, signed by the log with both keys: all that can be lost is
    a line of a witness, which then seems to be that of somebody unknown."""
    trust = verifier.keys_in(History([log]).trust(tmp_path / "keys"))
    note, ignored = log.note(SIZE), 0
    for bit in bits_of(note):
        changed, report = flipped(note, bit), verifier.Report()
        try:
            head = verifier.head_of(changed)
        except ValueError:
            continue  # No head any more: said of the file.
        signed = verifier.signed_by(head, trust, report, "")
        if report.findings or log.origin not in signed.names or head.text != log.text(SIZE):
            continue  # Said of the events below the head.
        ignored += 1
        assert signed.partly == {WITNESS.name}
        pairs = zip(keys_under(note), keys_under(changed), strict=True)
        [(before, _)] = [pair for pair in pairs if len(set(pair)) > 1]
        assert before[0].decode() == WITNESS.name
    assert ignored > 100


def test_a_note_with_another_text_is_never_signed_by_the_log(
    log: Log, verifier: ModuleType, tmp_path: Path
) -> None:
    trust = verifier.keys_in(History([log]).trust(tmp_path / "keys"))
    note = log.note(SIZE)
    for bit in range(8 * len(log.text(SIZE))):
        try:
            head = verifier.head_of(flipped(note, bit))
        except ValueError:
            continue
        assert verifier.signed_by(head, trust, verifier.Report(), "").names == set()


def with_another_key_id(note: bytes) -> bytes:
    """The last line, which is a witness's, seems to be one of a key that nobody knows."""
    *others, line = note.splitlines(keepends=True)
    dash, name, encoded = line.split(b" ")
    blob = b64encode(flipped(b64decode(encoded), 0))
    return b"".join(others) + b" ".join((dash, name, blob)) + b"\n"


def test_what_a_witness_has_signed_is_not_missed_under_an_older_head_but_said(
    ask: Ask, tmp_path: Path
) -> None:
    history = honest()
    log = history.log("intake/main")
    outside = (history.trust(tmp_path / "keys"), history.known(tmp_path))
    older, _ = log.heads
    log.notes = {older: with_another_key_id(log.note(older))}

    verdict = ask(history.write(tmp_path / "b.zip"), *outside)

    assert (verdict.exit_code, verdict.findings) == (0, [])
    [note] = [each for each in verdict.report["notes"] if "some of its keys only" in each]
    assert f"{WITNESS.name} has signed 1 of the heads, first that of size {older}," in note


def test_the_same_under_the_last_head_is_incomplete(ask: Ask, tmp_path: Path) -> None:
    history = honest()
    log = history.log("intake/main")
    outside = (history.trust(tmp_path / "keys"), history.known(tmp_path))
    older, last = log.heads
    log.notes = {last: with_another_key_id(log.note(last))}

    verdict = ask(history.write(tmp_path / "b.zip"), *outside)

    assert verdict.exit_code == 2
    assert verdict.places == {("coverage", f"intake/main/{older + 1}")}
    assert any("some of its keys only" in each for each in verdict.report["notes"])
