"""Asks a witness over HTTP (c2sp.org/tlog-witness): ours, or any other that speaks it.

It believes no answer: whoever keeps the lines checks their signatures first.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from urllib.parse import urlsplit

from grant_store.errors import StoreError
from grant_store.log.checkpoint import decimal
from grant_store.log.note import MOST_BYTES
from grant_store.log.witness_request import WitnessRequest
from grant_store.log.witness_server import PATH, SIZE_TYPE, TEXT_TYPE
from grant_values.invalid import Invalid

_CONFLICT = 409


class NotCosigned(StoreError):
    """The witness gave no cosignature. `status` is 0 where it gave no answer at all."""

    def __init__(self, status: int, explanation: str) -> None:
        super().__init__(f"the witness did not cosign ({status or 'no answer'}): {explanation}")
        self.status = status


class OtherSize(Exception):
    """The witness has cosigned `size` leaves last and wants a proof from there."""

    def __init__(self, size: int) -> None:
        super().__init__(f"the witness has cosigned {size} leaves")
        self.size = size


def ask_witness(url: str, request: WitnessRequest, timeout_seconds: float = 30) -> bytes:
    """The signature lines for the head; `OtherSize` or `NotCosigned` where there are none."""
    if urlsplit(url).scheme not in ("http", "https"):
        raise Invalid("witness-url", f"expected an address http(s)://HOST/PREFIX, not {url!r}")
    post = urllib.request.Request(
        url.rstrip("/") + PATH, bytes(request), {"Content-Type": TEXT_TYPE}
    )
    try:
        with urllib.request.urlopen(post, timeout=timeout_seconds) as answer:
            lines: bytes = answer.read(MOST_BYTES)
            return lines
    except urllib.error.HTTPError as error:
        with error:
            said = error.read(1000).decode(errors="replace").strip()
            if error.code == _CONFLICT and error.headers.get_content_type() == SIZE_TYPE:
                raise OtherSize(decimal(said, "size")) from error
        raise NotCosigned(error.code, said) from error
    except (urllib.error.URLError, OSError) as error:
        raise NotCosigned(0, str(error)) from error
