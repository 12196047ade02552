"""What is played for a recording. Together the plays record every kind of event that can be.

Each play leaves a directory with the five ledgers. It asserts nothing of what they hold.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from io import StringIO
from itertools import takewhile
from pathlib import Path
from typing import Any, NamedTuple

from click.testing import CliRunner
from rich.console import Console
from structlog.testing import capture_logs

from grant_bus.parked import parked_events
from grant_contracts.answers import Answer
from grant_contracts.envelope import Fact
from grant_contracts.intake import ApplicationSubmitted, CompletenessChecked
from grant_store.rows import LedgerEvent
from grant_store.sqlite import SQLiteStore
from grant_values.cases import case_id_of
from grant_values.legal_time import legal_date
from grant_values.personal import place_of
from histories.recording import Ledgers
from journeys.published_list import play_embedded
from journeys.short_list import shorten
from pruefpfad.assembly import SERVICES
from pruefpfad.cli.root import main
from pruefpfad.embedded import EmbeddedSystem
from pruefpfad.keys import signing_key
from pruefpfad.scripted import script, story
from pruefpfad.scripted.script import Cast, Role
from simulation.lives import live
from support.authority import (
    APPLICATION,
    CASE,
    DEFINITION,
    EXAMPLE,
    PROGRAMME,
    VERSION,
    example_by_consent,
    example_kept_for,
)
from support.participants import a_participant

CONTENDED_SEED = 6
"""Money is short, applicants race with the office, services die and operators mend."""

QUIET_SEED = 9
"""Money is there, and every order of events comes to the same."""

AUDITOR = Role("S-1901", "auditor")
OPERATOR, SECOND_OPERATOR = Role("S-1801", "operator"), Role("S-1802", "operator")
KEEPER, SECOND_KEEPER = Role("S-1701", "records_keeper"), Role("S-1702", "records_keeper")


class Given(NamedTuple):
    """A command and the answer that belongs to it: "recorded", or the reason of its refusal."""

    role: Role
    command: str
    payload: dict[str, Any]
    answer: str = "recorded"


def tell_story(folder: Path, example: Path = EXAMPLE) -> Ledgers:
    """One grant from application to payment, with four eyes and a ceiling on the way."""
    story.Story(example, folder, Console(file=StringIO())).tell()
    return ledgers_of(folder, "{}.main.sqlite3")


def play_list(folder: Path) -> Ledgers:
    """A dozen operations of the published list, a repeat and an early start among them."""
    play_embedded(shorten(folder / "example"), folder / "data")
    return ledgers_of(folder / "data", "{}.main.sqlite3")


def live_contended(folder: Path) -> Ledgers:
    return _live(CONTENDED_SEED, folder)


def live_quiet(folder: Path) -> Ledgers:
    return _live(QUIET_SEED, folder)


def _live(seed: int, folder: Path) -> Ledgers:
    with capture_logs():
        live(seed, folder)
    return ledgers_of(folder / "disturbed", "{}.sqlite3")


def mend(folder: Path) -> Ledgers:
    """What seldom happens: access refused by every service, a call closed, events discarded."""
    with EmbeddedSystem(folder) as system:
        system.declare_demonstration("What seldom happens, played by a script")
        office = _Office(system)
        office.give(_openings())
        with older_than(ApplicationSubmitted):
            office.give([_application("ZIQ-OLD-1")])
        office.discard("eligibility", "ZIQ-OLD-1")
        office.discard("budgeting", "ZIQ-OLD-1")
        office.give([_application("ZIQ-OLD-2")])
        with older_than(CompletenessChecked):
            office.give([_completeness("ZIQ-OLD-2")])
        office.discard("eligibility", "ZIQ-OLD-2")
        office.give(_refused_access())
        office.give(_closings())
    return ledgers_of(folder, "{}.main.sqlite3")


def file(folder: Path) -> Ledgers:
    """Documents go on file, items of the audit trail do not apply, and an auditor looks."""
    with EmbeddedSystem(folder) as system:
        system.declare_demonstration("The audit trail of a case, played by a script")
        office = _Office(system)
        office.give(_openings())
        office.give([_application("ZIQ-FILED-1")])
        office.give(_filings("ZIQ-FILED-1"))
        look = {"question": "audit matrix", "scope": "case", "subject": "ZIQ-FILED-1"}
        office.give([Given(AUDITOR, "audit.record_access", {**look, "purpose": "Probe"})])
    return ledgers_of(folder, "{}.main.sqlite3")


def draw(folder: Path) -> Ledgers:
    """The story, and a sample of its payments."""
    tell_story(folder)
    period = {"starts_on": "2021-01-01", "ends_on": "2021-12-31", "effective_on": "2021-06-01"}
    chosen = {"method": "monetary-unit", "population": "payments", "size": 1, "seed": "4711"}
    payload = {"sample": "2021-1", "purpose": "Vorhabenprüfung", **chosen, **period}
    with EmbeddedSystem(folder) as system:
        _Office(system).give([Given(AUDITOR, "audit.draw_sample", payload)])
    return ledgers_of(folder, "{}.main.sqlite3")


def put_back(folder: Path) -> Ledgers:
    """A backup is put back, two operators bear that in each service, and the logs begin anew."""
    backup, cast = folder / "backup", Cast(signing_key(folder / "keys"), *story.MANDATES)
    with EmbeddedSystem(folder) as system:
        system.declare_demonstration("A restore from a backup, played by a script")
        _Office(system).give([*_openings(), _application("ZIQ-KEPT-1")])
    shutil.copytree(folder, backup, ignore=shutil.ignore_patterns("backup"))
    with EmbeddedSystem(folder) as system:
        lost = _Office(system, "lost")
        lost.give([_application("ZIQ-LOST-1"), *_refused_access()])
    _operate(folder, cast, "log", "checkpoint")
    for service in SERVICES:
        shutil.copyfile(backup / f"{service}.main.sqlite3", folder / f"{service}.main.sqlite3")
    for lost in json.loads(_operate(folder, cast, "log", "continues", "--json", exit_code=3)):
        known = ("--known-size", str(lost["known_size"]), "--known-root", lost["known_root"])
        _operate(
            folder, cast, "log", "incident", lost["service"], *known, "--reason", "Plattenfehler"
        )
    _operate(folder, cast, "log", "checkpoint")
    _operate(folder, cast, "log", "anchor")
    return ledgers_of(folder, "{}.main.sqlite3")


def _operate(folder: Path, cast: Cast, *words: str, exit_code: int = 0) -> str:
    """What an operator gets to see at the command line."""
    tokens = {
        "PRUEFPFAD_ACTOR_TOKEN": cast.token(OPERATOR),
        "PRUEFPFAD_SECOND_ACTOR_TOKEN": cast.token(SECOND_OPERATOR),
    }
    result = CliRunner().invoke(main, ["--data", str(folder), *words], env=tokens)
    if result.exit_code != exit_code:
        raise script.Unexpected(f"{' '.join(words)}: {result.exit_code}: {result.output}")
    return result.stdout


def erase(folder: Path) -> Ledgers:
    """An application with a contact person, of whom only that they were there is left, also after
    a backup of the vault was put back."""
    vault, backup = folder / "vault", folder / "vault-of-yesterday"
    with EmbeddedSystem(folder) as system:
        system.declare_demonstration("The erasure of personal data, played by a script")
        office = _Office(system)
        office.give(_openings(_by_consent()))
        application = _application("ZIQ-ERASED-1")
        contact = {"name": "Erika Mustermann", "email": "erika@muster.example"}
        payload = {**application.payload, "contacts": [contact]}
        office.give([application._replace(payload=payload)])
        office.give(_erasure("ZIQ-ERASED-1"))
    shutil.copytree(vault, backup)
    with EmbeddedSystem(folder) as system:
        _Office(system, "erase").erase("ZIQ-ERASED-1", "contact")
    shutil.rmtree(vault)
    backup.rename(vault)
    with EmbeddedSystem(folder) as system:
        _Office(system, "restored").erase_again("ZIQ-ERASED-1", "contact")
    return ledgers_of(folder, "{}.main.sqlite3")


def enrol(folder: Path) -> Ledgers:
    """Participants of two cases are counted, one leaves, and what is known of them is erased."""
    with EmbeddedSystem(folder) as system:
        system.declare_demonstration("Participants, played by a script")
        office = _Office(system)
        office.give(_openings(_by_consent()))
        office.give([_application("ZIQ-TAKES-PART-1"), _application("ZIQ-TAKES-PART-2")])
        office.give(_participants("ZIQ-TAKES-PART-1", "ZIQ-TAKES-PART-2"))
        office.give(_erasures_of_participants("ZIQ-TAKES-PART-1", 19))
        for purpose in ("identity", "characteristics"):
            office.erase("ZIQ-TAKES-PART-1", purpose)
    return ledgers_of(folder, "{}.main.sqlite3")


def keep(folder: Path) -> Ledgers:
    """A paid case is held, asked to be erased, and at last disposed of by two persons."""
    tell_story(folder, example_kept_for(1, folder / "example"))
    with EmbeddedSystem(folder) as system:
        _Office(system).give(_kept(CASE))
    return ledgers_of(folder, "{}.main.sqlite3")


def lose_an_account(folder: Path) -> Ledgers:
    """A run is open when the account of its payee is destroyed: it is refused and never leaves."""
    example = example_by_consent(folder / "example")
    told = story.Story(example, folder, Console(file=StringIO()))
    write = "disbursement.write_payment_run"
    with EmbeddedSystem(folder) as system:
        system.declare_demonstration("A destroyed account, played by a script")
        cast = Cast(system.key, *story.MANDATES)
        steps = takewhile(lambda step: step.command != write, told._steps())
        for number, step in enumerate(steps, 1):
            told._take(system, cast, number, step)
        office = _Office(system)
        office.give(_erasure_of_account())
        office.erase(CASE, "payment")
        on_run = {"run": story.RUN, "effective_on": "2021-03-24"}
        office.give([Given(script.CASHIER, write, on_run, "account_destroyed")])
    return ledgers_of(folder, "{}.main.sqlite3")


class _Office:
    """Persons at their desks, one command after the other."""

    def __init__(self, system: EmbeddedSystem, keys: str = "mend") -> None:
        self._system = system
        self._name = keys
        self._cast = Cast(system.key, *story.MANDATES)
        self._keys = iter(range(1, 1_000))

    def give(self, commands: Iterator[Given] | list[Given]) -> None:
        for given in commands:
            message = self._message(given.role, given.command, given.payload)
            _check(given, self._system.ask(message))

    def discard(self, service: str, reference: str) -> None:
        """Two operators take out the first event that is parked of a case."""
        [parked, *_] = parked_of(self._system, service, reference)
        payload = {
            "case_id": str(case_id_of(reference)),
            "origin": parked.origin,
            "position": parked.at,
            "reason": "Irrläufer eines Probelaufs",
        }
        message = self._message(OPERATOR, f"{service}.discard_parked", payload)
        second = {"second_actor_token": self._cast.token(SECOND_OPERATOR)}
        _check(Given(OPERATOR, service, payload), self._system.ask({**message, **second}))

    def erase(self, reference: str, purpose: str) -> None:
        """Two persons of the records office destroy the keys of a case for a purpose."""
        payload = {
            "reference": reference,
            "purpose": purpose,
            "reason": "consent_withdrawn",
            "effective_on": _today(),
        }
        self._by_two("intake.destroy_keys", payload)

    def erase_again(self, reference: str, purpose: str) -> None:
        """The same two destroy a key once more that a backup has brought back."""
        case_id = case_id_of(reference)
        payload = {
            "case_id": str(case_id),
            "subject": str(place_of(case_id, "contact_person").subject),
            "purpose": purpose,
            "effective_on": _today(),
        }
        self._by_two("intake.destroy_restored_key", payload)

    def _by_two(self, command: str, payload: dict[str, Any]) -> None:
        message = self._message(KEEPER, command, payload)
        second = {"second_actor_token": self._cast.token(SECOND_KEEPER)}
        _check(Given(KEEPER, "intake", payload), self._system.ask({**message, **second}))

    def _message(self, role: Role, command: str, payload: dict[str, Any]) -> dict[str, Any]:
        return self._cast.message(role, command, f"{self._name}:{next(self._keys)}", payload)


def parked_of(system: EmbeddedSystem, service: str, reference: str) -> list[Any]:
    found = parked_events(system.stores[service], case_id_of(reference))
    return [each.cloud_event for each in found]


@contextmanager
def older_than(fact: type[Fact]) -> Iterator[None]:
    """Followers are of a release that does not know this fact's version yet."""
    known = fact.VERSION
    fact.VERSION = 0
    try:
        yield
    finally:
        fact.VERSION = known


