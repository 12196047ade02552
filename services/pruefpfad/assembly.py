"""Puts each service together: its aggregates, commands and policies over a store."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Literal
from uuid import UUID

from eventsourcing.domain import Aggregate

from grant_bus.actors import TokenCheck
from grant_bus.desk import Command, Desk, as_it_is
from grant_bus.operators import Operators
from grant_bus.policies import EveryEvent, FactPolicies, Policies
from grant_bus.rates import UNLIMITED, Rates
from grant_bus.writer import Continuity, Writer, continues
from grant_store.catalogue import Catalogue
from grant_store.event_ids import new_event_id
from grant_store.identity_map import HELD_AGGREGATES
from grant_store.log.broken import SignedNotes
from grant_store.personal.access import DestroyingVault, Opener, OpeningVault
from grant_store.personal.ends import Ends
from grant_store.personal.vault import Vault
from grant_store.standing import StandingAggregates
from grant_store.store import Store
from pruefpfad.reception import Reception


@dataclass(frozen=True)
class Service:
    """What makes a service, apart from its store and its transport."""

    name: str
    aggregates: Sequence[type[Aggregate]]
    commands: Mapping[str, Command]
    policies: Policies
    standing: StandingAggregates
    is_read_model: bool = False
    """Whether nothing is decided on what it followed, so that this can be built anew. What such a
    service records by itself stands in its ledger and stays."""
    personal_data: Literal["", "opens", "keeps"] = ""
    """What it may do with the vault: open, or take in envelopes and destroy too. Without a word for
    it, it is given none."""

    @property
    def opens_personal_data(self) -> bool:
        return bool(self.personal_data)

    @property
    def ends_personal_data(self) -> bool:
        """Whether it destroys keys, and so has to ask what was decided to end."""
        return self.personal_data == "keeps"

    @property
    def _receives_envelopes(self) -> bool:
        return self.personal_data == "keeps"

    @cached_property
    def catalogue(self) -> Catalogue:
        """Made once: reading the types of all events takes long, and nothing changes it."""
        return Catalogue([*self.aggregates, *self.standing.classes])

    def writer(
        self,
        store: Store,
        tokens: TokenCheck,
        clock: Callable[[], datetime],
        new_id: Callable[[], UUID] = new_event_id,
        rates: Rates = UNLIMITED,
        held_aggregates: int = HELD_AGGREGATES,
        continuity: Continuity = continues,
        vault: Vault | None = None,
        signed: SignedNotes | None = None,
        ends: Ends | None = None,
    ) -> Writer:
        """The service's one writer over its store."""
        receive = Reception(vault).receive if vault and self._receives_envelopes else as_it_is
        desk = Desk(self.name, self.commands, self.standing, tokens, clock, rates, receive)
        return Writer(
            *(store, self.catalogue, desk, self.policies, new_id, clock, held_aggregates),
            continuity=continuity,
            vault=self._access_to(vault),
            signed=signed,
            ends=ends,
        )

    def _access_to(self, vault: Vault | None) -> Opener | None:
        """As much of the vault as this service has any business with."""
        if vault is None or not self.personal_data:
            return None
        return OpeningVault(vault) if self.personal_data == "opens" else DestroyingVault(vault)


def _service(
    name: str,
    aggregates: Sequence[type[Aggregate]],
    commands: Mapping[str, Command],
    policies: Policies,
    *,
    is_read_model: bool = False,
    personal_data: Literal["", "opens", "keeps"] = "",
) -> Service:
    standing = StandingAggregates(name)
    operators = Operators(policies, standing)
    mending: Mapping[str, Command] = {}
    if policies.upstreams:
        mending = operators.of_a_read_model if is_read_model else operators.of_a_decider
    taken = {**commands, **mending, **operators.of_every_service}
    return Service(name, aggregates, taken, policies, standing, is_read_model, personal_data)


def _intake() -> Service:
    from grant_intake import (
        documents,
        domain,
        participation,
        personal_records,
        policies,
        schemas,
    )

    return _service(
        "intake",
        (
            *(domain.Programme, domain.Call, domain.GrantApplication, documents.FiledDocument),
            *(personal_records.PersonalRecord, personal_records.KeyDestruction),
            *(participation.Participation, participation.ParticipantCount),
        ),
        schemas.COMMANDS,
        FactPolicies(policies.FOLLOWS),
        personal_data="keeps",
    )


def _eligibility() -> Service:
    from grant_eligibility import domain, fingerprint, policies, schemas

    return _service(
        "eligibility",
        (fingerprint.OperationFingerprint, domain.Assessment),
        schemas.COMMANDS,
        FactPolicies(policies.FOLLOWS, policies.READS),
    )


def _budgeting() -> Service:
    from grant_budgeting import award, case_retention, domain, policies, schemas

    return _service(
        "budgeting",
        (domain.BudgetLine, domain.Earmark, award.Award, case_retention.CaseRetention),
        schemas.COMMANDS,
        FactPolicies(policies.FOLLOWS, policies.READS),
    )


def _disbursement() -> Service:
    from grant_disbursement import domain, policies, schemas

    return _service(
        "disbursement",
        (domain.GrantAccount, domain.PaymentRun, domain.Cashbook),
        schemas.COMMANDS,
        FactPolicies(policies.FOLLOWS, policies.READS),
        personal_data="opens",
    )


def _audit() -> Service:
    from grant_audit import domain, policies, schemas

    follows = EveryEvent(policies.UPSTREAMS, policies.when_recorded, policies.reads_for)
    return _service(
        "audit",
        (domain.AuditorAccess, domain.Sample),
        schemas.COMMANDS,
        follows,
        is_read_model=True,
    )


class _Services(Mapping[str, Service]):
    """All services by name. Each is imported when it is asked for: a process that runs one of them
    does without the others and their libraries, which take more memory than its own cases."""

    def __init__(self, **making: Callable[[], Service]) -> None:
        self._making = making
        self._made: dict[str, Service] = {}

    def __getitem__(self, name: str) -> Service:
        if name not in self._made:
            self._made[name] = self._making[name]()
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._making)

    def __len__(self) -> int:
        return len(self._making)

    def __contains__(self, name: object) -> bool:
        return name in self._making


SERVICES: Mapping[str, Service] = _Services(
    intake=_intake,
    eligibility=_eligibility,
    budgeting=_budgeting,
    disbursement=_disbursement,
    audit=_audit,
)
