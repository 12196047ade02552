"""A checkpoint is three lines, and each head has one text only."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grant_store.log.checkpoint import LARGEST_SIZE, Checkpoint
from grant_values.invalid import Invalid

ROOT = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="


def test_the_example_of_the_specification_is_read_and_written() -> None:
    text = f"example.com/behind-the-sofa\n20852163\n{ROOT}\n".encode()
    checkpoint = Checkpoint.parse(text)

    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert checkpoint.text == text


@settings(deadline=None)
@given(st.integers(1, LARGEST_SIZE), st.binary(min_size=32, max_size=32))
def test_every_checkpoint_reads_back_as_it_was_written(size: int, root: bytes) -> None:
    checkpoint = Checkpoint("a.example/intake/main", size, root)

    assert Checkpoint.parse(checkpoint.text) == checkpoint


@pytest.mark.parametrize(
    ("about", "text"),
    [
        ("no origin", f"\n7\n{ROOT}\n"),
        ("a space in the origin", f"a b\n7\n{ROOT}\n"),
        ("a leading zero", f"a\n07\n{ROOT}\n"),
        ("a sign", f"a\n+7\n{ROOT}\n"),
        ("digits of another script", f"a\n٧\n{ROOT}\n"),
        ("no number", f"a\n\n{ROOT}\n"),
        ("a size that no file has", f"a\n{2**63}\n{ROOT}\n"),
        ("a short root", "a\n7\nAAAA\n"),
        ("a root of 33 bytes", "a\n7\n" + "AAAA" * 11 + "\n"),
        ("no root", "a\n7\n"),
        ("an extension line", f"a\n7\n{ROOT}\nextension\n"),
        ("an empty last line", f"a\n7\n{ROOT}\n\n"),
        ("a root for an empty log", f"a\n0\n{ROOT}\n"),
    ],
)
def test_a_checkpoint_that_is_not_well_formed_is_refused(about: str, text: str) -> None:
    with pytest.raises(Invalid):
        Checkpoint.parse(text.encode())


def test_an_empty_log_has_the_root_of_nothing() -> None:
    empty = Checkpoint("a", 0, sha256(b"").digest())

    assert Checkpoint.parse(empty.text) == empty