def _check(given: Given, answer: Answer) -> None:
    said = answer.reason if answer.kind == "refused" else answer.kind
    if said != given.answer:
        raise script.Unexpected(f"{given.command}: {answer.kind} {answer.reason} {answer.errors}")


def _today() -> str:
    return legal_date(datetime.now(UTC)).isoformat()


def _by_consent() -> dict[str, Any]:
    """The programme as if persons had agreed to all that is kept of them."""
    section = DEFINITION["retention"]
    purposes = [each | {"basis": "consent"} for each in section["purposes"]]
    return DEFINITION | {"retention": section | {"purposes": purposes}}


def _erasures_of_participants(reference: str, count: int) -> Iterator[Given]:
    """All who take part withdraw what they had agreed to."""
    for number in range(1, count + 1):
        case = {"reference": reference, "request": f"DSB-{number}/22", "effective_on": "2022-02-01"}
        subject = str(place_of(case_id_of(reference), "participant", number).subject)
        asked = {"subject": subject, "purposes": ["identity", "characteristics"]}
        received = {"received_on": "2022-01-31"}
        yield Given(KEEPER, "budgeting.request_erasure", {**case, **asked, **received})
        ground = {"decision": "erase", "ground": "consent_withdrawn", "reasons": "widerrufen"}
        yield Given(KEEPER, "budgeting.decide_erasure", {**case, **ground})


