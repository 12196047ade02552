"""The verifier's own tree and notes against programs and files that others have written."""

from __future__ import annotations

from types import ModuleType

import pytest
from pymerkle import InmemoryTree

from grant_store.log.log_keys import SigningKey
from grant_store.log.note import ML_DSA_44
from store.log.signers import TRUSTED, WITNESS, a_checkpoint
from store.log.test_vectors import ENOCH, LOG, NAVIGLI, PETER, TORCHWOOD_SEED, note_of

SIZES = (1, 2, 3, 255, 256, 257, 511, 513, 700)


class Tiles:
    """What a bundle has of one log: tiles cut from the leaf hashes of another program's tree."""

    def __init__(self, module: ModuleType, leaves: list[bytes]) -> None:
        self._files = {}
        level = 0
        while leaves:
            for first in range(0, len(leaves), 256):
                tile = leaves[first : first + 256]
                end = "" if len(tile) == 256 else f".p/{len(tile)}"
                self._files[f"tile/{level}/{first // 256:03}{end}"] = b"".join(tile)
            whole = len(leaves) // 256
            leaves = [module.folded(leaves[256 * n : 256 * n + 256]) for n in range(whole)]
            level += 1

    def has(self, name: str) -> bool:
        return name in self._files

    def read(self, name: str, report: object) -> bytes:
        return self._files[name]


@pytest.mark.parametrize("size", SIZES)
def test_another_program_finds_the_same_roots_at_every_size(
    verifier: ModuleType, size: int
) -> None:
    other = InmemoryTree()
    other.append_entries([number.to_bytes(4, "big") for number in range(size)])
    leaves = [other.get_leaf(number) for number in range(1, size + 1)]

    tree = verifier.Tree(Tiles(verifier, leaves), "", size, verifier.Report())

    for old in {1, size // 3 or 1, size // 2 or 1, max(size - 1, 1), size}:
        assert tree.root(old) == other.get_root(old)
    assert [tree.leaf(position) for position in (1, size)] == [leaves[0], leaves[-1]]


def test_a_public_log_and_a_public_witness_are_understood(verifier: ModuleType) -> None:
    keys = [verifier.key_of(LOG), verifier.key_of(NAVIGLI)]
    head = verifier.head_of(note_of("witnessed"))
    report = verifier.Report()

    signed = verifier.signed_by(head, keys, report, "here")

    assert (head.size, signed.names) == (9266, {key.name for key in keys})
    assert not report.findings


def test_an_ml_dsa_44_cosignature_of_torchwood_is_right(verifier: ModuleType) -> None:
    key = SigningKey("example.com/mldsa-log", ML_DSA_44, bytes.fromhex(TORCHWOOD_SEED)).verifier
    report = verifier.Report()

    head = verifier.head_of(note_of("torchwood_mldsa"))
    signed = verifier.signed_by(head, [verifier.key_of(str(key))], report, "here")

    assert signed.names == {"example.com/mldsa-log"}
    assert not report.findings


def test_keys_that_go_has_written_are_read(verifier: ModuleType) -> None:
    assert verifier.key_of(PETER).key_id.hex() == "c74f20a3"
    assert verifier.key_of(ENOCH).key_id.hex() == "af0cfe78"


def test_our_own_note_of_another_day_is_still_right_and_a_bit_less_is_not(
    verifier: ModuleType,
) -> None:
    keys = [verifier.key_of(str(key)) for key in TRUSTED]
    note, report = note_of("ours"), verifier.Report()
    head = verifier.head_of(note)

    signed = verifier.signed_by(head, keys, report, "here")

    assert (head.origin, head.size, head.root) == (
        *(a_checkpoint().origin, a_checkpoint().size, a_checkpoint().root),
    )
    assert signed.names == {a_checkpoint().origin, WITNESS}
    assert not report.findings
    verifier.signed_by(head._replace(size=head.size + 1), keys, report, "here")
    assert {each.check for each in report.findings} == {"signature"}
