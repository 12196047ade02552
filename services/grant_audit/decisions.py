"""What the service that decided had heard of a case when it decided, and what it had not.

What a service hears stands in its own ledger (decision 0006): each entry there names the upstream
event because of which it was made. That tells, for most events, whether they had been heard; where
no entry tells, it is said that none does. It reads events and knows no store.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from uuid import UUID

from grant_audit.effective_axis import with_days
from grant_audit.pages import SECTIONS
from grant_audit.rebuilding import Known
from grant_contracts import budgeting, disbursement, eligibility, intake
from grant_contracts.envelope import CloudEvent

Place = tuple[str, int]
"""Service and position: where an event stands."""
Wants = Callable[[str, CloudEvent], bool]
"""Whether a service follows events of this kind at all."""

SYSTEM = "system"
"""The role of a service that follows what others recorded."""

_DECIDES = (
    *(intake.CompletenessChecked, intake.ApplicationWithdrawn),
    *(intake.KeyDestroyed, intake.RestoredKeyDestroyed),
    *(intake.ItemDeclaredNotApplicable, intake.ItemDeclaredApplicable),
    *(eligibility.FindingProposed, eligibility.FoundEligible, eligibility.FoundIneligible),
    *(budgeting.GrantApproved, budgeting.GrantPartiallyApproved),
    *(budgeting.ApplicationRejected, budgeting.ApprovalRefused),
    *(budgeting.DecisionNotified, budgeting.RemedyWaived, budgeting.DecisionBecameFinal),
    *(budgeting.LegalHoldSet, budgeting.LegalHoldLifted),
    *(budgeting.ErasureDecided, budgeting.ErasureRefused),
    *(budgeting.DisposalProposed, budgeting.DisposalRefused, budgeting.CaseDisposed),
    *(disbursement.FactualCorrectnessCertified, disbursement.ArithmeticCorrectnessCertified),
    *(disbursement.CertificationRefused, disbursement.PaymentOrdered),
    *(disbursement.PaymentOrderRefused, disbursement.PaymentTransmitted),
)
DECIDES = frozenset(fact.TOPIC for fact in _DECIDES) | {
    f"{service}.ParkedEventDiscarded" for service in SECTIONS
}
"""What a person decides on a case, refusals too. What only notes or books is not among them."""

DECIDES_FOR_A_PERSON = frozenset(
    fact.TOPIC
    for fact in (budgeting.FundsEarmarked, budgeting.EarmarkRefused, budgeting.RetentionTermSet)
)
"""What a person decides where they gave the command; otherwise it follows by rule from a fact."""


@dataclass(frozen=True)
class Heard:
    """Which upstream events have led to entries of a service, by its own ledger.

    `entry_of` says for an upstream event where its first entry stands; `before` and `after` say for
    each upstream the last position that an entry before the decision names, and the next that one
    after it does. `passed` are events that are parked or were discarded: they were never applied.
    """

    entry_of: Mapping[Place, int] = field(default_factory=dict)
    before: Mapping[str, int] = field(default_factory=dict)
    after: Mapping[str, int] = field(default_factory=dict)
    passed: Collection[Place] = ()


@dataclass(frozen=True)
class KnownThen:
    """A case as it stood for whoever decided, each list in the order of the instants.

    `known`: recorded by the service itself before, or heard. `not_yet`: recorded elsewhere, and had
    not reached it. `untold`: no entry tells which. `not_followed`: it does not follow such facts.
    `late`: counts from before the day of the decision, and was recorded nowhere until later.
    `reached` says for an event where the entry stands that the service has made of it.
    """

    decision: Place
    effective: date
    known: list[Place]
    not_yet: list[Place]
    untold: list[Place]
    not_followed: list[Place]
    late: list[Place]
    reached: Mapping[Place, int]


def decisions(events: Mapping[str, list[Known]]) -> list[CloudEvent]:
    """The decisions on a case in the order in which they were recorded: the first is number 1. One
    command that speaks of several budget lines is one decision."""
    found: dict[tuple[str, ...], CloudEvent] = {}
    for event in (event for each in events.values() for event, _ in each if is_decision(event)):
        found.setdefault((event.topic, event.causationid, event.actorid), event)
    return sorted(found.values(), key=_by_instant)


def is_decision(event: CloudEvent) -> bool:
    """Whether a person has decided this on a case."""
    if event.topic in DECIDES_FOR_A_PERSON:
        return event.actorrole != SYSTEM
    return event.topic in DECIDES


def heard_by(entries: Iterable[CloudEvent], position: int, passed: Collection[Place]) -> Heard:
    """What the entries of a service's whole ledger say, seen from a position in it."""
    entry_of: dict[Place, int] = {}
    before: dict[str, int] = {}
    later: list[Place] = []
    for entry in entries:
        cause = cause_of(entry)
        if cause is None:
            continue
        entry_of.setdefault(cause, entry.at)
        if entry.at < position:
            before[cause[0]] = max(before.get(cause[0], 0), cause[1])
        else:
            later.append(cause)
    after: dict[str, int] = {}
    for upstream, at in later:
        # A parked event that was retried is behind what had been followed; it tells nothing of it.
        if at > before.get(upstream, 0):
            after[upstream] = min(after.get(upstream, at), at)
    return Heard(entry_of, before, after, passed)


