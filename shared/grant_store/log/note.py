"""C2SP signed notes: a text, and the lines of those who signed it (c2sp.org/signed-note).

Bytes, names and the form of public keys only: what a signature is worth is `cosignature`'s matter.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as BadBase64
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import NamedTuple, Self

from grant_values.invalid import Invalid

ED25519 = 0x01
COSIGNATURE_V1 = 0x04
ML_DSA_44 = 0x06
PUBLIC_KEY_BYTES = {ED25519: 32, COSIGNATURE_V1: 32, ML_DSA_44: 1312}

MOST_BYTES = 1_000_000
MOST_SIGNATURES = 100
LONGEST_NAME_BYTES = 255
_KEY_ID_BYTES = 4
_DASH = "— "


class SignatureLine(NamedTuple):
    """One signature under a note. `blob` is what follows the key's id; its form is the key's."""

    name: str
    key_id: bytes
    blob: bytes

    @classmethod
    def parse(cls, line: str) -> Self:
        """Of one line without its newline."""
        name, space, text = line.removeprefix(_DASH).partition(" ")
        if not line.startswith(_DASH) or not space:
            raise Invalid("note", 'expected a signature line "— NAME BASE64"')
        check_key_name(name)
        blob = from_base64(text, "note")
        if len(blob) <= _KEY_ID_BYTES:
            raise Invalid("note", "expected a key id and a signature in each signature line")
        return cls(name, blob[:_KEY_ID_BYTES], blob[_KEY_ID_BYTES:])

    def __str__(self) -> str:
        return f"{_DASH}{self.name} {to_base64(self.key_id + self.blob)}\n"


@dataclass(frozen=True)
class Note:
    """A text that ends in a newline, and at least one signature line."""

    text: bytes
    lines: tuple[SignatureLine, ...]

    def __post_init__(self) -> None:
        """What is put together here must be readable again."""
        if len(self.lines) > MOST_SIGNATURES:
            raise Invalid("note", f"expected at most {MOST_SIGNATURES} signature lines")
        if len(bytes(self)) > MOST_BYTES:
            raise Invalid("note", f"expected at most {MOST_BYTES} bytes")

    @classmethod
    def parse(cls, note: bytes) -> Self:
        """The note of these bytes, or `Invalid`: there is one way only to write each note."""
        if len(note) > MOST_BYTES:
            raise Invalid("note", f"expected at most {MOST_BYTES} bytes")
        words = _plain_text(note)
        text, empty_line, signatures = words.rpartition("\n\n")
        if not empty_line or not signatures.endswith("\n"):
            raise Invalid("note", "expected a text, an empty line and signature lines")
        lines = signatures[:-1].split("\n")
        if len(lines) > MOST_SIGNATURES:
            raise Invalid("note", f"expected at most {MOST_SIGNATURES} signature lines")
        return cls(f"{text}\n".encode(), tuple(map(SignatureLine.parse, lines)))

    def __bytes__(self) -> bytes:
        return self.text + b"\n" + "".join(map(str, self.lines)).encode()

    def signed_by(self, keys: Iterable[VerifierKey]) -> Note:
        """The same text with the lines of these keys only, as far as their names and ids say."""
        ours = {(key.name, key.key_id) for key in keys}
        return Note(self.text, tuple(line for line in self.lines if line[:2] in ours))

    def with_lines(self, lines: bytes) -> Note:
        """The same text with further signature lines; those that it has already stay once."""
        further = Note.parse(self.text + b"\n" + lines).lines if lines else ()
        return Note(self.text, tuple(dict.fromkeys((*self.lines, *further))))


@dataclass(frozen=True)
class VerifierKey:
    """A public key with the name of its owner: what must reach a verifier by a way it trusts."""

    name: str
    kind: int
    public: bytes = field(repr=False)

    def __post_init__(self) -> None:
        check_key_name(self.name)
        if len(self.public) != PUBLIC_KEY_BYTES.get(self.kind):
            kinds = ", ".join(f"0x{kind:02x}" for kind in PUBLIC_KEY_BYTES)
            raise Invalid("key", f"expected a whole public key of one of the kinds {kinds}")

    @cached_property
    def key_id(self) -> bytes:
        """Four bytes that find the key again; too few to prove anything."""
        named = self.name.encode() + b"\n" + bytes([self.kind]) + self.public
        return sha256(named).digest()[:_KEY_ID_BYTES]

    @classmethod
    def parse(cls, vkey: str) -> Self:
        """Of the form NAME+ID+KEY, id in hexadecimal, key in base64 after the byte of its kind."""
        name, _, rest = vkey.partition("+")
        key_id, _, encoded = rest.partition("+")
        typed = from_base64(encoded, "key")
        key = cls(name, typed[0] if typed else 0, typed[1:])
        if key.key_id.hex() != key_id:
            raise Invalid("key", f"expected the id {key.key_id.hex()} in the key of {name}")
        return key

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{to_base64(bytes([self.kind]) + self.public)}"


def check_key_name(name: str) -> None:
    """Whether keys and logs may be called so: not empty, no space, no plus, 255 bytes at most."""
    is_bad = not name or any(sign.isspace() or sign == "+" or sign < " " for sign in name)
    if is_bad or len(name.encode()) > LONGEST_NAME_BYTES:
        raise Invalid("name", f"expected a key name without spaces and plus signs, not {name!r}")


def to_base64(content: bytes) -> str:
    return b64encode(content).decode()


def from_base64(text: str, field: str) -> bytes:
    """The bytes of standard base64. Each content has one text only: anything else is `Invalid`."""
    try:
        content = b64decode(text, validate=True)
    except (BadBase64, ValueError):
        content = b""
    if not content or to_base64(content) != text:
        raise Invalid(field, "expected base64 as RFC 4648 § 4 writes it")
    return content


def _plain_text(note: bytes) -> str:
    try:
        words = note.decode()
    except UnicodeDecodeError as error:
        raise Invalid("note", "expected UTF-8") from error
    if any(sign < " " and sign != "\n" for sign in words):
        raise Invalid("note", "expected no control characters but newlines")
    return words
