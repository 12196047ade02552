"""A service as a process whose ledger does not lead to the last head of its log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from grant_contracts.commands import command_message
from grant_store.log.checkpoint import Checkpoint
from grant_store.log.log_keys import keys_of_log, signed_note
from grant_store.log.store import SignedHead
from grant_store.opening import open_log
from grant_values.shapes import Actor
from pruefpfad.keys import token_for
from pruefpfad.scripted import script, story
from pruefpfad.scripted.script import Cast
from pruefpfad.sources.definitions import checked
from support.distributed import DistributedSystem

pytestmark = pytest.mark.servers

ORIGIN = "pruefpfad.local/intake/main"
ROOT = b"r" * 32
PROGRAMME = Path(__file__).resolve().parents[2] / "examples/zusammen-im-quartier/programme.toml"


@pytest.fixture
def system(
    postgres_database: str, rabbit_virtual_host: str, tmp_path: Path
) -> Iterator[DistributedSystem]:
    with DistributedSystem(
        *(postgres_database, rabbit_virtual_host, tmp_path),
        services=["intake"],
        demonstration="test",
    ) as started:
        yield started


def sign_what_is_lost(system: DistributedSystem, keys: Path) -> None:
    """A head of a hundred events, as if the ledger had had them before it was restored."""
    now = datetime.now(UTC)
    note = signed_note(Checkpoint(ORIGIN, 100, ROOT), keys_of_log(keys, ORIGIN), now)
    with closing(open_log(system.database_url, "intake")) as log:
        log.add_head(SignedHead(100, ROOT, note, now), [])


def register(system: DistributedSystem, key: str) -> Any:
    cast = Cast(system.key, *story.MANDATES)
    payload = {"definition": checked(PROGRAMME)}
    return system.client.command(
        cast.message(script.MANAGING_AUTHORITY, "intake.register_programme", key, payload)
    )


def test_it_takes_nothing_but_the_incident_and_then_goes_on(
    system: DistributedSystem, tmp_path: Path
) -> None:
    sign_what_is_lost(system, tmp_path)
    service = system.services["intake"]
    system.kill(service)
    service.start()
    system.wait_for_service("intake")

    refused = register(system, "1")

    assert (refused["kind"], refused["code"]) == ("not_yet", "history_broken")
    assert "the ledger does not lead to its last head" in service.log

    first, second = (
        token_for(system.key, Actor(name, "operator"), date(2020, 1, 1), date.max)
        for name in ("S-1801", "S-1802")
    )
    incident = command_message(
        *("intake.record_incident", "2", first),
        {"known_size": 100, "known_root": ROOT.hex(), "reason": "restored from a backup"},
        second_actor_token=second,
    )
    assert system.client.command(incident)["kind"] == "recorded"
    assert register(system, "1")["kind"] == "recorded"
