"""A checkpointer as a process that anchors its heads over the broker."""

from __future__ import annotations

import os
import signal
import time
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from grant_store.log.store import LedgerView
from grant_store.opening import open_ledger_view
from grant_values.shapes import Actor
from pruefpfad.keys import token_for
from support.distributed import DistributedSystem, OwnProcess

pytestmark = pytest.mark.servers


def test_it_anchors_its_head_and_goes_on_signing(
    postgres_database: str, rabbit_virtual_host: str, tmp_path: Path
) -> None:
    with (
        DistributedSystem(
            *(postgres_database, rabbit_virtual_host, tmp_path),
            services=["intake"],
            demonstration="test",
        ) as system,
        closing(open_ledger_view(system.database_url, "intake")) as ledger,
    ):
        token = token_for(
            system.key, Actor("S-1801", "operator"), date(2020, 1, 1), date(2099, 1, 1)
        )
        keys = tmp_path / "log-keys"
        keys.mkdir()
        settings = {
            "PRUEFPFAD_DATABASE_URL": system.database_url,
            "PRUEFPFAD_LOG_KEYS": str(keys),
            "PRUEFPFAD_CHECKPOINT_SECONDS": "1",
            "PRUEFPFAD_ANCHOR_AMQP_URL": rabbit_virtual_host,
            "PRUEFPFAD_ANCHOR_TOKEN": token,
        }
        process = OwnProcess(
            "checkpointer", "intake", {**os.environ, **settings}, tmp_path / "checkpointer.log"
        )
        process.start()
        try:
            wait_for_anchor(ledger, process)
        finally:
            process.signal(signal.SIGTERM)

        assert process.wait() == 0
        assert len(ledger.events_of("intake.HeadAnchored")) == 1
        assert token not in process.log


def wait_for_anchor(ledger: LedgerView, process: OwnProcess) -> None:
    deadline = time.monotonic() + 30
    while not ledger.events_of("intake.HeadAnchored"):
        assert time.monotonic() < deadline, process.tail
        time.sleep(0.1)
