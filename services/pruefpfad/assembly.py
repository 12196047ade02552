"""Puts each service together: its aggregates, commands and policies over a store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID, uuid4

from eventsourcing.domain import Aggregate

import grant_audit.policies
import grant_budgeting.award
import grant_budgeting.domain
import grant_budgeting.policies
import grant_budgeting.schemas
import grant_disbursement.domain
import grant_disbursement.policies
import grant_disbursement.schemas
import grant_eligibility.domain
import grant_eligibility.fingerprint
import grant_eligibility.policies
import grant_eligibility.schemas
import grant_intake.domain
import grant_intake.policies
import grant_intake.schemas
from grant_bus.actors import TokenCheck
from grant_bus.desk import Command, Desk
from grant_bus.operators import Operators
from grant_bus.policies import EveryEvent, FactPolicies, Policies
from grant_bus.rates import UNLIMITED, Rates
from grant_bus.writer import Writer
from grant_store.catalogue import Catalogue
from grant_store.standing import StandingAggregates
from grant_store.store import Store


@dataclass(frozen=True)
class Service:
    """What makes a service, apart from its store and its transport."""

    name: str
    aggregates: Sequence[type[Aggregate]]
    commands: Mapping[str, Command]
    policies: Policies
    standing: StandingAggregates

    @cached_property
    def catalogue(self) -> Catalogue:
        """Made once: reading the types of all events takes long, and nothing changes it."""
        return Catalogue([*self.aggregates, *self.standing.classes])

    def writer(
        self,
        store: Store,
        tokens: TokenCheck,
        clock: Callable[[], datetime],
        new_id: Callable[[], UUID] = uuid4,
        rates: Rates = UNLIMITED,
    ) -> Writer:
        """The service's one writer over its store."""
        desk = Desk(self.name, self.commands, self.standing, tokens, clock, rates)
        return Writer(store, self.catalogue, desk, self.policies, new_id, clock)

    @property
    def is_read_model(self) -> bool:
        """Whether it has nothing but what it followed, so that it can be built anew."""
        return bool(self.policies.upstreams) and not self.aggregates


def _service(
    name: str,
    aggregates: Sequence[type[Aggregate]],
    commands: Mapping[str, Command],
    policies: Policies,
) -> Service:
    standing = StandingAggregates(name)
    operators = Operators(policies, standing)
    mending: Mapping[str, Command] = {}
    if policies.upstreams:
        mending = operators.of_a_decider if aggregates else operators.of_a_read_model
    return Service(name, aggregates, {**commands, **mending}, policies, standing)


INTAKE = _service(
    "intake",
    (grant_intake.domain.Programme, grant_intake.domain.Call, grant_intake.domain.GrantApplication),
    grant_intake.schemas.COMMANDS,
    FactPolicies(grant_intake.policies.FOLLOWS),
)
ELIGIBILITY = _service(
    "eligibility",
    (grant_eligibility.fingerprint.OperationFingerprint, grant_eligibility.domain.Assessment),
    grant_eligibility.schemas.COMMANDS,
    FactPolicies(grant_eligibility.policies.FOLLOWS, grant_eligibility.policies.READS),
)
BUDGETING = _service(
    "budgeting",
    (
        grant_budgeting.domain.BudgetLine,
        grant_budgeting.domain.Earmark,
        grant_budgeting.award.Award,
    ),
    grant_budgeting.schemas.COMMANDS,
    FactPolicies(grant_budgeting.policies.FOLLOWS, grant_budgeting.policies.READS),
)
DISBURSEMENT = _service(
    "disbursement",
    (
        grant_disbursement.domain.GrantAccount,
        grant_disbursement.domain.PaymentRun,
        grant_disbursement.domain.Cashbook,
    ),
    grant_disbursement.schemas.COMMANDS,
    FactPolicies(grant_disbursement.policies.FOLLOWS, grant_disbursement.policies.READS),
)
AUDIT = _service(
    "audit",
    (),
    {},
    EveryEvent(
        grant_audit.policies.UPSTREAMS,
        grant_audit.policies.when_recorded,
        grant_audit.policies.reads_for,
    ),
)
SERVICES: Mapping[str, Service] = {
    service.name: service for service in (INTAKE, ELIGIBILITY, BUDGETING, DISBURSEMENT, AUDIT)
}
