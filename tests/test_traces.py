"""The byte search that the tests of erasure rely on finds a text in every form that it names."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from support.traces import contents_of, forms_of, traces_in

TEXT = "Dörte Zwätschgenmarke & Co"
WRITERS: dict[str, Callable[[str], bytes]] = {
    "UTF-8": str.encode,
    "Latin-1": lambda text: text.encode("latin-1"),
    "UTF-16": lambda text: text.encode("utf-16"),
    "UTF-16BE": lambda text: text.encode("utf-16-be"),
    "JSON": lambda text: json.dumps({"name": text}).encode(),
    "JSON in UTF-8": lambda text: json.dumps({"name": text}, ensure_ascii=False).encode(),
    "JSON, upper case": lambda text: text.replace("ö", r"\u00F6").replace("ä", r"\u00E4").encode(),
    "URL": lambda text: quote(text).encode(),
    "URL, lower case": lambda text: (
        quote(text, safe="")
        .lower()
        .replace(
            "d%c3%b6rte%20zw%c3%a4tschgenmarke%20%26%20co",
            "D%c3%b6rte%20Zw%c3%a4tschgenmarke%20%26%20Co",
        )
        .encode()
    ),
    "URL form": lambda text: urlencode({"name": text}).encode(),
    "hex": lambda text: text.encode().hex().encode(),
    "HEX": lambda text: text.encode().hex().upper().encode(),
}


def found_in(folder: Path, content: bytes) -> set[str]:
    (folder / "file").write_bytes(b"\x00before" + content + b"after\xff")
    return {text for _, text, _ in traces_in(folder, [TEXT, "somebody else entirely"])}


@pytest.mark.parametrize("writer", WRITERS)
def test_a_text_is_found_however_a_program_has_written_it(tmp_path: Path, writer: str) -> None:
    assert found_in(tmp_path, WRITERS[writer](TEXT)) == {TEXT}


@pytest.mark.parametrize("encode", [b64encode, urlsafe_b64encode])
@pytest.mark.parametrize("before", range(7))
@pytest.mark.parametrize("after", range(4))
def test_it_is_found_in_base64_wherever_it_begins_and_ends(
    tmp_path: Path, encode: Callable[[bytes], bytes], before: int, after: int
) -> None:
    content = encode(b"x" * before + TEXT.encode() + b"y" * after)

    assert found_in(tmp_path, content) == {TEXT}


@pytest.mark.parametrize("length", [12, 13, 14])
def test_no_form_is_so_short_that_it_is_found_by_chance(length: int) -> None:
    forms = forms_of("a1b2c3d4e5f6g7"[:length])

    assert min(map(len, forms.values())) >= 12


def test_it_is_found_in_containers_within_containers(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.json.gz", gzip.compress(json.dumps({"name": TEXT}).encode()))
    (tmp_path / "outer.gz").write_bytes(gzip.compress(packed.getvalue()))

    assert {(path, text) for path, text, _ in traces_in(tmp_path, [TEXT])} == {("outer.gz", TEXT)}


def test_a_gzip_file_that_breaks_off_is_read_as_far_as_it_goes() -> None:
    whole = gzip.compress(TEXT.encode() + bytes(range(256)) * 40)

    assert any(TEXT.encode() in content for content in contents_of(whole[:-20]))


def test_of_another_text_there_is_no_trace(tmp_path: Path) -> None:
    assert found_in(tmp_path, b"Doerte Zwetschgenmarke und Co" * 100) == set()