def _erasure(reference: str) -> Iterator[Given]:
    """A contact person wants to be erased, and is; a hold comes between, so it is decided twice."""
    case = {"reference": reference, "request": "DSB-1/21", "effective_on": "2021-02-01"}
    subject = str(place_of(case_id_of(reference), "contact_person").subject)
    asked = {"subject": subject, "purposes": ["contact"], "received_on": "2021-01-29"}
    yield Given(KEEPER, "budgeting.request_erasure", {**case, **asked})
    ground = {"decision": "erase", "ground": "consent_withdrawn", "reasons": "widerrufen"}
    hold = {"reference": reference, "hold": "7K-1/21", "reason": "Prüfung"}
    yield Given(KEEPER, "budgeting.decide_erasure", {**case, **ground})
    held = {**hold, "ground": "audit", "effective_on": "2021-02-01"}
    yield Given(KEEPER, "budgeting.set_legal_hold", held)
    yield Given(KEEPER, "budgeting.lift_legal_hold", {**hold, "effective_on": _today()})
    yield Given(KEEPER, "budgeting.decide_erasure", {**case, **ground})


def _erasure_of_account() -> Iterator[Given]:
    """The payee wants the account to be erased, and the office agrees."""
    case = {"reference": CASE, "request": "DSB-1/21", "effective_on": "2021-02-01"}
    subject = str(place_of(case_id_of(CASE), "account").subject)
    asked = {"subject": subject, "purposes": ["payment"], "received_on": "2021-01-29"}
    yield Given(KEEPER, "budgeting.request_erasure", {**case, **asked})
    ground = {"decision": "erase", "ground": "consent_withdrawn", "reasons": "widerrufen"}
    yield Given(KEEPER, "budgeting.decide_erasure", {**case, **ground})


