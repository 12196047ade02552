"""Signed notes are read strictly: what is not written as the specification says is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grant_store.log.note import (
    ED25519,
    MOST_BYTES,
    MOST_SIGNATURES,
    Note,
    SignatureLine,
    VerifierKey,
    from_base64,
    to_base64,
)
from grant_values.invalid import Invalid

PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GOLDEN = (Path(__file__).parent / "golden" / "peter_neumann.note").read_text(encoding="utf-8")
TEXT, _, SIGNATURES = GOLDEN.rpartition("\n\n")
WIDE_SPACE = "\u2003"
LINE = SIGNATURES.splitlines(keepends=True)[0]

names = st.text(st.characters(categories=["L", "N", "P"], exclude_characters="+"), min_size=1)
names = names.filter(lambda name: len(name.encode()) <= 255)
lines = st.builds(
    SignatureLine, names, st.binary(min_size=4, max_size=4), st.binary(min_size=1, max_size=90)
)


def test_a_note_of_another_program_reads_back_byte_for_byte() -> None:
    note = Note.parse(GOLDEN.encode())

    assert note.text == f"{TEXT}\n".encode()
    assert [line.name for line in note.lines] == ["PeterNeumann", "EnochRoot"]
    assert bytes(note) == GOLDEN.encode()


@settings(deadline=None)
@given(st.text(st.characters(min_codepoint=32, codec="utf-8")), st.lists(lines, min_size=1))
def test_every_note_reads_back_as_it_was_written(
    text: str, signatures: list[SignatureLine]
) -> None:
    note = Note(f"{text}\n".encode(), tuple(signatures))

    assert Note.parse(bytes(note)) == note


@settings(deadline=None)
@given(st.binary() | st.text().map(str.encode))
def test_whatever_is_read_is_written_the_same_or_refused(content: bytes) -> None:
    try:
        note = Note.parse(content)
    except Invalid:
        return
    assert bytes(note) == content


@pytest.mark.parametrize(
    ("about", "note"),
    [
        ("no signature", f"{TEXT}\n"),
        ("an empty line and no signature", f"{TEXT}\n\n"),
        ("no last newline", GOLDEN[:-1]),
        ("a control character", f"\x01{GOLDEN}"),
        ("a carriage return", GOLDEN.replace("\n", "\r\n")),
        ("no UTF-8", b"\xff" + GOLDEN.encode()),
        ("a space in a name", f"{TEXT}\n\n{LINE.replace('PeterNeumann', 'Peter Neumann')}"),
        ("a plus in a name", f"{TEXT}\n\n{LINE.replace('PeterNeumann', 'Peter+Neumann')}"),
        ("another space in a name", f"{TEXT}\n\n{LINE.replace('rN', WIDE_SPACE)}"),
        ("an empty name", f"{TEXT}\n\n{LINE.replace('PeterNeumann', '')}"),
        ("a hyphen for the dash", f"{TEXT}\n\n{LINE.replace('— ', '- ')}"),
        ("a line that is no signature", f"{GOLDEN}Unexpected line.\n"),
        ("padding left out", f"{TEXT}\n\n{LINE.replace('=', '')}"),
        ("URL-safe base64", f"{TEXT}\n\n{LINE.replace('/', '_')}"),
        ("base64 with bits that are lost", f"{TEXT}\n\n{LINE.replace('nAM=', 'nAN=')}"),
        ("a key id alone", f"{TEXT}\n\n— PeterNeumann x08gow==\n"),
        ("too many signatures", f"{TEXT}\n\n{LINE * (MOST_SIGNATURES + 1)}"),
        ("too long", f"{'x' * MOST_BYTES}\n\n{LINE}"),
    ],
)
def test_a_note_that_is_not_well_formed_is_refused(about: str, note: str | bytes) -> None:
    with pytest.raises(Invalid):
        Note.parse(note if isinstance(note, bytes) else note.encode())


def test_a_name_may_not_be_longer_than_an_ml_dsa_cosignature_can_cover() -> None:
    SignatureLine.parse(f"— {'n' * 255} x08goAA=")
    with pytest.raises(Invalid):
        SignatureLine.parse(f"— {'n' * 256} x08goAA=")


def test_signature_lines_are_added_once() -> None:
    note = Note.parse(GOLDEN.encode())

    assert note.with_lines(LINE.encode()) == note
    assert note.with_lines("— another x08goAA=\n".encode()).lines[2].name == "another"


def test_a_key_of_another_program_is_read_with_its_id() -> None:
    key = VerifierKey.parse(PETER)

    assert (key.name, key.kind, key.key_id.hex()) == ("PeterNeumann", ED25519, "c74f20a3")
    assert str(key) == PETER


def test_no_part_of_a_key_and_no_neighbour_of_it_is_a_key() -> None:
    for start in range(len(PETER)):
        for end in range(start + 1, len(PETER) + 1):
            if (start, end) != (0, len(PETER)):
                with pytest.raises(Invalid):
                    VerifierKey.parse(PETER[start:end])
    for at, sign in enumerate(PETER):
        with pytest.raises(Invalid):
            VerifierKey.parse(f"{PETER[:at]}{chr(ord(sign) + 1)}{PETER[at + 1 :]}")


@pytest.mark.parametrize(
    "vkey",
    [
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        PETER.replace("c74f20a3", "C74F20A3"),
        "PeterNeumann+c74f20a3",
        "",
    ],
    ids=["wrong length", "unknown algorithm", "another spelling", "no key", "nothing"],
)
def test_a_key_that_is_not_well_formed_is_refused(vkey: str) -> None:
    with pytest.raises(Invalid):
        VerifierKey.parse(vkey)


@settings(deadline=None)
@given(st.text("AQgw+/=-_ \n"))
def test_each_content_has_one_base64_text(text: str) -> None:
    try:
        content = from_base64(text, "text")
    except Invalid:
        return
    assert to_base64(content) == text
