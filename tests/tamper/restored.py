"""Tampering where an incident is on record: it explains what was lost, and must hide nothing else.

The operator's disbursement was put back to a backup; its log began anew. The auditor holds the last
heads of today, and those of the log before that are not lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random

from bundle.operator import LOG_NAME, Operator
from bundle.restored import KEPT, LOST, SERVICE, a_restored_operator, go_on, heads_of, noted
from grant_audit.bundle.scope import Scope
from grant_audit.bundle.writer import Extras, write_bundle
from grant_store.log.checkpoint import Checkpoint
from grant_store.log.log_keys import keys_of_log, signed_note
from grant_store.log.store import SignedHead
from tamper import in_bundles
from tamper.efforts import root_of
from tamper.in_bundles import LESS_PROVEN
from tamper.members import Members, listed
from tamper.scene import Outside
from tamper.score import Score, Told, try_in_bundle
from tamper.tampering import FOUND, Place, Tampering
from tamper.verdicts import INCOMPLETE, members_of, verdict_on, write_members

LEVEL = "incident"
INCIDENT: Place = ("incident", f"{SERVICE}/main/{KEPT + 1}")
ENDED = f"logs/{SERVICE}/main/epochs/1/"


@dataclass(frozen=True)
class RestoredScene:
    """A bundle of the restored installation, and what an auditor has to hold against it."""

    folder: Path
    outside: Outside

    def outside_with(self, heads: str) -> Outside:
        """As of `Scene`; "lost" are all, and one of what was lost."""
        known = [path for path in self.outside.known if heads == "lost" or "lost" not in path.name]
        if heads == "none":
            known = []
        elif heads.startswith("not "):
            known = [path for path in known if not path.name.startswith(heads[4:])]
        return replace(self.outside, known=known)


def try_restored(folder: Path, score: Score, random: Random, samples: int, told: Told) -> None:
    """The clean bundle raises no alarm; then everything is tried on it, and all that an operator
    could have recorded or signed otherwise."""
    scene, bundle = _built(folder / "clean", go_on)
    clean = verdict_on(bundle, scene.outside_with("all"))
    score.note_clean("restored, with an incident", clean, frozenset({INCOMPLETE}))
    for tamperings in (in_bundles.tamperings(bundle, random, samples), _of_bundle()):
        try_in_bundle(scene, score, tamperings, bundle, told)
    for number, (tampering, act) in enumerate(_of_operator()):
        told(tampering.kind)
        scene, bundle = _built(folder / str(number), act)
        score.note(tampering, verdict_on(bundle, scene.outside_with(tampering.heads)))


def _built(folder: Path, act: Callable[[Operator], None]) -> tuple[RestoredScene, Path]:
    folder.mkdir(parents=True)
    with a_restored_operator(folder) as operator:
        act(operator)
        known = operator.known()
        for path in heads_of(operator, 1, folder):
            size = int(path.stem.removeprefix("1-"))
            if size <= KEPT or size == LOST:
                name = f"{SERVICE}.{size}.{'kept' if size <= KEPT else 'lost'}.note"
                known.append(path.rename(folder / name))
        extras = Extras(LOG_NAME, operator.public_keys(), {"a.json": "{}"})
        write_bundle(folder / "b.zip", operator.sources, Scope(), extras)
        outside = Outside(operator.trust(), known, folder)
    return RestoredScene(folder, outside), folder / "b.zip"


def _of_bundle() -> Iterator[Tampering[Path]]:
    """What is left of the log before the incident is taken out of the bundle."""
    everything = partial(_drop, ENDED)
    heads = partial(_drop, f"{ENDED}checkpoints/")
    lost: Place = ("known head", f"{SERVICE}/main/{LOST}")
    tile: Place = ("tile", f"{ENDED}tile/*")
    of = partial(Tampering, LEVEL)
    yield of("drop the log before it", "its heads not lost brought", everything, LESS_PROVEN,
             places=frozenset({INCIDENT}))  # fmt: skip
    yield of("drop the log before it", "a lost head brought", everything,
             places=frozenset({lost}), heads="lost")  # fmt: skip
    yield of("drop the heads before it", "not its tiles", heads, places=frozenset({tile}))


def _drop(folder: str, bundle: Path) -> None:
    members: Members = members_of(bundle)
    kept = {name: content for name, content in members.items() if not name.startswith(folder)}
    write_members(bundle, listed(kept))


def _of_operator() -> Iterator[tuple[Tampering[Path], Callable[[Operator], None]]]:
    """What the operator, who has the log's keys, records or signs otherwise than it was."""
    said: Mapping[str, Mapping[str, object]] = {
        "name an earlier head as the last one": {"known_size": 350},
        "name another root": {"known_root": "ab" * 32},
        "name another event than was found": {"found_leaf": "ab" * 32},
        "name another log": {"known_origin": f"{LOG_NAME}/intake/main"},
    }
    for kind, lie in said.items():
        yield _tampering(kind, INCIDENT), partial(go_on, **lie)
    over: Place = ("incident", f"{SERVICE}/main*")
    yield _tampering("begin anew without an incident", over), _begin_anew
    yield _tampering("go on under the old name", over), _go_on_as_before
    yield _tampering("sign one more head of the log before", INCIDENT), _sign_longer
    again: Place = ("root", f"{SERVICE}/main/1..{KEPT + 30}")
    yield _tampering("put back again, and say nothing", again), _put_back_again


def _tampering(kind: str, place: Place) -> Tampering[Path]:
    act: Callable[[Path], None] = lambda bundle: None  # noqa: E731 - it was done before.
    return Tampering(LEVEL, kind, f"{SERVICE}/main", act, FOUND, places=frozenset({place}))


def _begin_anew(operator: Operator) -> None:
    operator.begin_epoch(SERVICE, 2)
    noted(operator, 30)
    operator.sign_all()


def _go_on_as_before(operator: Operator) -> None:
    """The next head is beyond those of what was lost."""
    origin = operator.origin(SERVICE)
    operator.record_incident(SERVICE)
    noted(operator, LOST)
    ledger = operator.source(SERVICE).ledger
    leaves = ledger.leaves(0, ledger.head().position)
    _sign(operator, Checkpoint(origin, len(leaves), root_of(leaves)))
    operator.begin_epoch(SERVICE, 1)


def _sign_longer(operator: Operator) -> None:
    origin = operator.origin(SERVICE)
    operator.record_incident(SERVICE, known_size=LOST)
    _sign(operator, Checkpoint(origin, LOST + 10, bytes(range(32))))
    noted(operator, 29)
    operator.sign_all()


def _sign(operator: Operator, head: Checkpoint) -> None:
    """One more head of the log before the incident."""
    at, keys = datetime.now(UTC), keys_of_log(operator.folder / "keys", head.origin)
    signed = SignedHead(head.size, head.root, signed_note(head, keys, at), at)
    operator.source(SERVICE).log.add_head(signed, [])


def _put_back_again(operator: Operator) -> None:
    go_on(operator)
    operator.put_back(SERVICE, operator.folder / "backup.sqlite3")
    operator.record_incident(SERVICE, epoch=2)
    operator.begin_epoch(SERVICE, 2)
