"""The codes of answers are closed: each that is used is listed, and each listed one is used."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import get_args

import pytest

from grant_contracts import answer_codes, reasons
from grant_contracts.answer_codes import ANSWER_CODES, CODES_OF_KIND

ROOT = Path(__file__).parents[2]
CODE = sorted(
    path
    for pattern in ("shared/grant_bus/**/*.py", "shared/grant_contracts/commands.py")
    for path in ROOT.glob(pattern)
)


@pytest.mark.parametrize(
    ("kind", "literal"),
    [
        ("invalid", answer_codes.InvalidCode),
        ("not_yet", answer_codes.NotYetCode),
        ("unknown", answer_codes.UnknownCode),
    ],
)
def test_the_type_that_the_code_is_checked_against_is_the_list(kind: str, literal: object) -> None:
    assert get_args(literal) == tuple(CODES_OF_KIND[kind])


def test_every_kind_that_leaves_the_sender_without_a_fact_has_its_codes() -> None:
    assert set(CODES_OF_KIND) == reasons.ERROR_CODES


def test_no_code_stands_in_two_lists_and_each_says_what_it_means() -> None:
    assert len(ANSWER_CODES) == sum(len(codes) for codes in CODES_OF_KIND.values())
    assert all(meaning.endswith(".") for meaning in ANSWER_CODES.values())


def test_every_listed_code_is_given_somewhere() -> None:
    """That no other is given is for the type checker, which knows the lists as types."""
    texts = {
        node.value
        for path in CODE
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }

    assert set(ANSWER_CODES) - texts == set()
