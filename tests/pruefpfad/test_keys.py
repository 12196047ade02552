"""The key pair in a folder: made once, whole or not at all, and only its owner reads it."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path

from grant_bus.actors import TokenCheck
from grant_values.shapes import Actor
from pruefpfad.keys import PRIVATE, PUBLIC, public_key, signing_key, token_for

ACTOR = Actor("S-1", "decider")


def accepted(folder: Path, token: str) -> Actor:
    check = TokenCheck(public_key(folder / PUBLIC), lambda: datetime.now(UTC))
    return check.mandate(token).actor


def token_of(folder: Path) -> str:
    return token_for(signing_key(folder), ACTOR, date(2024, 1, 1), date(2024, 12, 31))


def test_a_token_of_the_private_key_is_good_for_the_public_one(tmp_path: Path) -> None:
    assert accepted(tmp_path, token_of(tmp_path)) == ACTOR


def test_the_key_stays_the_same(tmp_path: Path) -> None:
    token = token_of(tmp_path)

    signing_key(tmp_path)

    assert accepted(tmp_path, token) == ACTOR


def test_only_the_owner_reads_the_private_key_and_nothing_else_is_left(tmp_path: Path) -> None:
    signing_key(tmp_path / "keys")

    assert stat.S_IMODE((tmp_path / "keys" / PRIVATE).stat().st_mode) == 0o600
    assert sorted(path.name for path in (tmp_path / "keys").iterdir()) == [PRIVATE, PUBLIC]


def test_a_lost_public_half_is_made_again_from_the_private_one(tmp_path: Path) -> None:
    token = token_of(tmp_path)
    (tmp_path / PUBLIC).unlink()

    signing_key(tmp_path)

    assert accepted(tmp_path, token) == ACTOR


def test_many_that_start_at_once_agree_on_one_pair(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        tokens = list(pool.map(token_of, [tmp_path] * 16))

    assert {accepted(tmp_path, token) for token in tokens} == {ACTOR}
