"""Keys wrapped anew while others seal and open: nothing is lost, and what is lost is told."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from grant_store.errors import StoreError
from grant_store.personal.encryption_keys import (
    FILE_NAME,
    EncryptionKeys,
    EncryptionKeysUnfit,
    ReplacedElsewhere,
)
from grant_store.personal.vault import DESTROYED, Vault
from grant_values.personal import Place, Sealed, place_of
from support.personal import OpensVault

CONTENT = {"name": "Erika Mustermann"}
PORTAL = """
import sys
from pathlib import Path
from uuid import uuid4
from grant_store.personal.opening import open_vault
from grant_values.personal import place_of

vault = open_vault(sys.argv[1], Path(sys.argv[2]))
print("ready", flush=True)
while True:
    [sealed] = vault.seal_all([(place_of(uuid4(), "contact_person"), {"name": "Erika Mustermann"})])
    print(sealed.subject, sealed.record, sealed.key, sealed.sealed, flush=True)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "protection" / FILE_NAME


def a_place() -> Place:
    return place_of(uuid4(), "contact_person")


def seal_one(vault: Vault) -> Sealed:
    [sealed] = vault.seal_all([(a_place(), CONTENT)])
    return sealed


@contextmanager
def a_portal(url: str, file: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process, which seals for one new person after the other."""
    words = [sys.executable, "-c", PORTAL, url, str(file)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as portal:
        assert portal.stdout
        assert portal.stdout.readline() == "ready\n"
        try:
            yield portal
        finally:
            portal.kill()


def test_whoever_seals_while_keys_are_wrapped_anew_loses_nothing(
    vault: Vault, vault_url: str, open_one: OpensVault, file: Path
) -> None:
    lines = []
    with a_portal(vault_url, file) as portal:
        assert portal.stdout
        for _ in range(5):
            lines += [portal.stdout.readline() for _ in range(5)]
            vault.rewrap()
        portal.kill()
        lines += [line for line in portal.stdout if line.endswith("\n")]

    seals = [_read(line) for line in lines]
    assert len(seals) >= 25
    assert open_one().open_all(seals) == [CONTENT] * len(seals)
    rewrapped = vault.rewrap()
    assert (rewrapped.unreadable, vault.unreadable()) == ((), 0)
    assert rewrapped.count >= len(seals)


def test_a_process_that_stays_wraps_under_the_key_of_today(
    vault: Vault, open_one: OpensVault, file: Path
) -> None:
    """It had read the file before, and needs none of its keys to seal for somebody new."""
    stays = open_one()
    before = seal_one(stays)
    vault.rewrap()

    after = seal_one(stays)

    assert open_one().open_all([before, after]) == [CONTENT] * 2
    assert vault.rewrap().count == 2
    assert EncryptionKeys(file).forget_older() == 0


def test_after_a_rewrap_everything_opens_and_the_older_protection_is_gone(
    vault: Vault, open_one: OpensVault, file: Path
) -> None:
    seals = [seal_one(vault) for _ in range(3)]
    other, before = open_one(), EncryptionKeys(file).known
    assert other.open(seals[0]) == CONTENT
    vault.destroy(seals[1].holder)

    assert vault.rewrap().count == 2

    assert vault.open_all(seals) == [CONTENT, DESTROYED, CONTENT]
    assert other.open(seals[2]) == CONTENT
    assert not before & EncryptionKeys(file).known
    assert len(EncryptionKeys(file).known) == 1


def test_a_key_read_before_and_opened_after_a_rewrap_is_read_again(
    vault: Vault, open_one: OpensVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed, other = seal_one(vault), open_one()
    real = other.keys.with_ids
    rewraps = iter([vault.rewrap, vault.rewrap])

    def overtaken(key_ids):  # type: ignore[no-untyped-def]
        found = real(key_ids)
        next(rewraps, dict)()
        return found

    monkeypatch.setattr(other.keys, "with_ids", overtaken)

    assert other.open(sealed) == CONTENT


def test_a_protection_that_is_replaced_while_it_is_looked_at_is_not_another_vaults(
    vault: Vault, open_one: OpensVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal_one(vault)
    other = open_one()
    real_page, real_counts = other.keys.wrapped_otherwise, other.keys.protections
    rewraps = iter([vault.rewrap, vault.rewrap])

    def of_before(*asked):  # type: ignore[no-untyped-def]
        next(rewraps)()
        return real_page(*asked)

    def overtaken():  # type: ignore[no-untyped-def]
        counts = real_counts()
        next(rewraps, dict)()
        return counts

    monkeypatch.setattr(other.keys, "wrapped_otherwise", of_before)
    monkeypatch.setattr(other.keys, "protections", overtaken)

    assert other.open(seal_one(other)) == CONTENT


def test_an_interrupted_rewrap_is_begun_again(vault: Vault, file: Path) -> None:
    seals = [seal_one(vault) for _ in range(2)]
    EncryptionKeys(file).rotate()
    seals.append(seal_one(vault))
    assert vault.open_all(seals) == [CONTENT] * 3

    vault.rewrap()

    assert vault.open_all(seals) == [CONTENT] * 3
    assert len(EncryptionKeys(file).known) == 1


def test_only_one_wraps_anew_at_a_time(vault: Vault, open_one: OpensVault, file: Path) -> None:
    sealed, before = seal_one(vault), file.read_bytes()

    with (
        EncryptionKeys(file).alone(),
        pytest.raises(ReplacedElsewhere, match="wrapped anew already"),
    ):
        open_one().rewrap()

    assert file.read_bytes() == before
    vault.rewrap()
    assert vault.open(sealed) == CONTENT


def test_a_key_that_cannot_be_read_is_told_and_the_others_are_wrapped_anew(
    vault: Vault, open_one: OpensVault, file: Path
) -> None:
    """Here one whose protection was forgotten; a release before this one could do that."""
    seals = [seal_one(vault) for _ in range(3)]
    [lost] = vault.keys.with_ids([seals[0].key]).values()
    vault.keys.wrap_anew([type(lost)(lost.key_id, lost.holder, "forgotten", lost.wrapped)])

    for _ in range(2):
        rewrapped = vault.rewrap()
        assert (rewrapped.count, [each.key_id for each in rewrapped.unreadable]) == (
            2,
            [lost.key_id],
        )

    assert vault.unreadable() == 1
    assert vault.open_all(seals[1:]) == [CONTENT] * 2
    with pytest.raises(EncryptionKeysUnfit, match="forgotten"):
        vault.open(seals[0])
    assert open_one().open(seal_one(open_one())) == CONTENT
    vault.destroy(seals[0].holder)
    assert (vault.rewrap().unreadable, vault.unreadable()) == ((), 0)


def test_a_broken_key_stays_and_so_does_what_it_may_be_mended_with(
    vault: Vault, file: Path
) -> None:
    sealed, other = seal_one(vault), seal_one(vault)
    [whole] = vault.keys.with_ids([sealed.key]).values()
    assert whole.wrapped
    broken = type(whole)(whole.key_id, whole.holder, whole.wrapped_under, bytes(len(whole.wrapped)))
    vault.keys.wrap_anew([broken])

    rewrapped = vault.rewrap()

    assert [each.key_id for each in rewrapped.unreadable] == [whole.key_id]
    assert whole.wrapped_under in EncryptionKeys(file).known
    vault.keys.wrap_anew([whole])
    assert vault.open_all([sealed, other]) == [CONTENT] * 2
    assert (vault.rewrap().unreadable, len(EncryptionKeys(file).known)) == ((), 1)


def test_keys_restored_without_their_protection_are_counted_and_nothing_is_sealed(
    vault: Vault, file: Path
) -> None:
    seals = [seal_one(vault) for _ in range(2)]
    file.unlink()
    EncryptionKeys(file).create()

    assert vault.unreadable() == 2
    with pytest.raises(StoreError, match="expected the file"):
        seal_one(vault)
    assert len(vault.rewrap().unreadable) == len(seals)


def _read(line: str) -> Sealed:
    subject, record, key, sealed = line.split()
    return Sealed(UUID(subject), UUID(record), "contact", "contact_person", UUID(key), sealed)
