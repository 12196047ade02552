"""A part of `make tamper`: each kind of change by chance, and clean histories that do not alarm."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner
from structlog.testing import capture_logs

from grant_store.opening import open_log
from histories.plays import ledgers_of, put_back
from histories.recording import Play, recorded_plays
from simulation.lives import live
from tamper import in_bundles, in_logs
from tamper.__main__ import CLOCKS_LEAP_SECONDS, main
from tamper.files import Files
from tamper.restored import try_restored
from tamper.scene import Outside, Scene, a_scene
from tamper.score import (
    Score,
    look_at_clean,
    store_tamperings,
    try_in_bundle,
    try_in_stores,
    try_proofs,
)
from tamper.stores import Stores
from tamper.tampering import Tampering
from tamper.verdicts import (
    INCOMPLETE,
    TAMPERED,
    UNUSABLE,
    VERIFIED,
    Finding,
    Verdict,
    bundle_of,
    verdict_on,
)

PLAYS = recorded_plays()
# After an incident a log begins anew under another origin.
WITHOUT_INCIDENT = [play for play in PLAYS if play.name != "restored"]
TRIED = 60


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """A world in which services died and raced, with a last head that nobody has cosigned."""
    [play] = [each for each in PLAYS if each.name == "quiet"][-1:]
    folder = tmp_path_factory.mktemp("scene") / "quiet"
    return a_scene(folder, play.ledgers, 4, "uncosigned", CLOCKS_LEAP_SECONDS)


def unheard(what: str) -> None:
    """Nobody waits for this."""


def test_what_is_done_to_ledgers_and_logs_is_found(scene: Scene) -> None:
    random, score = Random(1), Score()
    every = store_tamperings(scene, random, 1)

    try_in_stores(scene, score, random.sample(every, TRIED), unheard)

    assert score.complaints == []
    assert score.found == 1.0
    assert score.tried == TRIED


def test_what_is_done_to_a_bundle_is_found(scene: Scene) -> None:
    score, bundle = Score(), bundle_of(scene.stores, scene.folder / "clean.zip")

    try_in_bundle(scene, score, in_bundles.tamperings(bundle, Random(2), 2), bundle, unheard)

    assert score.complaints == []
    assert score.tried > TRIED


def test_an_incident_explains_what_was_lost_and_hides_nothing_else(tmp_path: Path) -> None:
    score = Score()

    try_restored(tmp_path, score, Random(6), 1, unheard)

    assert score.complaints == []
    assert {way.kind for way in score.codes} >= {
        "name an earlier head as the last one",
        "go on under the old name",
        "drop the log before it",
    }


def test_nobody_believes_a_forged_proof(scene: Scene) -> None:
    score = Score()

    try_proofs(scene, score, Random(3), 2, unheard)

    assert score.complaints == []
    assert {way.kind for way in score.codes} >= {
        "forge a proof: flip a bit",
        "show a witness another root",
        "forge a time stamp: flip a bit",
    }


@pytest.mark.parametrize("play", WITHOUT_INCIDENT, ids=str)
def test_a_clean_history_does_not_alarm(play: Play, tmp_path: Path) -> None:
    score, tolerance = Score(), CLOCKS_LEAP_SECONDS

    scene = a_scene(tmp_path / play.name, play.ledgers, tolerance_seconds=tolerance)
    look_at_clean(scene, score, frozenset({VERIFIED}))

    assert score.complaints == []


def test_a_head_that_the_history_mentions_cannot_be_dropped(tmp_path: Path) -> None:
    [play] = [each for each in PLAYS if each.name == "story"][-1:]
    scene, score = a_scene(tmp_path / "story", play.ledgers), Score()
    dropped = [
        each
        for each in in_logs.tamperings(scene, Random(4), 1)
        if each.kind.startswith("drop an anchored head")
    ]

    try_in_stores(scene, score, dropped, unheard)

    assert len(dropped) >= 4
    assert score.complaints == []


def test_a_restored_store_never_verifies_against_a_head_of_what_was_lost(tmp_path: Path) -> None:
    """Even though the incident is on record and the log goes on under another origin."""
    data, trust, known = tmp_path / "data", tmp_path / "trust", tmp_path / "known"
    put_back(data)
    keys = sorted((data / "keys" / "log").glob("*.vkey"))
    trust.write_text("".join(key.read_text("utf-8") for key in keys), "utf-8")
    with closing(open_log(f"sqlite:///{data}", "budgeting", epoch=1)) as log:
        [lost] = log.heads()
    known.write_bytes(lost.note)

    verdict = verdict_on(
        bundle_of(Files(tmp_path), tmp_path / "b.zip"), Outside(trust, [known], trust)
    )

    assert verdict.exit_code == TAMPERED
    assert ("known head", f"budgeting/main/{lost.size}") in [each[:2] for each in verdict.findings]


def test_a_clean_tail_is_incomplete_and_no_alarm(scene: Scene) -> None:
    score = Score()

    look_at_clean(scene, score, frozenset({INCOMPLETE}))

    assert score.complaints == []


def test_a_world_whose_services_die_and_race_does_not_alarm(tmp_path: Path) -> None:
    with capture_logs():
        live(8, tmp_path / "life")
    ledgers = ledgers_of(tmp_path / "life" / "disturbed", "{}.sqlite3")

    scene = a_scene(tmp_path / "scene", ledgers, tolerance_seconds=CLOCKS_LEAP_SECONDS)
    verdict = verdict_on(bundle_of(scene.stores, tmp_path / "clean.zip"), scene.outside)

    assert (verdict.exit_code, verdict.findings) == (VERIFIED, [])


def test_a_clock_that_leapt_is_named_and_no_alarm(tmp_path: Path) -> None:
    [play] = [each for each in PLAYS if each.name == "contended"][-1:]

    scene = a_scene(tmp_path / "scene", play.ledgers)
    verdict = verdict_on(bundle_of(scene.stores, tmp_path / "clean.zip"), scene.outside)

    assert verdict.exit_code == INCOMPLETE
    assert {finding.check for finding in verdict.findings} == {"causation"}
    assert all("the clocks differ, or one was set" in each.message for each in verdict.findings)


class TestWhatCounts:
    """The score itself must miss nothing."""

    deleted = Tampering[Stores]("ledger", "delete", "intake/main/7", lambda stores: None,
                        log="intake/main", position=7, head=9)  # fmt: skip

    def test_another_exit_code_is_a_miss(self) -> None:
        score = Score()

        score.note(self.deleted, Verdict(VERIFIED, [], ""))

        assert score.found == 0.0
        assert "exit code 0, not 1" in score.complaints[0]

    @pytest.mark.parametrize(
        ("check", "at", "is_right"),
        [
            ("leaf", "intake/main/7", True),
            ("position", "intake/main/8", True),
            ("root", "intake/main/5..9", True),
            ("known head", "intake/main/9", True),
            ("leaf", "intake/main/6", False),
            ("leaf", "eligibility/main/7", False),
            ("root", "intake/main/1..6", False),
            ("known head", "intake/main/6", False),
            ("known head", "intake/main/12", False),
            ("root", "intake/main/8..12", False),
            ("member", "logs/intake/main/events/000000000001.bin", False),
        ],
    )
    def test_a_finding_elsewhere_is_a_miss(self, check: str, at: str, is_right: bool) -> None:
        score = Score()

        score.note(self.deleted, Verdict(TAMPERED, [Finding(check, at, "")], ""))

        assert (score.complaints == []) is is_right

    @pytest.mark.parametrize(
        ("code", "check", "at", "message", "is_right"),
        [
            (TAMPERED, "leaf", "intake/main/7", "", True),
            (TAMPERED, "leaf", "intake/main/8", "", False),
            (TAMPERED, "time", "intake/main/7", "", False),
            (TAMPERED, "tile", "intake/main/9", "cannot be found: x.tile is missing", True),
            (UNUSABLE, "", "", "x.tile cannot be read", True),
            (UNUSABLE, "", "", "some file cannot be read", False),
        ],
    )
    def test_where_places_are_given_nothing_else_will_do(
        self, code: int, check: str, at: str, message: str, is_right: bool
    ) -> None:
        score, places = Score(), frozenset({("leaf", "intake/main/7"), ("tile", "x.tile")})
        flipped = replace(self.deleted, codes=frozenset({TAMPERED, UNUSABLE}), places=places)
        findings = [Finding(check, at, message)] if code == TAMPERED else []

        score.note(flipped, Verdict(code, findings, "" if findings else message))

        assert (score.complaints == []) is is_right

    def test_an_alarm_about_a_clean_history_is_one(self) -> None:
        score = Score()

        score.note_clean("seed 1", Verdict(TAMPERED, [], ""), frozenset({VERIFIED}))

        assert score.clean[TAMPERED] == len(score.complaints) == 1


def test_the_command_says_how_it_is_used() -> None:
    result = CliRunner().invoke(main, ["--help"])

    assert result.exit_code == 0
    assert "make tamper" in result.output
