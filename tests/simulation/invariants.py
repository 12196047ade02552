"""What must be true of every world, computed from the ledgers alone.

Each sum is made again from recorded events, not taken from the aggregates that recorded them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import msgspec

from grant_audit.exports import operations_list
from grant_audit.summary import summary
from grant_budgeting.award import Award
from grant_budgeting.domain import BudgetLine, Earmark
from grant_bus.parked import parked_events
from grant_contracts.answers import Answer
from grant_store.store import Store
from pruefpfad.assembly import SERVICES
from simulation.clerks import Answered, Broken, Command
from simulation.plans import Plan
from simulation.world import LANE, World, leaves_of
from support.authority import PROGRAMME

DECISIONS = ("GrantApproved", "GrantPartiallyApproved", "ApplicationRejected")
FINDINGS = ("FoundEligible", "FoundIneligible")
PENDING_CLAIMS = ("applications received", "eligible received")
LineKey = tuple[str, int]


@dataclass(frozen=True)
class Recorded:
    """One event of a ledger, read as plain values."""

    position: int
    kind: str
    originator_id: UUID
    case_id: str
    sender: str
    command_key: str
    data: dict[str, Any]


def check_world(world: World, plan: Plan, answered: Answered) -> None:
    """All that must hold once everything has settled. Raises `Broken` where it does not."""
    _need(not world.stopped, f"followers stopped: {world.stopped}")
    check_followers_are_at_the_heads(world)
    check_nothing_is_parked(world)
    ledgers = {name: events(world.rooms[name].store) for name in SERVICES}
    check_commands_have_one_outcome(world, answered, ledgers)
    check_each_ledger(world, ledgers)
    check_twins(plan, ledgers["eligibility"])
    check_money_is_conserved(world, ledgers)
    check_the_case_file_agrees(world)


def check_restored_world(world: World, plan: Plan) -> None:
    """Whoever had followed what is gone has stopped, and nobody has mixed two histories."""
    upstream, present = f"{plan.restores}/{LANE}", leaves_of(world, plan.restores)
    for (service, followed_upstream), followed in world.followed.items():
        if followed_upstream != upstream:
            continue
        says = world.stopped.get((service, upstream), "")
        if all(present.get(at) == leaf for at, leaf in followed.items()):
            # Old messages may still have shown it that there are two histories.
            _need("CannotApply" not in says, f"{service} stopped at {upstream}: {says}")
            continue
        old = all(world.lost.get(at) == leaf for at, leaf in followed.items())
        _need(old, f"{service} follows two histories of {upstream}")
        _need("UpstreamChanged" in says, f"{service} did not notice the other {upstream}: {says}")
    check_followers_are_at_the_heads(world)
    check_each_ledger(world, {name: events(world.rooms[name].store) for name in SERVICES})


def exports(world: World) -> dict[str, object]:
    """What the auditor gets. How many events it took is the only figure that order may change."""
    store = world.rooms["audit"].store
    figures = {name: figure for name, figure in summary(store).items() if name != "events"}
    return {"operations.csv": operations_list(store, date.max), **figures}


def check_nothing_is_parked(world: World) -> None:
    """Every policy is right whichever upstream comes first, so that no event has to wait."""
    for name, room in world.rooms.items():
        parked = parked_events(room.store)
        _need(not parked, f"{name} has parked {parked}")


def check_followers_are_at_the_heads(world: World) -> None:
    for name, room in world.rooms.items():
        for follower in room.followers:
            upstream = follower.upstream.partition("/")[0]
            if (name, follower.upstream) in world.stopped:
                continue
            head, tracked = (
                world.rooms[upstream].store.head(),
                room.store.tracked(follower.upstream),
            )
            is_there = (tracked.position, tracked.leaf_hash) == tuple(head)
            _need(is_there, f"{name} has {upstream} to {tracked.position} of {head.position}")


def check_commands_have_one_outcome(
    world: World, answered: Answered, ledgers: dict[str, list[Recorded]]
) -> None:
    """Each answered key has the outcome that was told, and stands on no other event."""
    by_key: dict[tuple[str, str, str], list[Recorded]] = defaultdict(list)
    for service, ledger in ledgers.items():
        for event in ledger:
            if event.command_key:
                by_key[service, event.sender, event.command_key].append(event)
    for (sender, key), (command, answer) in answered.commands.items():
        own = by_key.pop((command.service, sender, key), [])
        _check_outcome(world, command, answer, own)
    _need(not by_key, f"events of commands that nobody has an answer to: {list(by_key)}")


def _check_outcome(world: World, command: Command, answer: Answer, own: list[Recorded]) -> None:
    stored = world.rooms[command.service].store.outcome(command.actor.id, command.key)
    if answer.kind == "invalid":
        _need(stored is None and not own, f"{command.key} was invalid and is recorded")
        return
    if stored is None:
        raise Broken(f"{command.key} was {answer.kind} and is not recorded")
    _need(stored.kind == answer.kind, f"{command.key}: {stored.kind} is not {answer.kind}")
    _need(stored.reason == answer.reason, f"{command.key}: {stored.reason} is not {answer.reason}")
    positions = [event.position for event in own]
    _need(positions == list(stored.positions), f"{command.key} stands at {positions}, {stored}")


def check_each_ledger(world: World, ledgers: dict[str, list[Recorded]]) -> None:
    """What one ledger alone must say, at each of its positions."""
    for name in SERVICES:
        rows = world.rooms[name].store.events_after(0, 1_000_000)
        _need([row.position for row in rows] == list(range(1, len(rows) + 1)), f"{name} has holes")
        instants = [row.recorded_at for row in rows]
        _need(instants == sorted(instants), f"{name} has recorded backwards in time")
    check_ceilings(ledgers["budgeting"])
    _need_once(ledgers["budgeting"], DECISIONS, "case_id")
    _need_once(ledgers["eligibility"], FINDINGS, "case_id")
    _need_once(ledgers["eligibility"], ("FingerprintTaken",), "originator_id")
    check_payments(ledgers["disbursement"])


def check_ceilings(budgeting: Sequence[Recorded]) -> None:
    """At no position is more promised than the ceiling of that moment, or less than nothing."""
    ceilings: dict[UUID, int] = {}
    earmarked: Counter[UUID] = Counter()
    committed: Counter[UUID] = Counter()
    for event in budgeting:
        line, cents = event.originator_id, int(event.data.get("amount_cents", 0))
        match event.kind:
            case "BudgetLineOpened" | "CeilingChanged":
                ceilings[line] = event.data["ceiling_cents"]
            case "FundsEarmarked":
                earmarked[line] += cents
            case "EarmarkReleased":
                earmarked[line] -= cents
            case "FundsCommitted":
                earmarked[line] -= cents
                committed[line] += cents
            case _:
                continue
        _need(earmarked[line] >= 0, f"budgeting/{event.position} promises less than nothing")
        promised = earmarked[line] + committed[line]
        _need(promised <= ceilings[line], f"budgeting/{event.position} exceeds the ceiling")


def check_payments(disbursement: Sequence[Recorded]) -> None:
    """Never is more ordered or paid on a tranche than was granted, and nothing is sent twice."""
    granted: Counter[tuple[UUID, LineKey]] = Counter()
    ordered: Counter[tuple[UUID, LineKey]] = Counter()
    paid: Counter[tuple[UUID, LineKey]] = Counter()
    for event in disbursement:
        for (fund, year), cents in _tranches(event):
            key = event.originator_id, (fund, year)
            match event.kind:
                case "GrantAccountOpened":
                    granted[key] += cents
                case "PaymentOrdered":
                    ordered[key] += cents
                case "PaymentExecuted":
                    paid[key] += cents
                case "PaymentReturned" if event.data["was_executed"]:
                    paid[key] -= cents
            _need(ordered[key] <= granted[key], f"disbursement/{event.position} orders too much")
            _need(0 <= paid[key] <= ordered[key], f"disbursement/{event.position} pays too much")
    sent = [event for event in disbursement if event.kind == "PaymentTransmitted"]
    _need_once(sent, ("PaymentTransmitted",), "end_to_end_id")


def check_twins(plan: Plan, eligibility: Sequence[Recorded]) -> None:
    """Of applications for one operation one is the first, and the rules refer all others."""
    for twins in plan.twins:
        opened = {
            event.data["reference"]: event.originator_id
            for event in eligibility
            if event.kind == "AssessmentOpened"
        }
        referred = {
            event.originator_id
            for event in eligibility
            if event.kind == "CaseReferred" and "not_funded_before" in event.data["rules"]
        }
        first = [reference for reference in twins if opened[reference] not in referred]
        _need(len(first) == 1, f"of {twins} these are the first: {first}")


def check_money_is_conserved(world: World, ledgers: dict[str, list[Recorded]]) -> None:
    """The totals of each line are the sums over the cases, and agree with what the bank did."""
    earmarked, committed = _promises(world, ledgers["budgeting"])
    spent = _executed_less_returned(ledgers["disbursement"])
    for event in ledgers["budgeting"]:
        if event.kind != "BudgetLineOpened":
            continue
        line = world.aggregate("budgeting", event.originator_id)
        key = line.fund, line.year
        totals = line.earmarked_cents, line.committed_cents, line.spent_cents
        cases = earmarked[key], committed[key], spent[key]
        _need(totals == cases, f"{key}: the line has {totals}, its cases have {cases}")
        _need(line.spent_cents <= line.committed_cents, f"{key}: more spent than committed")


def _promises(
    world: World, budgeting: Sequence[Recorded]
) -> tuple[Counter[LineKey], Counter[LineKey]]:
    earmarked: Counter[LineKey] = Counter()
    committed: Counter[LineKey] = Counter()
    for event in budgeting:
        if event.kind != "ProceedingsOpened":
            continue
        award: Award = world.aggregate("budgeting", event.originator_id)
        if _has_earmarks(world, award):
            for tranche in award.promised_tranches:
                earmarked[tranche.fund, tranche.year] += tranche.amount_cents
        if award.final and award.terms:
            for tranche in award.terms.tranches:
                committed[tranche.fund, tranche.year] += tranche.amount_cents
    return earmarked, committed


def _has_earmarks(world: World, award: Award) -> bool:
    found = award.finding.tranches if award.finding else ()
    lines = [BudgetLine.create_id(PROGRAMME, each.fund, each.year) for each in found]
    return bool(lines) and all(
        world.aggregate("budgeting", Earmark.create_id(line, award.id)) for line in lines
    )


def _executed_less_returned(disbursement: Sequence[Recorded]) -> Counter[LineKey]:
    spent: Counter[LineKey] = Counter()
    for event in disbursement:
        for key, cents in _tranches(event):
            if event.kind == "PaymentExecuted":
                spent[key] += cents
            elif event.kind == "PaymentReturned" and event.data["was_executed"]:
                spent[key] -= cents
    return spent


def check_the_case_file_agrees(world: World) -> None:
    """The auditor's own proofs hold, except that cases may still be pending."""
    for proof in summary(world.rooms["audit"].store)["reconciliation"]:
        may_wait = proof["claim"].startswith(PENDING_CLAIMS) and proof["left"] > proof["right"]
        _need(proof["holds"] or may_wait, f"{proof}")


