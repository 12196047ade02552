"""What is left of a text in files, in every form that programs write texts in.

It knows encodings and containers, and nothing of who writes what where.
"""

from __future__ import annotations

import gzip
import html
import io
import json
import zipfile
import zlib
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote, quote_plus

DEEPEST = 4
"""As many containers within one another are opened."""
_GZIP = b"\x1f\x8b\x08"


def forms_of(text: str) -> dict[str, bytes]:
    """The bytes that a text may stand in, by the name of the form."""
    raw = text.encode()
    forms = {
        "UTF-8": raw,
        "Latin-1": text.encode("latin-1", errors="replace"),
        "UTF-16LE": text.encode("utf-16-le"),
        "UTF-16BE": text.encode("utf-16-be"),
        "JSON": json.dumps(text)[1:-1].encode(),
        "JSON, upper case": _with_upper_escapes(json.dumps(text)[1:-1]).encode(),
        "HTML": html.escape(text).encode("ascii", "xmlcharrefreplace"),
        "URL": quote(text, safe="").encode(),
        "URL, lower case": _with_lower_percents(quote(text, safe="")).encode(),
        "URL form": quote_plus(text).encode(),
        "hex": raw.hex().encode(),
        "HEX": raw.hex().upper().encode(),
    }
    for offset in range(3):
        inner = _base64_within(raw, offset)
        forms[f"base64 at {offset}"] = inner
        forms[f"base64 for URLs at {offset}"] = inner.translate(bytes.maketrans(b"+/", b"-_"))
    return forms


def traces_in(folder: Path, texts: Sequence[str]) -> set[tuple[str, str, str]]:
    """Which text stands in which form in which file; containers are opened."""
    wanted = {text: _distinct(forms_of(text)) for text in texts}
    return {
        (str(path.relative_to(folder)), text, form)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
        for content in contents_of(path.read_bytes())
        for text, forms in wanted.items()
        for form, needle in forms.items()
        if needle in content
    }


def contents_of(content: bytes, depth: int = DEEPEST) -> Iterator[bytes]:
    """The content itself, and what is in it if it is a ZIP or GZIP file, inner ones too."""
    yield content
    if depth == 0:
        return
    if content.startswith(_GZIP):
        yield from contents_of(_unzipped(content), depth - 1)
    elif zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            yield "\n".join(packed.namelist()).encode()
            for name in packed.namelist():
                yield from contents_of(packed.read(name), depth - 1)


def _unzipped(content: bytes) -> bytes:
    """As much as can be read: a file that is written just now ends in the middle."""
    try:
        return gzip.decompress(content)
    except (EOFError, OSError, zlib.error):
        return zlib.decompressobj(wbits=31).decompress(content)


def _base64_within(raw: bytes, offset: int) -> bytes:
    """What of a base64 text depends on `raw` alone, where so many bytes (modulo 3) stand before."""
    encoded = b64encode(b"\0" * offset + raw)
    return encoded[-(-offset * 8 // 6) : (offset + len(raw)) * 8 // 6]


def _distinct(forms: Mapping[str, bytes]) -> dict[str, bytes]:
    """Each needle once, under the first of its names."""
    names = {needle: name for name, needle in reversed(forms.items())}
    return {name: needle for needle, name in names.items()}


def _with_upper_escapes(text: str) -> str:
    parts = text.split("\\u")
    return "\\u".join([parts[0], *(part[:4].upper() + part[4:] for part in parts[1:])])


def _with_lower_percents(text: str) -> str:
    parts = text.split("%")
    return "%".join([parts[0], *(part[:2].lower() + part[2:] for part in parts[1:])])
