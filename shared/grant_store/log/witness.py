"""A witness: it cosigns a log's newer head only where it can see that the log has only grown.

The audit authority runs it with keys and a store of its own. It sees heads and proofs, never what
a ledger holds, and believes nothing that it has not checked itself: not the operator's program,
not the operator's database. What it refuses it keeps, where the log's signature under it makes it
evidence. c2sp.org/tlog-witness says how it answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from grant_store.log.checkpoint import ROOT_OF_NOTHING, Checkpoint
from grant_store.log.cosignature import NotVerified, opened
from grant_store.log.log_keys import (
    KINDS_OF_WITNESS,
    cosignature_lines,
    make_keys,
    private_keys,
)
from grant_store.log.note import Note, VerifierKey
from grant_store.log.tree import ProofFails, check_consistency
from grant_store.log.witness_request import WitnessRequest
from grant_store.log.witness_store import Cosigning, Refusal, WitnessedHead, WitnessStore
from grant_values.invalid import Invalid

PRIVATE_KEYS = "witness.private"
PUBLIC_KEYS = "witness.vkey"
FARTHEST_AHEAD = timedelta(days=366)
_PAGE = 500
UNSIGNED = ("unknown_log", "unsigned", "wrong_signature")
"""Reasons for which nobody's signature stands under what was refused."""


class Refused(Exception):
    """Why a head was not cosigned. `status` is the one that tlog-witness has for it over HTTP;
    `known_size` is that of the last head this witness has cosigned of that log, 0 if none."""

    def __init__(self, reason: str, status: int, explanation: str, known_size: int) -> None:
        super().__init__(f"{reason}: {explanation}")
        self.reason = reason
        self.status = status
        self.explanation = explanation
        self.known_size = known_size


class Witness:
    """One witness in its folder. Any number of processes may run it at the same time."""

    def __init__(self, folder: Path) -> None:
        if not (folder / PRIVATE_KEYS).exists():
            raise Invalid("witness", f"expected a folder made by `witness init`, not {folder}")
        self._keys = private_keys(folder / PRIVATE_KEYS)
        self._store = WitnessStore(folder)

    @classmethod
    def init(cls, folder: Path, name: str) -> Witness:
        """A new witness: keys under its name, and a store that knows no log yet."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        make_keys(folder / PRIVATE_KEYS, name, KINDS_OF_WITNESS)
        WitnessStore(folder).create()
        return cls(folder)

    @property
    def name(self) -> str:
        return self._keys[0].name

    @property
    def verifiers(self) -> Sequence[VerifierKey]:
        """What others need to know of this witness."""
        return [key.verifier for key in self._keys]

    def trust(self, key: VerifierKey, at: datetime) -> bool:
        """Believe from now on a log's key that was handed over. False if it is believed already."""
        if key.name == self.name:
            raise Invalid("key", "expected a key of a log, not the witness's own")
        return self._store.trust(key, at)

    def distrust(self, key: VerifierKey, at: datetime) -> bool:
        """Believe a log's key no longer, as after a rotation. False if it was not believed."""
        return self._store.distrust(key, at)

    def trusted(self, origin: str | None = None) -> list[VerifierKey]:
        return self._store.trusted(origin)

    def last_head(self, origin: str) -> WitnessedHead | None:
        return self._store.last_head(origin)

    def heads(self) -> list[WitnessedHead]:
        """The newest cosigned head of each log."""
        return self._store.last_heads()

    def all_heads(self) -> Iterator[WitnessedHead]:
        """Every head that was ever cosigned, in order, a page at a time: others may cosign
        meanwhile."""
        number = 0
        while page := self._store.heads_after(number, _PAGE):
            number = page[-1][0]
            yield from (head for _, head in page)

    def refusals(self) -> list[Refusal]:
        return self._store.refusals()

    def cosign(self, content: bytes, at: datetime) -> bytes:
        """The signature lines for the head in a request, or `Refused`, or `Invalid`.

        The head is on this witness's disk before its cosignature leaves this function; the last
        head is answered by the same lines again. A refusal of a head that a known log has signed is
        evidence, and kept once with both heads; what anybody could have written is not.
        """
        request = WitnessRequest.parse(content)
        checkpoint, lines = request.checkpoint, b""
        with self._store.cosigning(checkpoint.origin) as cosigning:
            _check_clock(cosigning.last, at)
            refused = _refusal(request, cosigning.trusted, cosigning.last)
            if refused is None:
                _check_not_ahead(request, cosigning.trusted, at)
            if refused:
                if _is_news(cosigning, refused, checkpoint):
                    cosigning.refuse(refused.reason, refused.explanation, content, at)
            elif not (lines := self._released_before(cosigning.last, checkpoint)):
                lines = cosignature_lines(checkpoint, self._keys, at)
                # Others' lines are nothing to us, and could make the note too long to be read.
                signed = Note.parse(request.note).signed_by(cosigning.trusted)
                cosigning.keep(checkpoint, bytes(signed.with_lines(lines)), at)
        if refused:
            raise refused
        return lines

    def _released_before(self, last: WitnessedHead | None, checkpoint: Checkpoint) -> bytes:
        """The lines that all our keys have under this head already; nothing if one has none.

        Else a log at rest would gather cosignatures until its note is too long to be read.
        """
        if last is None or last.checkpoint != checkpoint:
            return b""
        lines = Note.parse(last.note).signed_by(self.verifiers).lines
        return "".join(map(str, lines)).encode() if len(lines) == len(self.verifiers) else b""


