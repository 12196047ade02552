"""What the operator's own commands say of stores that were tampered with, on either database."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner, Result

from histories.recording import recorded_plays
from pruefpfad.cli.root import main
from support.postgres import PostgresServer
from tamper.changes import rewrite
from tamper.databases import Databases
from tamper.efforts import EFFORTS, ROW_AND_LEAVES, STOLEN_KEYS
from tamper.files import Files
from tamper.scene import LOG_NAME, Scene, a_scene
from tamper.stores import Part, Stores

SERVICE, POSITION = "budgeting", 7


@pytest.fixture(scope="module", params=["SQLite", "PostgreSQL"])
def scene(
    request: pytest.FixtureRequest,
    postgres_server: PostgresServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Scene]:
    [play] = [each for each in recorded_plays() if each.name == "story"][-1:]
    folder = tmp_path_factory.mktemp("commands") / "story"
    stores: Stores = Files(folder / "stores")
    if request.param == "PostgreSQL":
        stores = Databases(postgres_server, folder / "stores", "commands").create()
    scene = a_scene(folder, play.ledgers, stores=stores)
    yield scene
    for each in (stores, *scene.backups):
        each.discard()


@pytest.fixture
def stores(scene: Scene) -> Iterator[Stores]:
    copy = scene.stores.copy("changed")
    yield copy
    copy.discard()


def log(stores: Stores, command: str, *words: str | Path) -> Result:
    where = ["--log-name", LOG_NAME]
    if isinstance(stores, Files):
        return CliRunner().invoke(
            main, ["--data", str(stores.data), "log", command, *where, *map(str, words)]
        )
    where += ["--database-url", stores.url]
    return CliRunner().invoke(main, ["log", command, *where, *map(str, words)])


def changed(stores: Stores, effort: str) -> None:
    rows = stores.rows(SERVICE)
    rewrite(rows, POSITION, Random(0))
    stores.write_rows(SERVICE, rows)
    EFFORTS[effort](stores, SERVICE)


def known(scene: Scene) -> list[str | Path]:
    return ["--heads", scene.exported, "--public-keys", scene.public_keys]


def test_nobody_has_touched_the_stores(scene: Scene, stores: Stores) -> None:
    assert log(stores, "check", "--trust", scene.outside.trust).exit_code == 0
    assert log(stores, "continues", *known(scene)).exit_code == 0
    assert log(stores, "export", "--to", scene.exported).exit_code == 0


def test_a_changed_event_is_named_by_the_check_of_logs(scene: Scene, stores: Stores) -> None:
    changed(stores, "row")

    checked = log(stores, "check", "--trust", scene.outside.trust)

    assert checked.exit_code == 3
    place = f"{SERVICE}/main, position {POSITION}: the stored leaf hash is not that of the row"
    assert place in " ".join(checked.output.split())


def test_a_changed_event_with_its_leaf_is_found_by_the_next_head(
    scene: Scene, stores: Stores
) -> None:
    changed(stores, ROW_AND_LEAVES)
    head = scene.head_above(SERVICE, POSITION)

    checked = log(stores, "check", "--trust", scene.outside.trust)

    assert checked.exit_code == 3
    assert f"{SERVICE}/main, position {head}: a head of {head} events" in " ".join(
        checked.output.split()
    )


def test_a_log_that_was_signed_anew_is_refused_by_all_who_know_its_heads(
    scene: Scene, stores: Stores, tmp_path: Path
) -> None:
    changed(stores, STOLEN_KEYS)
    exported = shutil.copytree(scene.exported, tmp_path / "exported")

    answers = {
        "check": log(stores, "check", "--trust", scene.outside.trust),
        "continues": log(stores, "continues", *known(scene)),
        "checkpoint": log(stores, "checkpoint", "--keys", stores.keys, "--heads", exported),
    }

    assert {name: answer.exit_code for name, answer in answers.items()} == dict.fromkeys(answers, 3)
    assert log(stores, "export", "--to", exported).exit_code != 0


def test_a_service_whose_backup_was_put_back_is_refused(scene: Scene, stores: Stores) -> None:
    stores.put_back(scene.backups[0].name, SERVICE, Part.BOTH)

    continues = log(stores, "continues", *known(scene))
    signed = log(stores, "checkpoint", "--keys", stores.keys, "--heads", scene.exported)

    assert (continues.exit_code, signed.exit_code) == (3, 3)
    assert SERVICE in continues.output
    assert "the ledger is shorter" in " ".join(signed.output.split())