def cause_of(entry: CloudEvent) -> Place | None:
    """The upstream event because of which an entry was made; None for that of a command."""
    kind, _, place = entry.causationid.partition(":")
    if kind != "event":
        return None
    service, _, position = place.split("/")
    return service, int(position)


def known_then(
    decision: CloudEvent,
    events: Mapping[str, list[Known]],
    case_id: UUID,
    heard: Heard,
    wants: Wants,
) -> KnownThen:
    """Sort a case's events by what the service that decided knew of them. The decision may stand
    above cases, as a payment run does."""
    days = {_place(event): day for event, day in _with_days(events)}
    effective = days[_place(decision)]
    kinds: dict[str, list[Place]] = defaultdict(list)
    of_all = (event for each in events.values() for event, _ in each)
    for event in sorted(of_all, key=_by_instant):
        if event.caseid == case_id:
            kind = _kind(event, decision, heard, wants)
            if event.time > decision.time and days[_place(event)] < effective:
                kind = "late"
            kinds[kind].append(_place(event))
    return KnownThen(
        decision=_place(decision),
        effective=effective,
        reached=heard.entry_of,
        **{name: kinds[name] for name in ("known", "not_yet", "untold", "not_followed", "late")},
    )


def _with_days(events: Mapping[str, list[Known]]) -> Iterable[tuple[CloudEvent, date]]:
    for service in SECTIONS:
        for event, _, day in with_days(service, partial(iter, events[service])):
            yield event, day


def _kind(event: CloudEvent, decision: CloudEvent, heard: Heard, wants: Wants) -> str:
    """What the service knew of an event; empty where it had not been recorded by then."""
    service, place = _service(decision), _place(event)
    if place[0] == service:
        # What was recorded with the decision is part of it, and no news to it.
        return "known" if event.at < decision.at else ""
    entry = heard.entry_of.get(place)
    if entry is not None and entry < decision.at:
        return "known"
    if event.time > decision.time:
        return ""
    if not wants(service, event):
        return "not_followed"
    if entry is not None or place in heard.passed:
        return "not_yet"
    return _kind_without_entry(place, heard)


def _kind_without_entry(place: Place, heard: Heard) -> str:
    """Feeds are followed in order: whatever stands before something heard had been heard too."""
    upstream, position = place
    if position <= heard.before.get(upstream, 0):
        return "known"
    if upstream in heard.after and position >= heard.after[upstream]:
        return "not_yet"
    return "untold"


def _service(event: CloudEvent) -> str:
    return event.origin.partition("/")[0]


def _place(event: CloudEvent) -> Place:
    return _service(event), event.at


def _by_instant(event: CloudEvent) -> tuple[object, ...]:
    return event.time, SECTIONS.index(_service(event)), event.at