def _is_news(cosigning: Cosigning, refused: Refused, head: Checkpoint) -> bool:
    """Whether this refusal is evidence that is not kept yet."""
    if refused.reason in UNSIGNED:
        return False
    kept = cosigning.refused_requests(refused.reason)
    return all(WitnessRequest.parse(each).checkpoint != head for each in kept)


def _refusal(
    request: WitnessRequest, trusted: Sequence[VerifierKey], last: WitnessedHead | None
) -> Refused | None:
    """Why this request is refused; None if its head is to be cosigned."""
    new = request.checkpoint
    known = last.checkpoint if last else Checkpoint(new.origin, 0, ROOT_OF_NOTHING)

    def refused(reason: str, status: int, explanation: str) -> Refused:
        return Refused(reason, status, explanation, known.size)

    if not trusted:
        return refused("unknown_log", 404, f"no key of {new.origin} has been handed over")
    try:
        if not opened(request.note, trusted).is_signed_by_log:
            return refused(
                "unsigned", 403, f"a signature of {new.origin} by a known key is missing"
            )
    except NotVerified as error:
        return refused("wrong_signature", 403, str(error))
    if new.size < known.size:
        return refused("shrunk", 409, f"the log had {known.size} leaves and now states {new.size}")
    if new.size == known.size and new.root != known.root:
        return refused("forked", 409, f"two heads of {new.size} leaves have different roots")
    if request.old_size != known.size:
        return refused("conflict", 409, f"expected a proof from {known.size} leaves on")
    try:
        check_consistency(known.size, known.root, new.size, new.root, request.proof)
    except ProofFails as error:
        return refused("inconsistent", 422, str(error))
    return None


def _check_not_ahead(request: WitnessRequest, keys: Sequence[VerifierKey], at: datetime) -> None:
    """One cosignature dated far ahead would keep the witness from cosigning until that day, for
    `_check_clock` lets no time go back. Files may travel to a witness for months, not for years."""
    signed_at = opened(request.note, keys).signed_at(request.checkpoint.origin)
    if signed_at and at > signed_at + FARTHEST_AHEAD:
        raise Invalid(
            "clock", f"expected a time within a year of {signed_at}, when the log signed, not {at}"
        )


def _check_clock(last: WitnessedHead | None, at: datetime) -> None:
    """A cosignature says when this was the largest tree seen; its time may not go back."""
    if last and at < last.cosigned_at:
        raise Invalid("clock", f"expected a time after the last cosignature, {last.cosigned_at}")
