"""Everything is tried and counted: what was found, what was missed, and which clean log alarmed."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tamper import in_bundles, in_ledgers, in_logs, proofs
from tamper.scene import Scene
from tamper.tampering import Tampering
from tamper.verdicts import TAMPERED, Verdict, bundle_of, verdict_on

Told = Callable[[str], None]


@dataclass
class Score:
    """By level and kind: the exit codes and how often, and what was not as it must be."""

    codes: dict[tuple[str, str], Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    complaints: list[str] = field(default_factory=list)
    covered: int = 0
    """How many tamperings touched what stands at or below the last cosigned head,"""
    covered_missed: int = 0
    """and how many of these were not found."""
    clean: Counter[int] = field(default_factory=Counter)
    """The exit codes of clean histories."""

    def note(self, tampering: Tampering, verdict: Verdict) -> None:
        self.codes[tampering.level, tampering.kind][verdict.exit_code] += 1
        complaint = tampering.complaint(verdict)
        if tampering.is_covered:
            self.covered += 1
            self.covered_missed += bool(complaint)
        if complaint:
            place = f"{tampering.level}: {tampering.kind}: {tampering.what}"
            self.complaints.append(f"{place}: {complaint}")

    def note_refusal(self, kind: str, what: str, is_refused: bool) -> None:
        self.codes["proof", kind][TAMPERED if is_refused else 0] += 1
        self.covered += 1
        if not is_refused:
            self.covered_missed += 1
            self.complaints.append(f"proof: {kind}: {what}: was believed")

    def note_clean(self, what: str, verdict: Verdict, lawful: frozenset[int]) -> None:
        self.clean[verdict.exit_code] += 1
        if verdict.exit_code not in lawful:
            self.complaints.append(
                f"clean: {what}: exit code {verdict.exit_code}: {verdict.findings[:3]}"
            )

    @property
    def tried(self) -> int:
        return sum(sum(codes.values()) for codes in self.codes.values())

    @property
    def found(self) -> float:
        """The part that was found of what is at or below the last cosigned head."""
        return 1.0 - self.covered_missed / self.covered if self.covered else 0.0


def try_everything(scene: Scene, score: Score, random: Random, samples: int, told: Told) -> None:
    """Try all of it on copies of one clean scene."""
    in_stores = [
        *in_ledgers.tamperings(scene, random, samples),
        *in_logs.tamperings(scene, random, samples),
    ]
    bundle = bundle_of(scene.data, scene.folder / "clean.zip")
    in_bundle = list(in_bundles.tamperings(bundle, random, samples))
    try_in_stores(scene, score, in_stores, told)
    try_in_bundle(scene, score, in_bundle, bundle, told)
    try_proofs(scene, score, random, samples, told)


def try_in_stores(scene: Scene, score: Score, tamperings: Iterable[Tampering], told: Told) -> None:
    with tempfile.TemporaryDirectory(dir=scene.folder) as folder:
        for tampering in tamperings:
            told(tampering.kind)
            data = scene.copy("changed")
            tampering.act(data)
            bundle = bundle_of(data, Path(folder) / "changed.zip")
            score.note(tampering, verdict_on(bundle, scene.outside_with(tampering.heads)))


def try_in_bundle(
    scene: Scene, score: Score, tamperings: Iterable[Tampering], clean: Path, told: Told
) -> None:
    with tempfile.TemporaryDirectory(dir=scene.folder) as folder:
        for tampering in tamperings:
            told(tampering.kind)
            bundle = Path(shutil.copyfile(clean, Path(folder) / "changed.zip"))
            tampering.act(bundle)
            score.note(tampering, verdict_on(bundle, scene.outside_with(tampering.heads)))


def try_proofs(scene: Scene, score: Score, random: Random, samples: int, told: Told) -> None:
    for kind, what, attempt in proofs.attempts(scene, random, samples):
        told(kind)
        score.note_refusal(kind, what, proofs.is_refused(attempt))


def look_at_clean(scene: Scene, score: Score, lawful: frozenset[int]) -> None:
    """A clean history must not alarm: `lawful` are the exit codes that it may have."""
    bundle = bundle_of(scene.data, scene.folder / "clean.zip")
    score.note_clean(scene.folder.name, verdict_on(bundle, scene.outside), lawful)