def _openings(definition: dict[str, Any] = DEFINITION) -> Iterator[Given]:
    ministry = script.MANAGING_AUTHORITY
    yield Given(ministry, "intake.register_programme", {"definition": definition})
    call = {"programme": PROGRAMME, "call": APPLICATION["call"], "programme_version": VERSION}
    days = {"opens_on": "2020-11-03", "closes_on": "2021-01-31"}
    yield Given(ministry, "intake.open_call", call | days)


def _application(reference: str) -> Given:
    fingerprint = {"fingerprint": reference.encode().hex().rjust(64, "0")}
    payload = {**APPLICATION, "reference": reference, **fingerprint}
    return Given(script.APPLICANT, "intake.submit_application", payload)


def _completeness(reference: str) -> Given:
    check = {"missing": [], "checklist": "ziq-2020", "effective_on": "2020-12-14"}
    return Given(script.CHECKER, "intake.check_completeness", {"reference": reference, **check})


def _participants(alone: str, together: str) -> Iterator[Given]:
    """One of the first case would stand out, and is left out in company; those of the other are
    counted across cases."""
    for number in range(1, 20):
        asked = {"gender": "men" if number > 9 else "women"}
        asked |= {"homeless": "yes"} if number == 19 else {}
        further = {"special_categories": {"disability": "no"}}
        person = a_participant(number, alone, characteristics=asked, **further)
        yield Given(script.CHECKER, "intake.enrol_participant", person)
    for number in range(1, 9):
        person = a_participant(number, together, follow_up={"email": "a@muster.example"})
        yield Given(script.CHECKER, "intake.enrol_participant", person)
    left = {"reference": alone, "number": 1, "left_on": "2021-06-30"}
    yield Given(script.CHECKER, "intake.record_departure", left)
    count = {"programme": PROGRAMME, "programme_version": VERSION, "effective_on": "2022-01-10"}
    for reference in (alone, ""):
        day = {"reference": reference, "counted_until": "2021-12-31"}
        yield Given(script.MANAGING_AUTHORITY, "intake.count_participants", count | day)


