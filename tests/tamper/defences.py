"""What stands in the way of tampered stores before any auditor comes.

Each defence looks at the log of one service as the operator's own programs do, and the witness as
its owner does. None of them knows what was done.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from grant_store.errors import StoreError
from grant_store.log.checking import check
from grant_store.log.checkpointer import Checkpointer
from grant_store.log.continuing import Exported
from grant_store.log.cosignature import NotVerified
from grant_store.log.export import export
from grant_store.log.known_heads import newest_known
from grant_store.log.log_keys import keys_of_log, public_keys, verifier_keys
from grant_store.log.proving import ProvingLog
from grant_store.log.store import LedgerView, LogStore
from grant_store.log.witness import Refused, Witness
from grant_store.opening import open_ledger_view, open_log
from grant_store.sqlite import utc_now
from grant_values.invalid import Invalid
from pruefpfad.continuity import continuity_of
from tamper.scene import LOG_NAME, Scene
from tamper.stores import Stores

CHECK, START, EXPORT, WITNESS, SIGN = "check", "start", "export", "witness", "sign"
A_DAY = timedelta(days=1)
OBJECTIONS = (StoreError, NotVerified, Refused, Invalid, ValueError)


@dataclass(frozen=True)
class Looking:
    """At the log of one service. `exported` is a copy of the write-once folder."""

    scene: Scene
    stores: Stores
    log: LogStore
    ledger: LedgerView
    exported: Path

    @property
    def newest_exported(self) -> Exported:
        keys_of = partial(public_keys, self.scene.public_keys)
        return partial(newest_known, self.exported, keys_of=keys_of)


def _check(look: Looking) -> None:
    """`pruefpfad log check --trust KEYS`."""
    trusted = verifier_keys(look.scene.outside.trust)
    with ExitStack() as opened:

        def log_of(epoch: int | None) -> LogStore:
            log = open_log(look.stores.url, look.log.service, look.log.lane, epoch)
            return opened.enter_context(closing(log))

        check(LOG_NAME, log_of, look.ledger, lambda origin: trusted)


def _start(look: Looking) -> None:
    """A service that starts looks whether its store goes on from its last known head."""
    scene, log = look.scene, look.log
    broken = continuity_of(
        look.stores.url, log.service, log.lane, LOG_NAME, look.exported, scene.public_keys
    )()
    if broken is not None:
        raise StoreError(broken.why)


def _export(look: Looking) -> None:
    """`pruefpfad log export`."""
    export(ProvingLog(look.log, look.ledger), look.exported, LOG_NAME)


def _witness(look: Looking) -> None:
    """`pruefpfad log push`: the last head is shown to the witness, or rather to a copy of it."""
    folder = look.exported.parent / "witness"
    shutil.copytree(look.scene.witness, folder)
    head = look.log.last_head()
    if head is None:
        raise Invalid("head", "expected one that the witness has seen, and there is none")
    old_size = min(look.scene.covered.get(look.log.service, 0), head.size)
    request = ProvingLog(look.log, look.ledger).request(head, old_size)
    Witness(folder).cosign(bytes(request), utc_now() + A_DAY)


def _sign(look: Looking) -> None:
    """A checkpointer that starts, and signs what is new."""
    keys_of = partial(keys_of_log, look.stores.keys)
    Checkpointer(LOG_NAME, look.log, look.ledger, keys_of, utc_now, look.newest_exported).sign_all()


DEFENCES: Mapping[str, Callable[[Looking], None]] = {
    CHECK: _check,
    START: _start,
    EXPORT: _export,
    WITNESS: _witness,
    SIGN: _sign,  # Last, because it writes.
}


def objections(scene: Scene, stores: Stores, services: Sequence[str]) -> dict[str, str]:
    """Which defences object to the stores of these services, and what they say."""
    found: dict[str, str] = {}
    for service in services:
        with _looking(scene, stores, service) as look:
            for name, defence in DEFENCES.items():
                try:
                    defence(look)
                except OBJECTIONS as objection:
                    found.setdefault(name, f"{service}: {objection}")
    return found


@contextmanager
def _looking(scene: Scene, stores: Stores, service: str) -> Iterator[Looking]:
    with (
        tempfile.TemporaryDirectory(dir=scene.folder) as folder,
        closing(open_log(stores.url, service)) as log,
        closing(open_ledger_view(stores.url, service)) as ledger,
    ):
        exported = Path(folder) / "exported"
        shutil.copytree(scene.exported, exported)
        yield Looking(scene, stores, log, ledger, exported)
