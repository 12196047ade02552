"""Files that nothing writes over: a second writer finds the same, or is told loudly."""

from __future__ import annotations

from pathlib import Path

import pytest

from grant_store.log.write_once import READ_ONLY, SECRET, Differs, write_once


def test_a_file_is_written_once_with_its_rights(tmp_path: Path) -> None:
    path = tmp_path / "heads" / "000000000007.note"

    assert write_once(path, b"a head")
    assert path.read_bytes() == b"a head"
    assert path.stat().st_mode & 0o777 == READ_ONLY
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_the_same_again_is_no_error_and_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write_once(path, b"a head")

    assert not write_once(path, b"a head")


def test_other_content_is_refused_and_the_first_stays(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write_once(path, b"a head")

    with pytest.raises(Differs, match="other content"):
        write_once(path, b"another head")
    assert path.read_bytes() == b"a head"


def test_a_secret_is_its_owners(tmp_path: Path) -> None:
    write_once(tmp_path / "key", b"secret", SECRET)

    assert (tmp_path / "key").stat().st_mode & 0o777 == SECRET


def test_a_medium_where_no_file_has_two_names_is_written_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(path: Path, target: Path) -> None:
        raise OSError("Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", no_links)

    assert write_once(tmp_path / "a", b"a head")
    assert not write_once(tmp_path / "a", b"a head")
    with pytest.raises(Differs):
        write_once(tmp_path / "a", b"another head")
    assert [each.name for each in tmp_path.iterdir()] == ["a"]


def test_whoever_comes_second_at_the_same_time_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def another_was_faster(path: Path, target: Path) -> None:
        path.write_bytes(b"another head")
        raise FileExistsError(path)

    monkeypatch.setattr(Path, "hardlink_to", another_was_faster)

    with pytest.raises(Differs):
        write_once(tmp_path / "a", b"a head")
