"""A part of `make tamper` on PostgreSQL, where a superuser does what nobody else may."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from histories.recording import recorded_plays
from support.postgres import PostgresServer
from tamper import rolled_back
from tamper.__main__ import CLOCKS_LEAP_SECONDS
from tamper.contention import Contention
from tamper.databases import Databases
from tamper.files import Files
from tamper.scene import Scene, a_scene
from tamper.score import Score, look_at_clean, store_tamperings, try_in_stores, try_proofs
from tamper.stores import Stores
from tamper.verdicts import INCOMPLETE, VERIFIED

TRIED = 24
PUT_BACK = 5


@pytest.fixture(scope="module")
def scene(
    postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scene]:
    """A world in which services died and raced, with a last head that nobody has cosigned."""
    [play] = [each for each in recorded_plays() if each.name == "quiet"][-1:]
    folder = tmp_path_factory.mktemp("scene") / "quiet"
    stores = Databases(postgres_server, folder / "stores", "tamper").create()
    scene = a_scene(folder, play.ledgers, 4, "uncosigned", CLOCKS_LEAP_SECONDS, stores)
    yield scene
    for each in (stores, *scene.backups):
        each.discard()


def unheard(what: str) -> None:
    """Nobody waits for this."""


def test_what_a_superuser_does_to_ledgers_and_logs_is_found(scene: Scene) -> None:
    random, score = Random(5), Score()
    every = store_tamperings(scene, random, 1)

    try_in_stores(scene, score, random.sample(every, TRIED), unheard)

    assert score.complaints == []
    assert score.found == 1.0
    assert score.tried == TRIED


def test_a_backup_that_was_put_back_is_found(scene: Scene) -> None:
    score = Score()
    every = [each for each in rolled_back.tamperings(scene) if each.is_covered]

    try_in_stores(scene, score, Random(6).sample(every, PUT_BACK), unheard)

    assert score.complaints == []
    assert score.found == 1.0


def test_nobody_believes_a_forged_proof_of_what_stands_in_a_database(scene: Scene) -> None:
    score = Score()

    try_proofs(scene, score, Random(7), 1, unheard)

    assert score.complaints == []


def test_a_clean_database_with_a_tail_is_incomplete_and_no_alarm(scene: Scene) -> None:
    score = Score()

    look_at_clean(scene, score, frozenset({INCOMPLETE}))

    assert score.complaints == []


@pytest.mark.parametrize("kind", ["SQLite", "PostgreSQL"])
def test_writers_who_contend_and_a_database_that_breaks_down_do_not_alarm(
    kind: str, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    folder, score = tmp_path / "contention", Score()
    stores: Stores = Files(folder / "stores")
    if kind == "PostgreSQL":
        stores = Databases(postgres_server, folder / "stores", "contention").create()
    contention = Contention(folder, stores)

    for verdict in contention.run():
        score.note_clean("while it is written", verdict, frozenset({VERIFIED, INCOMPLETE}))
    look_at_clean(contention.scene, score, frozenset({VERIFIED}))

    assert score.complaints == []
    assert contention.met["VersionConflict"] > 0
    assert contention.met["HeadMoved"] > 0
    assert (contention.met["Unreachable"] > 0) == (kind == "PostgreSQL")
