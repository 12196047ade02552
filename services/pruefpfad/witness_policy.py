"""The operator's witness policy: which witnesses there are, and how many must sign a head.

It is the operator's word. It decides where a bundle is cut, and no verifier believes it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from grant_values.invalid import Invalid


class WitnessPolicy(NamedTuple):
    """With no witnesses named, everyone counts who has cosigned."""

    quorum: int = 1
    witnesses: Collection[str] = ()


def read_policy(path: Path) -> WitnessPolicy:
    """Read it from TOML with `quorum` and `witnesses`, the names of their keys."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid("witness-policy", f"expected TOML in {path}: {error}") from error
    quorum, witnesses = content.pop("quorum", None), content.pop("witnesses", None)
    if content:
        raise Invalid("witness-policy", f"expected quorum and witnesses, not {min(content)}")
    if not isinstance(witnesses, list) or not all(_is_name(each) for each in witnesses):
        raise Invalid("witness-policy.witnesses", "expected a list of names of keys")
    if len(set(witnesses)) < len(witnesses):
        raise Invalid("witness-policy.witnesses", "expected each witness once")
    if type(quorum) is not int or not 1 <= quorum <= len(witnesses):
        expected = f"expected a number from 1 to {len(witnesses)}, that of the witnesses"
        raise Invalid("witness-policy.quorum", f"{expected}, not {quorum!r}")
    return WitnessPolicy(quorum, tuple(sorted(witnesses)))


def _is_name(value: object) -> bool:
    """A name as a signed note may have it."""
    return (
        isinstance(value, str)
        and bool(value)
        and "+" not in value
        and not set(value) & set(" \n\t")
    )
