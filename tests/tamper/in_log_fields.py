"""One bit of each column of a log's tables: of notes, tiles and lines, which are the evidence, and
of the columns beside them, by which the evidence is found or which repeat it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from random import Random
from typing import Any, NamedTuple

from grant_store.log.note import SignatureLine
from pruefpfad.bundles import DOWNSTREAM_FIRST
from tamper.changes import flip_number, flip_text, other_bytes
from tamper.defences import CHECK
from tamper.in_logs import LESS_PROVEN, LEVEL, anywhere, edited
from tamper.scene import Scene
from tamper.stores import CosignatureRow, LogRows, Stores
from tamper.tampering import FOUND, Tampering
from tamper.verdicts import INCOMPLETE, TAMPERED, VERIFIED

TABLES = ("heads", "tiles", "cosignatures", "timestamps")
FLIPS: Mapping[type, Callable[[Any, Random], object]] = {
    bytes: other_bytes,
    str: flip_text,
    int: flip_number,
}
UNHARMED = frozenset({VERIFIED, INCOMPLETE})
"""As it was before: some scenes have a tail."""
ANY = frozenset({VERIFIED, TAMPERED, INCOMPLETE})


class Expected(NamedTuple):
    """What must come of a flip; `is_covered` where it takes evidence away or makes it false."""

    codes: frozenset[int]
    is_covered: bool = False
    stopped_by: frozenset[str] = frozenset()


EVIDENCE = Expected(FOUND, True, frozenset({CHECK}))
LOST = Expected(FOUND, True)
OTHER_EPOCH = Expected(LESS_PROVEN, True)
"""The only head of a log is still there, but what others have said of it is not found."""
REPEATED = Expected(UNHARMED, stopped_by=frozenset({CHECK}))
"""It does not go into a bundle, but whoever has the stores sees that it is wrong."""
BESIDE = Expected(UNHARMED)
"""It says nothing that a verdict rests on."""
LESS = Expected(ANY)
"""A line or a stamp that is not found any more: a later head proves the same events."""

COLUMNS: Mapping[str, Mapping[str, Expected]] = {
    "heads": {"epoch": OTHER_EPOCH, "size": LOST, "root": REPEATED, "signed_at": BESIDE},
    "tiles": {"epoch": EVIDENCE, "level": EVIDENCE, "place": EVIDENCE},
    "cosignatures": {"epoch": LESS, "size": LESS, "key_name": BESIDE, "line_hash": BESIDE},
    "timestamps": {
        "epoch": LESS,
        "size": LESS,
        "authority": BESIDE,
        "response_hash": BESIDE,
        "response": LESS,
    },
}
"""Notes, hashes and lines are flipped in `in_logs` and below."""


def tamperings(scene: Scene, random: Random, samples: int) -> Iterator[Tampering[Stores]]:
    for service in DOWNSTREAM_FIRST:
        log, covered = scene.stores.log(service), scene.covered.get(service, 0)
        for table, columns in COLUMNS.items():
            rows = [
                place
                for place, row in enumerate(getattr(log, table))
                if table == "tiles" or row.size <= covered
            ]
            for _ in range(samples if rows else 0):
                for column, expected in columns.items():
                    yield _flipped(service, table, random.choice(rows), column, expected, random)
        yield from _of_older_cosignatures(service, log, covered, random, samples)


def _flipped(
    service: str, table: str, place: int, column: str, expected: Expected, random: Random
) -> Tampering[Stores]:
    return Tampering(
        LEVEL,
        f"flip a bit: {table}.{column}",
        f"{service}/main, {table} {place}",
        partial(edited, service, partial(_flip, table, place, column, random.random())),
        expected.codes,
        start=anywhere(service),
        is_covered=expected.is_covered,
        services=(service,),
        stopped_by=expected.stopped_by,
    )


def _flip(table: str, place: int, column: str, seed: float, log: LogRows) -> None:
    rows = getattr(log, table)
    content = getattr(rows[place], column)
    rows[place] = rows[place]._replace(**{column: FLIPS[type(content)](content, Random(seed))})


def _of_older_cosignatures(
    service: str, log: LogRows, covered: int, random: Random, samples: int
) -> Iterator[Tampering[Stores]]:
    """A wrong signature of a known witness is wrong anywhere. A line whose name or key id is
    another is one of somebody unknown, and not missed under an older head."""
    places = [place for place, row in enumerate(log.cosignatures) if row.size < covered]
    for _ in range(samples if places else 0):
        place = random.choice(places)
        of = partial(_of_line, service, place, log.cosignatures[place], random)
        yield of("its signature", True, EVIDENCE)
        yield of("its name or key id", False, LESS)


def _of_line(
    service: str,
    place: int,
    row: CosignatureRow,
    random: Random,
    what: str,
    in_signature: bool,
    expected: Expected,
) -> Tampering[Stores]:
    line = other_line(row.line, random, in_signature=in_signature)
    return Tampering(
        LEVEL,
        f"flip a bit of an older cosignature: {what}",
        f"{service}/main, head {row.size}",
        partial(edited, service, partial(_set_line, place, line)),
        expected.codes,
        start=anywhere(service),
        is_covered=expected.is_covered,
        services=(service,),
        stopped_by=expected.stopped_by,
    )


def _set_line(place: int, line: bytes, log: LogRows) -> None:
    log.cosignatures[place] = log.cosignatures[place]._replace(line=line)


def other_line(line: bytes, random: Random, *, in_signature: bool) -> bytes:
    """A signature line of the same form with another bit in its signature, or in name or key id."""
    signed = SignatureLine.parse(line.decode().removesuffix("\n"))
    if in_signature:
        signed = signed._replace(blob=other_bytes(signed.blob, random))
    elif random.random() < 0.5:
        signed = signed._replace(name=flip_text(signed.name, random))
    else:
        signed = signed._replace(key_id=other_bytes(signed.key_id, random))
    return str(signed).encode()
