"""The folder of heads only ever grows, and tells when the log it came from does not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from grant_store.log.cosignature import opened
from grant_store.log.export import Exported, HistoryChanged, export, folder_of, newest_exported
from grant_store.log.log_keys import signed_note
from grant_store.log.witness import Witness
from grant_store.log.write_once import Differs
from grant_values.invalid import Invalid
from store.log.signed_ledger import SignedLedger
from store.log.signers import LOG_KEYS, NOON, ORIGIN, TRUSTED, WITNESS, a_checkpoint


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SignedLedger]:
    ledger = SignedLedger(tmp_path / "data")
    yield ledger
    ledger.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "heads"


def names(root: Path) -> list[str]:
    return sorted(path.name for path in folder_of(root, ORIGIN).iterdir())


def test_a_log_without_heads_exports_nothing(ledger: SignedLedger, root: Path) -> None:
    assert export(ledger.proving, root) is None
    assert not root.exists()


def test_the_newest_head_goes_out_as_it_was_signed(ledger: SignedLedger, root: Path) -> None:
    head = ledger.grow(23).sign()

    assert export(ledger.proving, root) == Exported(ORIGIN, 23, 1)
    path = root / "pruefpfad.example" / "budgeting" / "main" / "000000000023.note"
    assert newest_exported(root, ORIGIN) == path
    assert path.read_bytes() == head.note
    assert path.stat().st_mode & 0o222 == 0
    assert export(ledger.proving, root) == Exported(ORIGIN, 23, 0)


def test_cosignatures_and_stamps_follow_and_make_the_note_whole(
    ledger: SignedLedger, root: Path
) -> None:
    head = ledger.grow(23).sign()
    export(ledger.proving, root)
    ledger.cosign(head)
    ledger.log.add_timestamp(23, "tsa.example", b"a stamp")
    ledger.grow(7).sign()

    export(ledger.proving, root)

    folder = folder_of(root, ORIGIN)
    parts = [folder / "000000000023.note", *sorted(folder.glob("000000000023.*.cosignature"))]
    whole = b"".join(path.read_bytes() for path in parts)
    assert opened(whole, TRUSTED).witnesses == {WITNESS}
    [stamp] = folder.glob("000000000023.tsa.example.*.tsr")
    assert stamp.read_bytes() == b"a stamp"


def test_each_head_comes_with_the_proof_that_it_grew(
    ledger: SignedLedger, root: Path, tmp_path: Path
) -> None:
    """The proof is a request as a witness takes it: any witness can follow the folder alone."""
    witness = Witness.init(tmp_path / "witness", WITNESS)
    for key in LOG_KEYS:
        witness.trust(key.verifier, NOON)
    witness.cosign(bytes(ledger.proving.request(ledger.grow(23).sign(), 0)), NOON)
    export(ledger.proving, root)
    for count in (300, 1):
        ledger.grow(count).sign()
        export(ledger.proving, root)

    for name in ("000000000023-000000000323", "000000000323-000000000324"):
        witness.cosign((folder_of(root, ORIGIN) / f"{name}.request").read_bytes(), NOON)
    last = witness.last_head(ORIGIN)
    assert last is not None
    assert last.checkpoint.size == 324


def test_an_older_head_that_was_cosigned_later_goes_out_too(
    ledger: SignedLedger, root: Path
) -> None:
    old = ledger.grow(23).sign()
    ledger.grow(7).sign()
    export(ledger.proving, root)
    assert names(root) == ["000000000030.note"]

    ledger.cosign(old)
    export(ledger.proving, root)

    assert "000000000023.note" in names(root)


def test_a_log_without_heads_is_missed_where_some_were_exported(
    ledger: SignedLedger, root: Path, tmp_path: Path
) -> None:
    ledger.grow(23).sign()
    export(ledger.proving, root)
    emptied = SignedLedger(tmp_path / "emptied")

    with pytest.raises(HistoryChanged, match="23 leaves were exported, and the log has no head"):
        export(emptied.proving, root, "pruefpfad.example")
    assert export(emptied.proving, root, "another.example") is None
    emptied.close()


def test_a_log_that_shrank_is_noticed(ledger: SignedLedger, root: Path, tmp_path: Path) -> None:
    ledger.grow(23).sign()
    export(ledger.proving, root)
    restored = SignedLedger(tmp_path / "restored")
    restored.grow(20).sign()

    with pytest.raises(HistoryChanged, match="23 leaves were exported, and the log has only 20"):
        export(restored.proving, root)
    restored.close()
    assert names(root) == ["000000000023.note"]


@pytest.mark.parametrize("counts", [(23,), (30,), (23, 7)])
def test_another_history_is_noticed(
    ledger: SignedLedger, root: Path, tmp_path: Path, counts: tuple[int, ...]
) -> None:
    ledger.grow(23).sign()
    export(ledger.proving, root)
    other = SignedLedger(tmp_path / "other")
    for count in counts:
        other.grow(count).sign()

    with pytest.raises(HistoryChanged, match="not the log's"):
        export(other.proving, root)
    other.close()
    assert names(root) == ["000000000023.note"]


def test_a_file_that_was_changed_is_a_loud_error(ledger: SignedLedger, root: Path) -> None:
    head = ledger.grow(23).sign()
    export(ledger.proving, root)
    path = folder_of(root, ORIGIN) / "000000000023.note"
    path.chmod(0o644)
    path.write_bytes(signed_note(a_checkpoint(23, salt="!"), LOG_KEYS, NOON))
    with pytest.raises(HistoryChanged):
        export(ledger.proving, root)

    path.write_bytes(signed_note(opened(head.note, ()).checkpoint, LOG_KEYS, NOON))
    with pytest.raises(Differs, match="other content"):
        export(ledger.proving, root)


@pytest.mark.parametrize("origin", ["../evil/main", "a//b", "/etc/x", "a\\b/c", "a/./b"])
def test_no_log_leads_out_of_the_folder(root: Path, origin: str) -> None:
    with pytest.raises(Invalid, match="origin"):
        folder_of(root, origin)