def events(store: Store) -> list[Recorded]:
    """A whole ledger as plain values."""
    return list(_read(store))


def _read(store: Store) -> Iterator[Recorded]:
    for row in store.events_after(0, 1_000_000):
        metadata = msgspec.json.decode(row.metadata)
        yield Recorded(
            position=row.position,
            kind=row.topic.partition(".")[2],
            originator_id=row.originator_id,
            case_id=metadata.get("caseid", ""),
            sender=metadata["actorid"],
            command_key=metadata.get("commandkey", ""),
            data=msgspec.json.decode(row.state),
        )


def _tranches(event: Recorded) -> Iterator[tuple[LineKey, int]]:
    for tranche in event.data.get("tranches", ()):
        yield (tranche["fund"], tranche["year"]), tranche["amount_cents"]


def _need_once(ledger: Sequence[Recorded], kinds: Sequence[str], name: str) -> None:
    """Of these kinds of event there is at most one for each value of a field."""
    values = Counter(
        getattr(event, name, None) or event.data[name] for event in ledger if event.kind in kinds
    )
    twice = [value for value, count in values.items() if count > 1]
    _need(not twice, f"{' or '.join(kinds)} stands twice for {twice}")


def _need(holds: bool, broken: str) -> None:
    if not holds:
        raise Broken(broken)
