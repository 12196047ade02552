"""Files of private keys: for their owner only, written once, and never shown in an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from grant_store.log.cosignature import opened
from grant_store.log.log_keys import (
    KINDS_OF_LOG,
    KINDS_OF_WITNESS,
    SigningKey,
    add_keys,
    keys_of_log,
    make_keys,
    path_of,
    private_keys,
    signed_note,
    verifier_keys,
)
from grant_store.log.note import ED25519
from grant_store.log.write_once import Differs
from grant_values.invalid import Invalid
from store.log.signers import NOON, ORIGIN, a_checkpoint


def test_a_log_gets_keys_once_and_keeps_them(tmp_path: Path) -> None:
    keys = keys_of_log(tmp_path / "log", ORIGIN)

    assert tuple(key.kind for key in keys) == KINDS_OF_LOG
    assert keys_of_log(tmp_path / "log", ORIGIN) == keys


def test_the_public_half_lies_beside_and_verifies(tmp_path: Path) -> None:
    note = signed_note(a_checkpoint(), keys_of_log(tmp_path, ORIGIN), NOON)
    public = verifier_keys(tmp_path / "pruefpfad.example.budgeting.main.vkey")

    assert opened(note, public).is_signed_by_log
    assert "PRIVATE" not in "".join(map(str, public))


def test_private_keys_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "witness.private"
    make_keys(path, "authority.example", KINDS_OF_WITNESS)

    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    with pytest.raises(Invalid, match="chmod 600"):
        private_keys(path)


def test_keys_are_never_written_over_others(tmp_path: Path) -> None:
    path = tmp_path / "witness.private"
    make_keys(path, "authority.example", KINDS_OF_WITNESS)
    before = path.read_bytes()

    with pytest.raises(Differs):
        make_keys(path, "authority.example", KINDS_OF_WITNESS)
    assert path.read_bytes() == before


def test_keys_of_another_log_are_not_taken(tmp_path: Path) -> None:
    make_keys(tmp_path / "a.b.c.private", "another/log", KINDS_OF_LOG)

    with pytest.raises(Invalid, match="a/b/c"):
        keys_of_log(tmp_path, "a/b/c")


def test_neither_an_error_nor_a_picture_of_a_key_shows_its_secret() -> None:
    key = SigningKey.generate("a", ED25519)
    secret = key.text.rpartition("+")[2]

    with pytest.raises(Invalid) as error:
        SigningKey.parse(key.text.replace(key.verifier.key_id.hex(), "00000000"))
    assert secret not in str(error.value)
    assert key.seed.hex() not in repr(key)
    assert repr(key.seed) not in repr(key)


@pytest.mark.parametrize(
    "line", ["", "PRIVATE+KEY+a+00000000+AAAA", "a+00000000+AQ==", "PRIVATE+KEY+a+00000000+-"]
)
def test_what_is_no_private_key_is_refused(line: str) -> None:
    with pytest.raises(Invalid):
        SigningKey.parse(line)


def test_a_file_of_public_keys_may_explain_itself(tmp_path: Path) -> None:
    key = SigningKey.generate("a", ED25519).verifier
    path = tmp_path / "trusted.vkey"
    path.write_text(f"# From the ceremony.\n\n{key}  # The log.\n{key}\n", encoding="utf-8")

    assert verifier_keys(path) == (key,)


def test_a_file_without_keys_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "trusted.vkey"
    path.write_text("# Nothing yet.\n", encoding="utf-8")

    with pytest.raises(Invalid, match="at least one"):
        verifier_keys(path)


def test_a_rotation_that_was_cut_leaves_no_key_that_signs_and_nobody_knows(tmp_path: Path) -> None:
    keys_of_log(tmp_path, ORIGIN)
    path = path_of(tmp_path, ORIGIN)
    public = path.with_suffix(".vkey")
    before = public.read_text("utf-8")
    add_keys(path)
    public.write_text(before, encoding="utf-8")  # As after a crash, or a backup put back.

    signing = keys_of_log(tmp_path, ORIGIN)

    assert {key.verifier for key in signing} == set(verifier_keys(public))
    assert before in public.read_text("utf-8")
