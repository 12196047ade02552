"""What must be true of answers, and of the case file beside the ledgers it was made from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from grant_audit.pages import ALL_KINDS
from grant_audit.summary import summary
from grant_bus.actors import TokenCheck
from grant_contracts.answers import Answer
from grant_store.sqlite import SQLiteStore
from pruefpfad.assembly import SERVICES
from pruefpfad.rebuilt.check import check
from simulation.clerks import Broken, Command
from simulation.ledgers import Evidence, Recorded, need
from simulation.rooms import LANE, as_sent
from simulation.world import World
from support.authority import KEY, NOW

PENDING_CLAIMS = ("applications received", "eligible received")


def commands_have_one_outcome(found: Evidence) -> None:
    """Each answered key has the outcome that was told, and stands on no other event."""
    by_key: dict[tuple[str, str, str], list[Recorded]] = defaultdict(list)
    for service, ledger in found.ledgers.items():
        for event in ledger:
            if event.command_key:
                by_key[service, event.sender, event.command_key].append(event)
    for (sender, key), (command, answer) in found.answered.commands.items():
        own = by_key.pop((command.service, sender, key), [])
        _check_outcome(found.world, command, answer, own)
    need(not by_key, f"events of commands that nobody has an answer to: {list(by_key)}")


def _check_outcome(world: World, command: Command, answer: Answer, own: list[Recorded]) -> None:
    stored = world.rooms[command.service].store.outcome(command.actor.id, command.key)
    if answer.kind == "invalid":
        need(stored is None and not own, f"{command.key} was invalid and is recorded")
        return
    if stored is None:
        raise Broken(f"{command.key} was {answer.kind} and is not recorded")
    need(stored.kind == answer.kind, f"{command.key}: {stored.kind} is not {answer.kind}")
    need(stored.reason == answer.reason, f"{command.key}: {stored.reason} is not {answer.reason}")
    positions = [event.position for event in own]
    need(positions == list(stored.positions), f"{command.key} stands at {positions}, {stored}")


def the_proofs_of_the_case_file_hold(found: Evidence) -> None:
    """The auditor's own proofs hold, except that cases may still be pending."""
    for proof in summary(found.world.rooms["audit"].store)["reconciliation"]:
        may_wait = proof["claim"].startswith(PENDING_CLAIMS) and proof["left"] > proof["right"]
        need(proof["holds"] or may_wait, f"{proof}")


def the_case_file_is_the_fold_of_the_feeds(found: Evidence) -> None:
    """A case file made anew from the ledgers is the one that was kept through all that happened."""
    kept = found.world.rooms["audit"].store
    with _an_empty_store() as fresh:
        writer = SERVICES["audit"].writer(fresh, TokenCheck(KEY, lambda: NOW), lambda: NOW)
        for upstream in SERVICES["audit"].policies.upstreams:
            origin = f"{upstream}/{LANE}"
            if rows := found.world.ledger(upstream):
                writer.follow(origin, as_sent(origin, rows))
        for kind in ALL_KINDS:
            need(kept.documents(kind) == fresh.documents(kind), f"the {kind} pages differ")


def what_is_served_is_what_the_events_lead_to(found: Evidence) -> None:
    """`pruefpfad replay check`, at the heads and half way to them, has nothing to complain of."""
    half_way = {name: {len(rows) // 2} for name, rows in found.ledgers.items() if len(rows) > 1}
    with ExitStack() as opened:
        stores = {name: opened.enter_context(found.world.reading(name)) for name in SERVICES}
        outcome = check(stores, stops=half_way)
    need(outcome.is_equal, f"rebuilt, this differs: {[each.named for each in outcome.reports]}")


@contextmanager
def _an_empty_store() -> Iterator[SQLiteStore]:
    store = SQLiteStore(Path(":memory:"), SERVICES["audit"].name)
    store.migrate()
    try:
        yield store
    finally:
        store.close()
