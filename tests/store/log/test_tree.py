"""The tree against known roots and proofs, against its definition, and against another program."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymerkle import InmemoryTree, verify_consistency, verify_inclusion

from grant_store.log.tree import (
    EMPTY_ROOT,
    CompactRange,
    HashReader,
    ProofFails,
    check_consistency,
    check_inclusion,
    complete_subtree_root,
    consistency_proof,
    inclusion_proof,
    node_hash,
    root_from_inclusion,
)

GOLDEN = json.loads(
    (Path(__file__).parents[1] / "golden" / "tree_vectors.json").read_text(encoding="utf-8")
)
ENTRIES = [bytes.fromhex(entry) for entry in GOLDEN["entries_hex"]]
SIZES = st.integers(0, 700)


def leaf_of(entry: bytes) -> bytes:
    return sha256(b"\x00" + entry).digest()


def leaves(count: int) -> list[bytes]:
    return [leaf_of(number.to_bytes(4, "big")) for number in range(count)]


def reader_over(hashes: list[bytes]) -> HashReader:
    def read(level: int, index: int) -> bytes:
        return complete_subtree_root(hashes[index << level : (index + 1) << level])

    return read


def root_of(hashes: list[bytes]) -> bytes:
    grown = CompactRange()
    grown.extend(hashes)
    return grown.root()


def root_by_definition(hashes: list[bytes]) -> bytes:
    """MTH of RFC 6962 § 2.1, as it is written there."""
    if not hashes:
        return sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return node_hash(root_by_definition(hashes[:split]), root_by_definition(hashes[split:]))


def test_the_roots_of_the_known_tree_of_eight_are_the_published_ones():
    hashes = [leaf_of(entry) for entry in ENTRIES]

    assert [root_of(hashes[:size]).hex() for size in range(9)] == GOLDEN["roots"]


@pytest.mark.parametrize("known", GOLDEN["inclusion"], ids=str)
def test_an_inclusion_proof_is_the_published_one_and_is_accepted(known):
    hashes = [leaf_of(entry) for entry in ENTRIES]

    proof = inclusion_proof(known["index"], known["size"], reader_over(hashes))

    assert [each.hex() for each in proof] == known["proof"]
    root = bytes.fromhex(GOLDEN["roots"][known["size"]])
    check_inclusion(hashes[known["index"]], known["index"], known["size"], proof, root)


@pytest.mark.parametrize("known", GOLDEN["consistency"], ids=str)
def test_a_consistency_proof_is_the_published_one_and_is_accepted(known):
    hashes = [leaf_of(entry) for entry in ENTRIES]

    proof = consistency_proof(known["old"], known["new"], reader_over(hashes))

    assert [each.hex() for each in proof] == known["proof"]
    roots = [bytes.fromhex(root) for root in GOLDEN["roots"]]
    check_consistency(known["old"], roots[known["old"]], known["new"], roots[known["new"]], proof)


@settings(deadline=None)
@given(SIZES)
def test_a_grown_tree_has_the_root_that_the_standard_defines(size):
    assert root_of(leaves(size)) == root_by_definition(leaves(size))


@settings(deadline=None)
@given(SIZES, SIZES)
def test_a_tree_that_is_taken_up_again_grows_as_if_it_had_never_been_put_down(size, more):
    hashes = leaves(size + more)
    taken_up = CompactRange.read(size, reader_over(hashes))

    taken_up.extend(hashes[size:])

    assert (taken_up.size, taken_up.root()) == (size + more, root_of(hashes))


def test_a_tree_of_no_leaves_has_the_root_of_nothing():
    assert CompactRange().root() == EMPTY_ROOT == sha256(b"").digest()


def test_a_compact_range_keeps_no_more_than_one_hash_for_each_bit_of_its_size():
    grown = CompactRange()
    for leaf in leaves(1000):
        grown.append(leaf)
        assert len(grown.roots) == grown.size.bit_count()


def test_a_tree_is_not_taken_up_with_too_few_roots():
    with pytest.raises(ValueError, match=r"^roots: expected 2 for 5 leaves, not 1\.$"):
        CompactRange(5, leaves(1))


@settings(deadline=None)
@given(st.data())
def test_every_leaf_is_proved_in_every_later_tree_and_nowhere_else(data):
    size = data.draw(st.integers(1, 400))
    index = data.draw(st.integers(0, size - 1))
    hashes = leaves(size)
    proof = inclusion_proof(index, size, reader_over(hashes))

    check_inclusion(hashes[index], index, size, proof, root_of(hashes))

    for other in {0, index ^ 1, size // 2, size - 1} - {index}:
        if other < size:
            with pytest.raises(ProofFails):
                check_inclusion(hashes[index], other, size, proof, root_of(hashes))


@settings(deadline=None)
@given(st.data())
def test_every_tree_is_proved_to_be_the_beginning_of_every_later_one(data):
    new = data.draw(SIZES)
    old = data.draw(st.integers(0, new))
    hashes = leaves(new)
    proof = consistency_proof(old, new, reader_over(hashes))

    check_consistency(old, root_of(hashes[:old]), new, root_of(hashes), proof)


@settings(deadline=None)
@given(st.data())
def test_a_tree_in_which_an_old_leaf_is_another_is_not_consistent(data):
    new = data.draw(st.integers(1, 400))
    old = data.draw(st.integers(1, new))
    changed = data.draw(st.integers(0, old - 1))
    hashes = leaves(new)
    forged = [*hashes[:changed], leaf_of(b"forged"), *hashes[changed + 1 :]]
    proof = consistency_proof(old, new, reader_over(forged))

    with pytest.raises(ProofFails):
        check_consistency(old, root_of(hashes[:old]), new, root_of(forged), proof)


@settings(deadline=None)
@given(st.data())
def test_a_proof_with_one_hash_flipped_dropped_or_added_fails(data):
    size = data.draw(st.integers(2, 400))
    index = data.draw(st.integers(0, size - 1))
    hashes = leaves(size)
    proof = inclusion_proof(index, size, reader_over(hashes))
    at = data.draw(st.integers(0, len(proof) - 1))
    flipped = bytes([proof[at][0] ^ 1]) + proof[at][1:]

    for forged in (
        [*proof[:at], flipped, *proof[at + 1 :]],
        [*proof[:at], *proof[at + 1 :]],
        [*proof, proof[at]],
        [*proof[:at], proof[at][:-1], *proof[at + 1 :]],
    ):
        with pytest.raises(ProofFails):
            check_inclusion(hashes[index], index, size, forged, root_of(hashes))


@settings(deadline=None)
@given(st.data())
def test_a_consistency_proof_with_one_hash_flipped_dropped_or_added_fails(data):
    new = data.draw(st.integers(2, 400))
    old = data.draw(st.integers(1, new - 1))
    hashes = leaves(new)
    proof = consistency_proof(old, new, reader_over(hashes))
    at = data.draw(st.integers(0, len(proof) - 1))
    flipped = bytes([proof[at][0] ^ 1]) + proof[at][1:]

    for forged in (
        [*proof[:at], flipped, *proof[at + 1 :]],
        [*proof[:at], *proof[at + 1 :]],
        [*proof, proof[at]],
        [*proof[:at], proof[at][:-1], *proof[at + 1 :]],
        [],
    ):
        with pytest.raises(ProofFails):
            check_consistency(old, root_of(hashes[:old]), new, root_of(hashes), forged)


@pytest.mark.parametrize(
    ("old", "new", "proof"),
    [(3, 2, []), (-1, 2, []), (2, 2, [b"\x00" * 32]), (0, 2, [b"\x00" * 32])],
)
def test_sizes_in_the_wrong_order_and_proofs_of_what_needs_none_fail(old, new, proof):
    root = root_of(leaves(new))

    with pytest.raises(ProofFails):
        check_consistency(old, EMPTY_ROOT if old == 0 else root, new, root, proof)


def test_no_proof_is_made_for_what_is_not_in_the_tree():
    with pytest.raises(ValueError, match=r"^index: expected one from 0 to 6, not 7\.$"):
        inclusion_proof(7, 7, reader_over(leaves(7)))
    with pytest.raises(ValueError, match=r"^old_size: expected one from 0 to 7, not 8\.$"):
        consistency_proof(8, 7, reader_over(leaves(7)))


# Against pymerkle, which was written by others.


@settings(deadline=None)
@given(st.integers(1, 300))
def test_another_program_finds_the_same_roots_and_inclusion_proofs(size):
    entries = [number.to_bytes(4, "big") for number in range(size)]
    other = InmemoryTree()
    other.append_entries(entries)
    hashes = leaves(size)

    assert other.get_root() == root_of(hashes)
    for index in {0, size // 3, size - 1}:
        theirs = other.prove_inclusion(index + 1, size)
        ours = inclusion_proof(index, size, reader_over(hashes))
        assert ours == theirs.path[1:]
        assert root_from_inclusion(hashes[index], index, size, theirs.path[1:]) == other.get_root()
        verify_inclusion(hashes[index], root_of(hashes), theirs, index + 1, size)


@settings(deadline=None)
@given(st.data())
def test_another_program_proves_the_growth_between_our_roots(data):
    new = data.draw(st.integers(1, 300))
    old = data.draw(st.integers(1, new))
    other = InmemoryTree()
    other.append_entries([number.to_bytes(4, "big") for number in range(new)])
    hashes = leaves(new)

    theirs = other.prove_consistency(old, new)

    verify_consistency(root_of(hashes[:old]), root_of(hashes), theirs, old, new)
    ours = consistency_proof(old, new, reader_over(hashes))
    check_consistency(old, other.get_root(old), new, other.get_root(new), ours)
