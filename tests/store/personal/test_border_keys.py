"""The border's key pairs on both databases: what opens, in whose place another comes, what ends."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from grant_store.personal.border_keys import ENVELOPES, NoSuchBorderKey
from grant_store.personal.encryption_keys import FILE_NAME, EncryptionKeys, EncryptionKeysUnfit
from grant_store.personal.envelope import EnvelopeBroken, bound_to, disclose, enclose
from grant_store.personal.opening import open_vault
from grant_store.personal.vault import Vault
from grant_values.personal import Holder

CLEAR = b'{"name":"Erika Mustermann"}'
BOUND = bound_to("intake.submit_application", "ZIQ-2020-0001", "account", 1)
AN_ENVELOPE = (
    "yVeF6FxHwCeuBYRzp4bVDvYX6IsjMUK7HUsBJ67C1n42"
    "er1cVW0pbq+OMmm7tSV8QOzo2oTpIDqc85GMoqWI+lbM/k7dNAkrvBHA"
)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.servers)])
def vault(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Vault]:
    url = f"sqlite:///{tmp_path}/vault"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_database")
    vault = open_vault(url, tmp_path / "protection" / FILE_NAME)
    vault.migrate()
    vault.border_keys.create()
    yield vault
    vault.close()


def test_what_is_enclosed_to_the_public_key_the_border_opens(vault: Vault) -> None:
    key_id, public_key = vault.border_keys.public_key()
    envelope = enclose(public_key, BOUND, CLEAR)

    assert vault.border_keys.open(key_id, BOUND, envelope) == CLEAR
    assert "Mustermann" not in envelope
    assert enclose(public_key, BOUND, CLEAR) != envelope


def test_an_envelope_that_was_made_years_ago_still_opens() -> None:
    """The form is fixed: senders of other makes rely on it (RFC 9180, X25519, AES-256-GCM)."""
    assert disclose(bytes(range(32)), BOUND, AN_ENVELOPE) == CLEAR


@pytest.mark.parametrize(
    "elsewhere",
    [
        bound_to("intake.record_personal_data", "ZIQ-2020-0001", "account", 1),
        bound_to("intake.submit_application", "ZIQ-2020-0002", "account", 1),
        bound_to("intake.submit_application", "ZIQ-2020-0001", "contact_person", 1),
        bound_to("intake.submit_application", "ZIQ-2020-0001", "account", 2),
    ],
)
def test_it_opens_for_no_other_command_case_kind_or_number(elsewhere: bytes) -> None:
    with pytest.raises(EnvelopeBroken):
        disclose(bytes(range(32)), elsewhere, AN_ENVELOPE)


def test_a_changed_envelope_does_not_open() -> None:
    content = bytearray(b64decode(AN_ENVELOPE))
    for place in (0, 31, 32, len(content) - 1):
        changed = content.copy()
        changed[place] ^= 1
        with pytest.raises(EnvelopeBroken):
            disclose(bytes(range(32)), BOUND, b64encode(changed).decode())
    for wrong in ("", "AAAA", "no base64", b64encode(bytes(60)).decode()):
        with pytest.raises(EnvelopeBroken):
            disclose(bytes(range(32)), BOUND, wrong)


def test_a_first_pair_is_made_once(vault: Vault) -> None:
    before = vault.border_keys.public_key()

    vault.border_keys.create()

    assert vault.border_keys.public_key() == before
    assert vault.keys.counts() == {ENVELOPES: (1, 0)}


def test_a_fresh_pair_is_sealed_to_and_the_one_before_opens_until_it_is_retired(
    vault: Vault,
) -> None:
    old, public_key = vault.border_keys.public_key()
    envelope = enclose(public_key, BOUND, CLEAR)

    fresh = vault.border_keys.rotate()

    assert vault.border_keys.public_key()[0] == fresh != old
    assert vault.border_keys.open(old, BOUND, envelope) == CLEAR
    vault.border_keys.retire(old)
    with pytest.raises(NoSuchBorderKey):
        vault.border_keys.open(old, BOUND, envelope)
    assert [each.is_retired for each in vault.border_keys.all()] == [True, False]


def test_pairs_are_retired_as_long_after_the_next_one_as_is_asked(vault: Vault) -> None:
    first, _ = vault.border_keys.public_key()
    second = vault.border_keys.rotate()
    vault.border_keys.rotate()

    assert vault.border_keys.retire_superseded(datetime.now(UTC) - timedelta(days=1)) == []
    soon = datetime.now(UTC) + timedelta(seconds=1)
    assert vault.border_keys.retire_superseded(soon) == [first, second]
    assert vault.border_keys.retire_superseded(soon) == []


def test_retired_it_is_gone_for_good_and_so_is_what_backups_have_of_it_after_a_rewrap(
    vault: Vault,
) -> None:
    key_id, _ = vault.border_keys.public_key()
    [kept] = vault.keys.with_ids([key_id]).values()
    vault.border_keys.rotate()

    vault.border_keys.retire(key_id)
    vault.rewrap()

    assert vault.keys.with_ids([key_id])[key_id].wrapped is None
    with pytest.raises(EncryptionKeysUnfit):
        vault._unwrapped(kept)
    _, public_key = vault.border_keys.public_key()
    assert vault.border_keys.open(
        vault.border_keys.all()[-1].key_id, BOUND, enclose(public_key, BOUND, CLEAR)
    )


def test_the_key_of_a_person_is_no_key_of_the_border(vault: Vault) -> None:
    """Whoever names another key of the vault as the addressee gets nowhere."""
    holder = Holder(uuid4(), "payment")
    vault._data_keys([holder])
    key_id = vault.keys.of_holders([holder])[holder].key_id

    for wrong in (key_id, uuid4()):
        with pytest.raises(NoSuchBorderKey):
            vault.border_keys.open(wrong, BOUND, AN_ENVELOPE)
        with pytest.raises(NoSuchBorderKey):
            vault.border_keys.retire(wrong)
    assert vault.has_key(holder)


def test_no_pair_is_made_under_the_protection_of_another_vault(
    vault: Vault, tmp_path: Path
) -> None:
    (tmp_path / "protection" / FILE_NAME).unlink()
    EncryptionKeys(tmp_path / "protection" / FILE_NAME).create()

    with pytest.raises(EncryptionKeysUnfit, match="expected the file of the keys"):
        vault.border_keys.rotate()
