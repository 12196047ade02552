"""Writes an audit bundle: every log up to a consistent cut, and what it takes to read it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from grant_audit.bundle.archive import Archive, file_name
from grant_audit.bundle.cosigned_cut import CosignedCut, cosigned_cut
from grant_audit.bundle.heads import EndedPart, HeadsPart
from grant_audit.bundle.log_part import LogPart, folder_of
from grant_audit.bundle.scope import Scope
from grant_audit.bundle.source import Source

FORMAT = "pruefpfad-bundle/1"
README = ("README.de.md", "README.en.md")


@dataclass(frozen=True)
class Extras:
    """What does not stand in the stores: none of it is believed by the verifier.

    `keys` are public keys by the name of their file, `schemas` JSON Schemas by the same, and
    `quorum` is how many witnesses the operator says must have signed a head, of these `witnesses`
    or, with none, of all.
    """

    log_name: str
    keys: Mapping[str, str]
    schemas: Mapping[str, str]
    quorum: int = 1
    witnesses: Collection[str] = ()


@dataclass(frozen=True)
class Written:
    """What went into a bundle, and why which logs go beyond their last cosigned head, where they
    were to end at one."""

    path: Path
    events: int
    logs: Sequence[Mapping[str, Any]]
    tails: Mapping[str, str]


def write_bundle(
    path: Path,
    sources: Sequence[Source],
    scope: Scope,
    extras: Extras,
    count: Callable[[int], None] = lambda events: None,
    *,
    up_to_cosigned: bool = False,
) -> Written:
    """Write the bundle of this scope to `path`, or leave nothing behind.

    `sources` come in the order in which their heads are to be read: whoever follows another comes
    before it (`cut`). `count` is told how many events more were read. With `up_to_cosigned` each
    log ends at a head that as many witnesses have cosigned as `extras.quorum` says.
    """
    sources = [each.current() for each in sources]
    end = CosignedCut({}, {})
    if up_to_cosigned:
        end = cosigned_cut(sources, extras.quorum, extras.witnesses, count)
    with Archive(path) as archive:
        parts = _opened(archive, sources, scope, count)
        for part in parts:
            part.limit = end.sizes.get(part.source.name)
        cuts: dict[str, int] = {}
        ledgers = {each.name: each.ledger for each in sources}
        for part in parts:
            part.write_events(cuts, lambda name: ledgers[name].head().position)
            cuts[part.source.name] = part.cut
            part.write_tree()
        logs = [part.entry(f"{extras.log_name}/{part.source.name}") for part in parts]
        _add_extras(archive, parts, extras)
        rules = [each for part in parts for each in part.rules]
        archive.add_manifest(
            {"format": FORMAT, "scope": scope.as_json(), "logs": logs[::-1], "rules": rules}
        )
    return Written(path, sum(part.events for part in parts), logs[::-1], end.tails)


def _opened(
    archive: Archive, sources: Sequence[Source], scope: Scope, count: Callable[[int], None]
) -> list[LogPart]:
    """Heads first, then where each ledger ends.

    A part of the history ends at its heads, and the ledgers' ends only say how far causes may
    reach: they are read after all heads, so that none of these names a cause above them.
    """
    heads = [] if scope.is_whole else [_heads(archive, source) for source in sources]
    parts = []
    for place, source in enumerate(sources):
        known = heads[place] if heads else _heads(archive, source)
        ended = [EndedPart.of(each, archive, folder_of(source)) for each in source.ended]
        head = source.ledger.head().position
        selection = scope.selection()
        parts.append(LogPart(source, archive, selection, scope.is_whole, known, ended, head, count))
    return parts


def _heads(archive: Archive, source: Source) -> HeadsPart:
    return HeadsPart(source.log, archive, folder_of(source), source.log.head_sizes())


def _add_extras(archive: Archive, parts: Sequence[LogPart], extras: Extras) -> None:
    for name, text in sorted(extras.keys.items()):
        archive.add(f"keys/{file_name(name)}", text.encode())
    for name, text in sorted(extras.schemas.items()):
        archive.add(f"schemas/{file_name(name)}", text.encode())
    cosigned_by = sorted({name for part in parts for name in part.witnesses})
    policy = {"quorum": extras.quorum, "witnesses": sorted(extras.witnesses)}
    archive.add_json("policy.json", policy | {"cosigned_by": cosigned_by})
    here = files("grant_audit")
    for name in README:
        archive.add(name, here.joinpath("bundle", name).read_bytes())
    archive.add("verify.py", here.joinpath("verifier", "verify.py").read_bytes())
