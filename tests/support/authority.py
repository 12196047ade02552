"""One service of the authority without a broker: commands and facts go in as in production.

It knows the services by their assembly and decides nothing. Persons are real here, not scripted.
"""

from __future__ import annotations

import json
import re
import shutil
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec

from grant_bus.actors import Mandate, TokenCheck, issue_token, new_signing_key
from grant_contracts.answers import Answer
from grant_contracts.commands import command_message
from grant_contracts.envelope import CloudEvent
from grant_contracts.programme import read_definition
from grant_contracts.registry import FACTS
from grant_store.identity_map import IdentityMap
from grant_store.personal.vault import Vault
from grant_store.sqlite import SQLiteStore
from grant_store.store import Store
from grant_store.work import Batch, Context
from grant_values.cases import case_id_of
from grant_values.shapes import Actor
from pruefpfad.assembly import SERVICES
from pruefpfad.border import Border
from support.personal import DecidedForTests, a_vault

NOW = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)
KEY = new_signing_key()
EXAMPLE = Path(__file__).parents[2] / "examples" / "zusammen-im-quartier"
DEFINITION = read_definition((EXAMPLE / "programme.toml").read_text(encoding="utf-8"))
APPLICATION = json.loads((EXAMPLE / "application.json").read_text(encoding="utf-8"))
PROGRAMME, VERSION = DEFINITION["code"], DEFINITION["version"]
CASE = "ZIQ-2020-0001"
PERSON_IN = {
    "applicant": "client:portal",
    "beneficiary": "B-1",
    "managing_authority": "S-1001",
    "formal_checker": "S-1101",
    "expert": "S-1103",
    "decider": "S-1201",
    "budget_officer": "S-1301",
    "claim_checker": "S-1401",
    "payment_authoriser": "S-1501",
    "cashier": "S-1601",
    "auditor": "S-1901",
    "operator": "S-1801",
    "records_keeper": "S-1701",
}
MENDING = {"retry_parked", "discard_parked"}
"""What operators may ask of each service that decides on what it follows."""

OF_HISTORY = {"anchor_head", "record_incident"}
"""What they may ask of every service about its own history."""


def person(role: str, staff_number: str = "") -> Actor:
    """Whoever has this role, or somebody else in it."""
    return Actor(staff_number or PERSON_IN[role], role)


def a_token(
    actor: Actor,
    mandate: tuple[date, date] = (date(2014, 1, 1), date(2030, 12, 31)),
    valid_for: timedelta = timedelta(hours=1),
    key: Any = KEY,
) -> str:
    return issue_token(key, Mandate(actor, "token", *mandate), NOW, NOW + valid_for)


