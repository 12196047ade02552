"""Stores that answer badly, hold odd things or were restored alone: what the bundle of them is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bundle.conftest import bundled, names, read_json, verdict_on
from bundle.operator import Operator, an_event
from grant_audit.bundle import archive, heads
from grant_audit.bundle.archive import Archive
from grant_store.errors import NoSuchTile, StoreError, Unreachable
from grant_values.invalid import Invalid
from tamper.members import listed, records_in
from tamper.verdicts import members_of, write_members


class Answers:
    """A log that answers as another one does, but for its tiles."""

    def __init__(self, log: Any, error: StoreError) -> None:
        self._log, self._error = log, error

    def tile(self, level: int, index: int) -> bytes:
        raise self._error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)


def with_tiles(operator: Operator, error: StoreError) -> None:
    """Budgeting has a full tile, and is asked for it in vain."""
    operator.record("budgeting", *(an_event("budgeting.Noted", f"x{n}", 1) for n in range(300)))
    operator.sign_all()
    place = next(i for i, each in enumerate(operator.sources) if each.service == "budgeting")
    source = operator.sources[place]
    failing: Any = Answers(source.log, error)
    operator.sources[place] = replace(source, log=failing, log_of=None)


def test_a_connection_that_breaks_makes_no_bundle(operator: Operator, tmp_path: Path) -> None:
    with_tiles(operator, Unreachable("budgeting: the connection broke twice"))
    folder = tmp_path / "out"
    folder.mkdir()

    with pytest.raises(Unreachable):
        bundled(operator, folder / "b.zip")

    assert not list(folder.iterdir())


def test_a_tile_that_is_not_there_is_left_to_the_verifier(
    operator: Operator, tmp_path: Path
) -> None:
    with_tiles(operator, NoSuchTile("log of budgeting/main: no full tile 0 of level 0 is kept."))

    verdict = verdict_on(bundled(operator, tmp_path / "b.zip"), operator.trust(), operator.known())

    assert verdict.exit_code == 1
    assert ("tile", "budgeting/main/1") in verdict.places


def test_two_answers_of_one_authority_are_two_files(operator: Operator, tmp_path: Path) -> None:
    operator.sign_all()
    for response in (b"one", b"two"):
        operator.source("intake").log.add_timestamp(41, "tsa.test", response)

    bundle = bundled(operator, tmp_path / "b.zip")

    assert len([name for name in names(bundle) if name.endswith(".tsr")]) == 2
    assert verdict_on(bundle, operator.trust(), operator.known()).exit_code == 1  # No stamps.


def test_programmes_whose_names_would_be_one_have_two_files(
    operator: Operator, tmp_path: Path
) -> None:
    for code, version in (("A", "1-2"), ("A-1", "2"), ("Ü", "1"), ("Ä", "1")):
        operator.record(
            "intake",
            an_event(
                "intake.ProgrammeRegistered",
                f"programme {code}",
                1,
                programme=code,
                programme_version=version,
                definition={"code": code},
            ),
        )
    operator.sign_all()

    bundle = bundled(operator, tmp_path / "b.zip")
    verdict = verdict_on(bundle, operator.trust(), operator.known())

    assert (verdict.exit_code, verdict.report["findings"]) == (0, [])
    assert [name for name in names(bundle) if name.startswith("rules/")] == [
        "rules/ziq-v1.1.json",
        "rules/A-1-2.42.json",
        "rules/A-1-2.43.json",
        "rules/_-1.44.json",
        "rules/_-1.45.json",
    ]


def test_no_name_is_given_twice(tmp_path: Path) -> None:
    twice = pytest.raises(Invalid, match="expected one member of the name a")
    with twice, Archive(tmp_path / "b.zip") as written:
        written.add("a", b"1")
        written.add("a", b"2")

    assert not list(tmp_path.iterdir())


def many_heads(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Intake has 43 heads, of which each ten in a row go into a file."""
    monkeypatch.setattr(heads, "HEADS_PER_FILE", 10)
    operator.record("intake", *(an_event("intake.Noted", f"n{number}", 1) for number in range(2)))
    operator.sign("intake", every=1)
    operator.sign_all()


