"""The vault on both databases: what opens, what does not, and what is left of a destroyed key."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from grant_store.errors import NotMigrated, StoreError
from grant_store.personal.cipher import MOST_BYTES, SealBroken
from grant_store.personal.encryption_keys import (
    FILE_NAME,
    EncryptionKeys,
    EncryptionKeysUnfit,
)
from grant_store.personal.opening import open_vault
from grant_store.personal.vault import DESTROYED, NotInVault, Vault
from grant_store.personal.wrapping import KeyDestroyed
from grant_values.personal import place_of
from support.personal import OpensVault, a_sealed_account

CONTENT = {"name": "Erika Mustermann", "iban": "DE89370400440532013000", "bic": ""}


def a_place(kind: str = "account"):  # type: ignore[no-untyped-def]
    return place_of(uuid4(), kind)


def test_what_is_sealed_opens_and_says_nothing_before(vault: Vault) -> None:
    [sealed] = vault.seal_all([(a_place(), CONTENT)])

    assert vault.open(sealed) == CONTENT
    assert "Mustermann" not in sealed.sealed
    assert sealed.sealed not in repr(sealed)


def test_the_same_sealed_again_is_the_same_and_elsewhere_another(vault: Vault) -> None:
    here, there = a_place(), a_place()

    [first, other] = vault.seal_all([(here, CONTENT), (there, CONTENT)])
    [again] = vault.seal_all([(here, CONTENT)])

    assert again == first
    assert other.sealed != first.sealed
    assert other.key != first.key


def test_contents_of_like_length_have_ciphertexts_of_one_length(vault: Vault) -> None:
    names = ["Li", "Mustermann", "von der Musterhausen"]

    sealed = vault.seal_all([(a_place(), {**CONTENT, "name": name}) for name in names])

    assert len({len(each.sealed) for each in sealed}) == 1


def test_each_purpose_of_a_person_has_a_key_of_its_own(vault: Vault) -> None:
    case = uuid4()
    places = [place_of(case, kind) for kind in ("participant", "participant_follow_up")]

    identity, follow_up = vault.seal_all([(place, CONTENT) for place in places])

    assert identity.subject == follow_up.subject
    assert identity.key != follow_up.key


@pytest.mark.parametrize("part", ["subject", "record", "kind"])
def test_a_seal_moved_to_another_place_does_not_open(vault: Vault, part: str) -> None:
    [sealed] = vault.seal_all([(a_place(), CONTENT)])
    elsewhere = {"subject": uuid4(), "record": uuid4(), "kind": "contact_person"}
    moved = replace(sealed, **{part: elsewhere[part]})

    with pytest.raises((SealBroken, NotInVault)):
        vault.open(moved)


def test_a_changed_ciphertext_does_not_open(vault: Vault) -> None:
    [sealed] = vault.seal_all([(a_place(), CONTENT)])
    middle = len(sealed.sealed) // 2
    flipped = "A" if sealed.sealed[middle] != "A" else "B"
    text = sealed.sealed[:middle] + flipped + sealed.sealed[middle + 1 :]

    for wrong in (text, "AAAA", "", "no base64"):
        with pytest.raises(SealBroken):
            vault.open(replace(sealed, sealed=wrong))


def test_a_record_has_a_limit(vault: Vault) -> None:
    with pytest.raises(ValueError, match=f"at most {MOST_BYTES} bytes"):
        vault.seal_all([(a_place(), {"name": "x" * MOST_BYTES})])


def test_a_destroyed_key_opens_nothing_in_any_process_and_is_never_replaced(
    vault: Vault, open_one: OpensVault
) -> None:
    place = a_place()
    [sealed] = vault.seal_all([(place, CONTENT)])
    other = open_one()
    assert other.open(sealed) == CONTENT

    assert vault.destroy(place.holder) == sealed.key
    assert vault.destroy(place.holder) == sealed.key

    assert other.open(sealed) is DESTROYED
    assert not other.has_key(place.holder)
    with pytest.raises(KeyDestroyed):
        other.seal_all([(place, CONTENT)])
    assert vault.keys.counts() == {"payment": (0, 1)}


def test_nobody_was_never_known(vault: Vault) -> None:
    assert vault.destroy(a_place().holder) is None
    assert not vault.has_key(a_place().holder)


def test_of_two_processes_that_make_a_persons_key_the_first_counts(
    vault: Vault, open_one: OpensVault
) -> None:
    place, other = a_place(), open_one()
    real = other.keys.add

    def overtaken(keys):  # type: ignore[no-untyped-def]
        vault.seal_all([(place, CONTENT)])
        real(keys)

    other.keys.add = overtaken  # type: ignore[method-assign]

    [theirs] = other.seal_all([(place, CONTENT)])

    assert vault.open(theirs) == CONTENT
    assert vault.keys.counts() == {"payment": (1, 0)}


def test_many_keys_are_made_at_once(vault: Vault) -> None:
    sealed = vault.seal_all([(a_place(), CONTENT) for _ in range(1_500)])

    assert vault.open_all(sealed) == [CONTENT] * 1_500
    assert vault.keys.counts() == {"payment": (1_500, 0)}


def test_keys_without_the_file_that_protects_them_open_nothing(
    vault: Vault, vault_url: str, tmp_path: Path
) -> None:
    [sealed] = vault.seal_all([(a_place(), CONTENT)])
    other = open_vault(vault_url, tmp_path / "other.json")
    with pytest.raises(EncryptionKeysUnfit, match="No such file"):
        other.open(sealed)
    EncryptionKeys(tmp_path / "other.json").create()
    with pytest.raises(EncryptionKeysUnfit, match="is not there"):
        other.open(sealed)
    other.close()


def test_a_seal_of_another_vault_is_not_known(vault: Vault) -> None:
    [sealed] = vault.seal_all([(a_place(), CONTENT)])

    with pytest.raises(NotInVault):
        vault.open(replace(sealed, key=uuid4()))


def test_a_vault_that_was_never_made_says_so(open_one: OpensVault) -> None:
    with pytest.raises(NotMigrated):
        open_one().keys.counts()


def test_the_files_can_be_read_by_their_owner_only(tmp_path: Path) -> None:
    vault = open_vault(f"sqlite:///{tmp_path}/v", tmp_path / "p" / FILE_NAME)
    vault.migrate()
    vault.close()

    for path in (tmp_path / "v" / "keys.sqlite3", tmp_path / "p" / FILE_NAME):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", ["", "{}", '{"current": "a", "keys": {"a": "AAAA"}}', "[]"])
def test_a_file_that_holds_no_keys_is_named_and_not_repeated(tmp_path: Path, content: str) -> None:
    file = tmp_path / FILE_NAME
    file.write_text(content, encoding="utf-8")

    with pytest.raises(EncryptionKeysUnfit, match="expected key") as unfit:
        _ = EncryptionKeys(file).current

    assert "AAAA" not in str(unfit.value)


def test_a_destroyed_key_is_gone_from_the_bytes_of_the_file(tmp_path: Path) -> None:
    vault = open_vault(f"sqlite:///{tmp_path}/v", tmp_path / "p" / FILE_NAME)
    vault.migrate()
    sealed = a_sealed_account(vault, "ZIQ-2020-0001")
    [stored] = vault.keys.with_ids([sealed.key]).values()
    assert stored.wrapped
    assert stored.wrapped in _bytes_of(tmp_path / "v")

    vault.destroy(sealed.holder)

    assert stored.wrapped not in _bytes_of(tmp_path / "v")
    assert stored.wrapped[12:44] not in _bytes_of(tmp_path / "v")
    vault.close()


def test_sqlite_has_no_roles(tmp_path: Path) -> None:
    vault = open_vault(f"sqlite:///{tmp_path}/v", tmp_path / FILE_NAME)
    with pytest.raises(StoreError, match="no roles"):
        vault.keys.grant_roles("pruefpfad_")


@pytest.mark.servers
def test_a_destroyed_key_comes_back_by_no_update_and_no_row_goes(shared_database: str) -> None:
    vault = open_vault(shared_database, Path("unused.json"))
    vault.keys.migrate()
    vault.close()
    insert = (
        "INSERT INTO vault.data_keys VALUES"
        " (gen_random_uuid(), 'contact', gen_random_uuid(), 'k', NULL)"
    )
    with psycopg.connect(shared_database, autocommit=True) as connection:
        connection.execute(insert)
        for statement in (
            "UPDATE vault.data_keys SET wrapped = 'x'",
            "DELETE FROM vault.data_keys",
        ):
            with pytest.raises(psycopg.errors.RaiseException, match="stays on record"):
                connection.execute(statement)


@pytest.mark.parametrize("url", ["", "mysql://x", "sqlite:///"])
def test_an_address_that_is_none_is_refused_and_not_repeated(url: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected sqlite:///DIR or postgresql"):
        open_vault(url, tmp_path / FILE_NAME)


def _bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))
