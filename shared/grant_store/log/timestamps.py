"""RFC 3161 timestamps of heads: a third party says that a head existed at a time.

What is stamped is the SHA-256 of the head's text as its log signed it: the three lines origin,
size and root, each with its newline, without the empty line and the signatures after it. So a stamp
stays right whoever cosigns later. An answer is believed, and may be stored, only once checked.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.x509 import Certificate, ObjectIdentifier, load_pem_x509_certificates
from rfc3161_client import (
    HashAlgorithm,
    PKIStatus,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from grant_store.errors import StoreError
from grant_store.log.note import Note
from grant_values.invalid import Invalid

SUFFIX = ".tsr"
LARGEST_ANSWER_BYTES = 100_000
_SHA256 = ObjectIdentifier("2.16.840.1.101.3.4.2.1")
_QUERY, _REPLY = "application/timestamp-query", "application/timestamp-reply"


class NotTimestamped(StoreError):
    """The authority gave no timestamp, or one that must not be believed. Nothing was stored."""


@dataclass(frozen=True)
class Authority:
    """Who stamps. `certificates` are the roots that its own must lead to; without any, an answer
    is checked but for its certificates, which `openssl ts -verify` does later."""

    url: str
    name: str
    certificates: Sequence[Certificate] = ()
    timeout_seconds: float = 30

    @classmethod
    def at(cls, url: str, certificates: Path | None = None) -> Authority:
        """The one at an address, named by its host; `certificates` is a file of roots in PEM."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Invalid("authority", f"expected an address http(s)://HOST/PATH, not {url!r}")
        roots = _certificates(certificates) if certificates else ()
        return cls(url, parts.hostname, roots)

    def stamp(self, note: bytes) -> bytes:
        """The authority's answer about the head in a note, as it came, once it is checked."""
        text = Note.parse(note).text
        builder = TimestampRequestBuilder().data(text).hash_algorithm(HashAlgorithm.SHA256)
        query = builder.nonce(nonce=True).cert_request(cert_request=True).build()
        answer = self._post(query.as_bytes())
        check_timestamp(answer, text, nonce=query.nonce, certificates=self.certificates)
        return answer

    def _post(self, query: bytes) -> bytes:
        request = urllib.request.Request(
            self.url, query, {"Content-Type": _QUERY, "Accept": _REPLY}
        )
        try:
            with urllib.request.urlopen(request, timeout=self.timeout_seconds) as answer:
                kind = answer.headers.get_content_type()
                content: bytes = answer.read(LARGEST_ANSWER_BYTES + 1)
        except (urllib.error.URLError, OSError) as error:
            raise NotTimestamped(f"{self.name} gave no answer: {error}") from error
        if kind != _REPLY or len(content) > LARGEST_ANSWER_BYTES:
            raise NotTimestamped(f"{self.name} answered {kind}, not a timestamp.")
        return content


def check_timestamp(
    answer: bytes,
    text: bytes,
    *,
    nonce: int | None = None,
    certificates: Sequence[Certificate] = (),
) -> datetime:
    """When the text was stamped; `NotTimestamped` unless it was granted for exactly this text."""
    response = _decoded(answer)
    imprint = response.tst_info.message_imprint
    if imprint.hash_algorithm != _SHA256 or imprint.message != sha256(text).digest():
        raise NotTimestamped("The timestamp is about something else than this head.")
    if nonce is not None and response.tst_info.nonce != nonce:
        raise NotTimestamped("The timestamp answers another question: its nonce is not ours.")
    if certificates:
        _check_chain(response, text, certificates)
    return response.tst_info.gen_time.astimezone(UTC)


def _decoded(answer: bytes) -> TimeStampResponse:
    try:
        response = decode_timestamp_response(answer)
    except ValueError as error:
        raise NotTimestamped(
            f"The answer cannot be read as RFC 3161 writes one: {error}"
        ) from error
    if response.status != PKIStatus.GRANTED:
        said = "; ".join(response.status_string)
        raise NotTimestamped(f"The authority refused (status {response.status}): {said}")
    return response


def _check_chain(
    response: TimeStampResponse, text: bytes, certificates: Sequence[Certificate]
) -> None:
    builder = VerifierBuilder(roots=list(certificates))
    try:
        builder.build().verify_message(response, text)
    except (VerificationError, ValueError) as error:
        raise NotTimestamped(
            f"The timestamp's signature does not lead to a root: {error}"
        ) from error


def _certificates(path: Path) -> Sequence[Certificate]:
    try:
        return load_pem_x509_certificates(path.read_bytes())
    except ValueError as error:
        raise Invalid("certificates", f"expected certificates in PEM in {path}") from error