def _filings(reference: str) -> Iterator[Given]:
    on_case = {"reference": reference, "effective_on": "2020-12-15"}
    held = {"holder": "Bezirksregierung Arnsberg", "location": "Registratur 34"}
    form = {"mime": "application/pdf", "size_bytes": 40_960, "retention_class": "grant_file"}
    for number in (1, 2):
        document = {"document": f"note-{number}", "title": "Prüfvermerk", "items": [1, 9]}
        digest = {"sha256": f"{number}" * 64}
        payload = {**on_case, **held, **form, **document, **digest}
        yield Given(script.CHECKER, "intake.file_document", payload)
    replaced = {"document": "note-1", "superseded_by": "note-2", "reason": "Neufassung"}
    yield Given(script.CHECKER, "intake.supersede_document", {**on_case, **replaced})
    for command, reason in (("not_applicable", "Es wird nichts gebaut."), ("applicable", "Doch.")):
        item = {"item": 4, "reason": reason}
        yield Given(script.CHECKER, f"intake.declare_{command}", {**on_case, **item})


def _kept(reference: str) -> Iterator[Given]:
    """All that rules count from has happened, and all of them have ended."""
    case = {"reference": reference, "effective_on": "2023-03-01"}

    def given(command: str, answer: str = "recorded", by: Role = KEEPER, **more: Any) -> Given:
        return Given(by, f"budgeting.{command}", {**case, **more}, answer)

    hold = "7K-12/22"
    ground = {"ground": "audit", "reason": "Prüfung"}
    yield given("set_legal_hold", hold=hold, **ground, effective_on="2022-09-01")
    yield given("set_retention_term", because="asked")
    for because, day in (("accounts_submitted", "2021-12-15"), ("proof_submitted", "2021-12-31")):
        yield given("set_retention_term", because=because, happened_on=day)
    subject = str(place_of(case_id_of(reference), "account").subject)
    asked = {"request": "DSB-1/23", "subject": subject, "purposes": ["payment"]}
    yield given("request_erasure", **asked, received_on="2023-01-16")
    answer = {"request": "DSB-1/23", "reasons": "Die Akte wird gebraucht."}
    wanted = {**answer, "decision": "erase", "ground": "no_longer_necessary"}
    yield given("decide_erasure", answer="legal_hold", **wanted)
    yield given("decide_erasure", **answer, decision="refuse", ground="legal_claims")
    yield given("propose_disposal", answer="legal_hold", reasons="Frist abgelaufen")
    yield given("lift_legal_hold", hold=hold, reason="geprüft", effective_on=_today())
    yield given("propose_disposal", reasons="Frist abgelaufen")
    yield given("dispose_case", answer="proposer_is_disposer")
    yield given("dispose_case", by=SECOND_KEEPER)


def _refused_access() -> Iterator[Given]:
    """In each service somebody gives a command that is not theirs to give."""
    on_case = {"reference": "ZIQ-OLD-2", "effective_on": "2021-01-11"}
    commands: Mapping[str, dict[str, Any]] = {
        "intake.withdraw_application": {**on_case, "reason": "nicht meine Sache"},
        "eligibility.sign_finding": on_case,
        "budgeting.approve_grant": on_case,
        "disbursement.order_payment": {**on_case, "claim": "1"},
        "audit.retry_parked": {"case_id": str(case_id_of("ZIQ-OLD-2"))},
    }
    for command, payload in commands.items():
        yield Given(script.CASHIER, command, payload, answer="role_not_entitled")


def _closings() -> Iterator[Given]:
    closed = {"programme": PROGRAMME, "call": APPLICATION["call"], "effective_on": "2021-02-01"}
    yield Given(script.MANAGING_AUTHORITY, "intake.close_call", closed)
    withdrawn = {"reference": "ZIQ-OLD-1", "reason": "Irrläufer", "effective_on": "2021-02-02"}
    yield Given(script.APPLICANT, "intake.withdraw_application", withdrawn)


def ledgers_of(folder: Path, name: str) -> Ledgers:
    """The rows of the ledger of each service; `name` says how its file is named."""
    ledgers: Ledgers = {}
    for service in SERVICES:
        store = SQLiteStore(folder / name.format(service), service)
        try:
            ledgers[service] = _all_of(store)
        finally:
            store.close()
    return ledgers


def _all_of(store: SQLiteStore) -> list[LedgerEvent]:
    return store.events_after(0, store.head().position + 1)


PLAYS: Mapping[str, Callable[[Path], Ledgers]] = {
    "story": tell_story,
    "list": play_list,
    "contended": live_contended,
    "quiet": live_quiet,
    "mended": mend,
    "filed": file,
    "sampled": draw,
    "restored": put_back,
    "erased": erase,
    "kept": keep,
    "enrolled": enrol,
    "lost": lose_an_account,
}
