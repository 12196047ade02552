"""Everything is tried and counted: what was found, who objected, what was missed, and which clean
history alarmed."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import Any, NamedTuple

from pruefpfad.bundles import DOWNSTREAM_FIRST
from tamper import in_bundles, in_ledgers, in_log_fields, in_logs, proofs, rolled_back
from tamper.defences import objections
from tamper.scene import Scene
from tamper.stores import Stores
from tamper.tampering import Tampering
from tamper.verdicts import TAMPERED, Verdict, bundle_of, verdict_on

Told = Callable[[str], None]

NOBODY: Mapping[str, str] = MappingProxyType({})


BUNDLE = "file"
"""Where a bundle is tampered with, it does not matter from which store it came."""


class Way(NamedTuple):
    """One line of the score."""

    level: str
    kind: str
    store: str


@dataclass
class Score:
    """By way and store: the exit codes and how often, who objected, and what was not as it must
    be."""

    codes: dict[Way, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    objected: dict[Way, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    complaints: list[str] = field(default_factory=list)
    covered: int = 0
    """How many tamperings touched what stands at or below the last cosigned head,"""
    covered_missed: int = 0
    """and how many of these were not found."""
    clean: Counter[int] = field(default_factory=Counter)
    """The exit codes of clean histories."""

    def note(
        self,
        tampering: Tampering[Any],
        verdict: Verdict,
        store: str = BUNDLE,
        objected: Mapping[str, str] = NOBODY,
    ) -> None:
        way = Way(tampering.level, tampering.kind, store)
        self.codes[way][verdict.exit_code] += 1
        self.objected[way].update(objected.keys())
        complaint = tampering.complaint(verdict)
        if tampering.is_covered:
            self.covered += 1
            self.covered_missed += bool(complaint)
        if silence := tampering.silence(objected):
            complaint += f" said nothing: {silence}"
        if complaint:
            place = f"{store}: {tampering.level}: {tampering.kind}: {tampering.what}"
            self.complaints.append(f"{place}: {complaint}")

    def note_refusal(self, kind: str, what: str, store: str, is_refused: bool) -> None:
        self.codes[Way("proof", kind, store)][TAMPERED if is_refused else 0] += 1
        self.covered += 1
        if not is_refused:
            self.covered_missed += 1
            self.complaints.append(f"{store}: proof: {kind}: {what}: was believed")

    def note_clean(
        self,
        what: str,
        verdict: Verdict,
        lawful: frozenset[int],
        objected: Mapping[str, str] = NOBODY,
    ) -> None:
        """Nobody may object to a history that nobody has touched."""
        self.clean[verdict.exit_code] += 1
        if verdict.exit_code not in lawful:
            self.complaints.append(
                f"clean: {what}: exit code {verdict.exit_code}: {verdict.findings[:3]}"
            )
        self.complaints += [f"clean: {what}: {who} says {why}" for who, why in objected.items()]

    @property
    def tried(self) -> int:
        return sum(sum(codes.values()) for codes in self.codes.values())

    @property
    def found(self) -> float:
        """The part that was found of what is at or below the last cosigned head."""
        return 1.0 - self.covered_missed / self.covered if self.covered else 0.0


def try_everything(scene: Scene, score: Score, random: Random, samples: int, told: Told) -> None:
    """Try all of it on copies of one clean scene."""
    bundle = bundle_of(scene.stores, scene.folder / "clean.zip")
    try_in_stores(scene, score, store_tamperings(scene, random, samples), told)
    try_in_bundle(scene, score, in_bundles.tamperings(bundle, random, samples), bundle, told)
    try_proofs(scene, score, random, samples, told)


def store_tamperings(scene: Scene, random: Random, samples: int) -> list[Tampering[Stores]]:
    return [
        *in_ledgers.tamperings(scene, random, samples),
        *in_logs.tamperings(scene, random, samples),
        *in_log_fields.tamperings(scene, random, samples),
        *rolled_back.tamperings(scene),
    ]


def try_in_stores(
    scene: Scene, score: Score, tamperings: Iterable[Tampering[Stores]], told: Told
) -> None:
    with tempfile.TemporaryDirectory(dir=scene.folder) as folder:
        for tampering in tamperings:
            told(f"{scene}: {tampering.kind}")
            stores = scene.stores.copy("changed")
            tampering.act(stores)
            bundle = bundle_of(stores, Path(folder) / "changed.zip")
            verdict = verdict_on(bundle, scene.outside_with(tampering.heads))
            objected = objections(scene, stores, tampering.services)
            score.note(tampering, verdict, stores.kind, objected)
            stores.discard()


def try_in_bundle(
    scene: Scene, score: Score, tamperings: Iterable[Tampering[Path]], clean: Path, told: Told
) -> None:
    with tempfile.TemporaryDirectory(dir=scene.folder) as folder:
        for tampering in tamperings:
            told(tampering.kind)
            bundle = Path(shutil.copyfile(clean, Path(folder) / "changed.zip"))
            tampering.act(bundle)
            score.note(tampering, verdict_on(bundle, scene.outside_with(tampering.heads)))


def try_proofs(scene: Scene, score: Score, random: Random, samples: int, told: Told) -> None:
    for kind, what, attempt in proofs.attempts(scene, random, samples):
        told(f"{scene}: {kind}")
        score.note_refusal(kind, what, scene.stores.kind, proofs.is_refused(attempt))


def look_at_clean(scene: Scene, score: Score, lawful: frozenset[int]) -> None:
    """A clean history must not alarm: `lawful` are the exit codes that it may have."""
    verdict = verdict_on(bundle_of(scene.stores, scene.folder / "clean.zip"), scene.outside)
    stores = scene.stores.copy("looked at")
    objected = objections(
        scene, stores, [each for each in DOWNSTREAM_FIRST if each in scene.signed]
    )
    stores.discard()
    score.note_clean(str(scene), verdict, lawful, objected)
