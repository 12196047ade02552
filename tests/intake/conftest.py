"""An intake on the embedded store, with the example programme and an open call."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.authority import CASE, DEFINITION, PROGRAMME, VERSION, Bureau, a_bureau, person

CALL = {
    "programme": PROGRAMME,
    "programme_version": VERSION,
    "call": "2020-11",
    "opens_on": "2020-11-03",
    "closes_on": "2021-01-31",
}
A_DOCUMENT = {
    "reference": CASE,
    "document": "report-1",
    "title": "Sachbericht",
    "sha256": "ab" * 32,
    "mime": "application/pdf",
    "size_bytes": 40_960,
    "holder": "Bezirksregierung Arnsberg",
    "location": "Registratur 34, Aktenplan 34.05",
    "items": [10, 3],
    "retention_class": "grant_file",
    "effective_on": "2021-01-05",
}


@pytest.fixture
def empty_intake(tmp_path: Path) -> Iterator[Bureau]:
    with a_bureau("intake", tmp_path) as bureau:
        yield bureau


@pytest.fixture
def intake(empty_intake: Bureau) -> Bureau:
    authority = person("managing_authority")
    empty_intake.ask("register_programme", authority, definition=DEFINITION)
    empty_intake.ask("open_call", authority, **CALL)
    return empty_intake