def test_of_very_many_heads_many_are_in_one_file(
    operator: Operator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    many_heads(operator, monkeypatch)

    bundle = bundled(operator, tmp_path / "b.zip")
    verdict = verdict_on(bundle, operator.trust(), operator.known())

    folder = "logs/intake/main/checkpoints/"
    files = [name.removeprefix(folder) for name in names(bundle) if name.startswith(folder)]
    assert files == [
        *(f"{first:012}.notes" for first in (1, 11, 21, 31)),
        *(f"{size:012}.note" for size in (41, 42, 43)),
    ]
    assert (verdict.exit_code, verdict.report["findings"]) == (0, [])
    assert verdict.report["checks"]["witness"] == [43 + 3, 0]


def test_a_file_of_heads_is_cut_where_it_would_be_too_large(
    operator: Operator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(heads, "BYTES_PER_FILE", 20_000)
    many_heads(operator, monkeypatch)

    bundle = bundled(operator, tmp_path / "b.zip")

    assert len([name for name in names(bundle) if name.endswith(".notes")]) > 4
    assert verdict_on(bundle, operator.trust(), operator.known()).exit_code == 0


@pytest.mark.parametrize(
    ("change", "exit_code", "check"),
    [
        (lambda notes: notes[:4] + notes[5:], 1, "known head"),
        (lambda notes: [notes[1], notes[0], *notes[2:]], 1, "root"),
        (lambda notes: [notes[0], notes[0], *notes[1:]], 1, "root"),
        (lambda notes: [notes[0][:-5], *notes[1:]], 1, "signature"),
    ],
    ids=["dropped", "swapped", "repeated", "spoiled"],
)
def test_what_is_done_to_a_head_among_many_is_found(
    change: Callable[[list[bytes]], list[bytes]],
    exit_code: int,
    check: str,
    operator: Operator,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    many_heads(operator, monkeypatch)
    known = [*operator.known(), tmp_path / "fifth.note"]
    head = operator.source("intake").log.head(5)
    assert head
    known[-1].write_bytes(head.note)
    clean = members_of(bundled(operator, tmp_path / "clean.zip"))
    name = "logs/intake/main/checkpoints/000000000001.notes"
    changed = change([each[4:] for each in records_in(clean[name])])
    content = b"".join(len(note).to_bytes(4, "big") + note for note in changed)
    write_members(tmp_path / "b.zip", listed({**clean, name: content}))

    verdict = verdict_on(tmp_path / "b.zip", operator.trust(), known)

    assert verdict.exit_code == exit_code
    assert check in {each for each, _ in verdict.places}


def test_a_list_that_no_verifier_would_read_is_refused_where_it_is_written(
    operator: Operator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(archive, "MANIFEST_BYTES", 1_000)
    operator.sign_all()
    folder = tmp_path / "out"
    folder.mkdir()

    with pytest.raises(Invalid, match="at most 1000 bytes"):
        bundled(operator, folder / "b.zip")

    assert not list(folder.iterdir())


@pytest.mark.parametrize("line", [b"garbage\n", b"\n", b"\xff\xfe \x00", b"a b c d\n"])
def test_a_spoiled_cosignature_is_passed_on_and_found(
    line: bytes, operator: Operator, tmp_path: Path
) -> None:
    operator.sign_all()
    known = operator.known()
    operator.source("intake").log.cosign(41, "x", line)

    verdict = verdict_on(bundled(operator, tmp_path / "b.zip"), operator.trust(), known)

    assert verdict.exit_code == 1
    note = "logs/intake/main/checkpoints/000000000041.note"
    assert ("signature", note) in verdict.places


def test_a_store_that_was_restored_alone_cuts_off_no_other(
    operator: Operator, tmp_path: Path
) -> None:
    """Budgeting was put back in silence. Disbursement has lost nothing, and nothing of it may be
    left out; what names the lost events accuses budgeting."""
    operator.sign_all()
    operator.copy_ledger("budgeting", tmp_path / "backup")
    lost = operator.record(
        "budgeting", *(an_event("budgeting.Noted", f"x{n}", 1) for n in range(4))
    )
    late = an_event("disbursement.Noted", "y", 1, cause=f"budgeting/main/{lost}")
    last = operator.record("disbursement", late, an_event("disbursement.Noted", "z", 1))
    operator.sign_all()
    known = [each for each in operator.known() if each.name != "budgeting.note"]
    operator.put_back("budgeting", tmp_path / "backup")

    bundle = bundled(operator, tmp_path / "b.zip")
    verdict = verdict_on(bundle, operator.trust(), known)

    sizes = {log["service"]: log["size"] for log in read_json(bundle, "manifest.json")["logs"]}
    assert (sizes["budgeting"], sizes["disbursement"]) == (81, last)
    tampered = {each["at"] for each in verdict.report["findings"] if each["verdict"] == "tampered"}
    assert verdict.exit_code == 1
    assert f"disbursement/main/{last - 1}" in tampered
    assert not {
        ("root", f"disbursement/main/{last}"),
        ("known head", f"disbursement/main/{last}"),
    }.intersection(verdict.places)
