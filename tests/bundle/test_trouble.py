"""Stores that answer badly, hold odd things or were restored alone: what the bundle of them is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bundle.conftest import bundled, names, read_json, verdict_on
from bundle.operator import Operator, an_event
from grant_audit.bundle import archive
from grant_audit.bundle.archive import Archive
from grant_store.errors import NoSuchTile, StoreError, Unreachable
from grant_values.invalid import Invalid


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
