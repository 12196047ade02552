"""What must be true of every world at rest, each invariant under the name by which it breaks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from grant_audit.exports import operations_list
from grant_audit.queries import runs
from grant_audit.summary import summary
from grant_disbursement.run_file import recorded_file
from simulation import decisions, feeds, money, outcomes, payouts
from simulation.clerks import Answered, Broken
from simulation.ledgers import Evidence, evidence
from simulation.plans import Plan
from simulation.world import World

Invariant = Callable[[Evidence], None]

OF_EACH_LEDGER: Mapping[str, Invariant] = {
    "positions without a hole, instants in order": feeds.positions_and_instants_are_in_order,
    "ceilings": money.nothing_is_promised_beyond_a_ceiling,
    "all tranches of a case or none": money.all_tranches_are_promised_or_none,
    "one decision per question": decisions.there_is_one_decision_per_question,
    "four eyes": decisions.nobody_does_two_persons_work,
    "no program decides": decisions.no_program_decides,
    "paid <= ordered <= granted": payouts.nothing_is_paid_that_was_not_granted,
    "nothing is sent twice": payouts.nothing_is_sent_twice,
    "nothing is booked twice": payouts.nothing_is_booked_twice,
}
INVARIANTS: Mapping[str, Invariant] = {
    "nobody stops": feeds.nobody_has_stopped,
    "followers at the heads": feeds.followers_are_at_the_heads,
    "nothing is parked": feeds.nothing_is_parked,
    "a case's events in order": feeds.events_of_a_case_are_followed_in_order,
    "every event is told": feeds.every_event_was_told_in_order,
    "one outcome per key": outcomes.commands_have_one_outcome,
    **OF_EACH_LEDGER,
    "twins": decisions.of_twins_one_is_the_first,
    "withdrawn cases": decisions.nothing_is_decided_on_what_was_withdrawn,
    "finality before debts": decisions.only_final_awards_become_debts,
    "paid <= approved": payouts.nothing_is_paid_that_was_not_approved,
    "what awaits a run": payouts.what_awaits_a_run_is_what_may_be_paid,
    "conservation of money": money.lines_hold_what_their_cases_hold,
    "proofs of the case file": outcomes.the_proofs_of_the_case_file_hold,
    "the case file is the fold of the feeds": outcomes.the_case_file_is_the_fold_of_the_feeds,
    "every decision comes out again": decisions.every_decision_comes_out_again,
    "served = rebuilt": outcomes.what_is_served_is_what_the_events_lead_to,
}


def check_world(world: World, plan: Plan, answered: Answered) -> None:
    """Raises `Broken` at the first invariant that does not hold."""
    _check(INVARIANTS, evidence(world, plan, answered))


def check_restored_world(world: World, plan: Plan, answered: Answered) -> None:
    """What holds where an upstream came back from a backup, and its followers have stopped."""
    restored = {
        "a restored upstream is noticed": feeds.a_restored_upstream_is_noticed,
        "followers at the heads": feeds.followers_are_at_the_heads,
    }
    _check({**restored, **OF_EACH_LEDGER}, evidence(world, plan, answered))


def exports(world: World) -> dict[str, object]:
    """What the auditor and the bank get. Only the number of events is for order to change."""
    with world.reading("audit") as store:
        figures = {name: figure for name, figure in summary(store).items() if name != "events"}
        operations = operations_list(store, date.max)
    return {"operations.csv": operations, **figures, "payment files": _payment_files(world)}


def _payment_files(world: World) -> dict[str, bytes]:
    """The bytes of each file that went to the bank, made again from the ledger."""
    with world.reading("audit") as store:
        names = [run["run"] for run in runs(store)]
    with world.reading("disbursement") as store:
        return {name: recorded_file(store, world.vault, name) for name in names}


def _check(invariants: Mapping[str, Invariant], found: Evidence) -> None:
    for name, holds in invariants.items():
        try:
            holds(found)
        except Broken as broken:
            raise Broken(f"{name}: {broken}") from broken