class Bureau:
    """A service over a store of its own: a writer, its desk and what it follows."""

    def __init__(self, service: str, store: Store, vault: Vault | None = None) -> None:
        """`ends` says what budgeting has decided to end: without a word, nothing."""
        self.service = SERVICES[service]
        self.store = store
        self.vault = vault
        self.ends = DecidedForTests()
        tokens = TokenCheck(KEY, lambda: NOW)
        self.writer = self.service.writer(store, tokens, lambda: NOW, vault=vault, ends=self.ends)
        self._keys = count(1)
        self._positions: dict[str, Iterator[int]] = defaultdict(lambda: count(1))

    @property
    def head(self) -> int:
        return self.store.head().position

    def ask(
        self, command: str, by: Actor | str, second: Actor | None = None, **payload: Any
    ) -> Answer:
        """Give a command and return the answer; a fault of the program is raised."""
        token = by if isinstance(by, str) else a_token(by)
        further = {"second_actor_token": a_token(second)} if second else {}
        name = f"{self.service.name}.{command}"
        return self.send(command_message(name, f"k-{next(self._keys)}", token, payload, **further))

    def send(self, message: Any) -> Answer:
        """Give a command as it comes over the border: with what is personal in it sealed."""
        if self.vault is None or not isinstance(message, dict):
            return self.take(message)
        [sealed] = Border(self.vault).seal([message])
        return sealed if isinstance(sealed, Answer) else self.take(sealed)

    def take(self, message: Any) -> Answer:
        """Give a command as it is."""
        [answer] = self.writer.answer([message])
        if isinstance(answer, Exception):
            raise answer
        return answer

    def hear(self, topic: str, reference: str = CASE, /, **data: Any) -> None:
        """Follow one fact of another service, read from its wire form."""
        self.hear_events(self.an_event(topic, reference, **data))

    def hear_events(self, *events: CloudEvent) -> None:
        self.writer.follow(events[0].origin, events)

    def an_event(self, topic: str, reference: str = CASE, /, **data: Any) -> CloudEvent:
        """The next event of an upstream's feed."""
        upstream = topic.partition(".")[0]
        return an_event(topic, reference, next(self._positions[upstream]), **data)

    def declare_demonstration(self) -> None:
        batch = Batch(IdentityMap(self.store, self.service.catalogue), uuid4)
        work = batch.unit(Context(person("managing_authority"), "", ""))
        work.keep(self.service.standing.demonstration(purpose="test"))
        self.store.append(batch.as_append())

    def events(self, kind: str = "") -> list[Any]:
        """What is recorded, in order; of one kind where it is named."""
        decode = self.service.catalogue.decode
        events = [decode(row) for row in self.store.events_after(0, 10_000)]
        return [event for event in events if kind in ("", type(event).__name__)]

    def kinds(self, after: int = 0) -> list[str]:
        """The names of the events recorded after a position, in order."""
        rows = self.store.events_after(after, 10_000)
        return [row.topic.partition(".")[2] for row in rows]

    def rebuilt(self, aggregate_id: UUID) -> Any:
        """An aggregate from its recorded events alone."""
        return self.service.catalogue.rebuild(self.store.stream(aggregate_id))


def an_event(
    topic: str, reference: str, position: int, lane: str = "main", /, **data: Any
) -> CloudEvent:
    """One event of a feed, as a follower reads it."""
    upstream = topic.partition(".")[0]
    return CloudEvent(
        specversion="1.0",
        id=uuid4(),
        source=f"/pruefpfad/{upstream}/{lane}",
        type=f"pruefpfad.{topic}",
        subject=case_id_of(reference),
        time=NOW,
        position=str(position),
        originatorversion="1",
        schemaversion=str(FACTS[topic].VERSION) if topic in FACTS else "1",
        leafhash=f"{position:064x}",
        data=msgspec.Raw(msgspec.json.encode(data)),
        caseid=case_id_of(reference),
    )


def example_kept_for(years: int, folder: Path) -> Path:
    """The example programme where each case is kept for so many years only, whatever the rule."""
    return _example(folder, r"(?m)^years = \d+$", f"years = {years}")


def example_by_consent(folder: Path) -> Path:
    """The example programme as if persons had agreed to all that is kept of them."""
    return _example(folder, r'(?m)^basis = "legal_obligation"$', 'basis = "consent"')


def _example(folder: Path, pattern: str, by: str) -> Path:
    shutil.copytree(EXAMPLE, folder)
    path = folder / "programme.toml"
    changed, count = re.subn(pattern, by, path.read_text("utf-8"))
    assert count >= 4, f"expected {pattern}"
    path.write_text(changed, "utf-8")
    return folder


@contextmanager
def a_bureau(service: str, folder: Path) -> Iterator[Bureau]:
    """A bureau on an empty embedded store."""
    store = SQLiteStore(folder / f"{service}-{uuid4().hex}.sqlite3", service, clock=lambda: NOW)
    store.migrate()
    vault = a_vault(folder / "vault") if SERVICES[service].opens_personal_data else None
    try:
        yield Bureau(service, store, vault)
    finally:
        store.close()
        if vault:
            vault.close()


def the_programme() -> dict[str, Any]:
    """The data of the fact that registers the example programme."""
    return {
        "programme": PROGRAMME,
        "programme_version": VERSION,
        "definition": DEFINITION,
        "definition_sha256": "0" * 64,
        "registered_by": "S-1001",
    }
