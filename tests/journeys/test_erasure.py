"""What was erased is nowhere: a byte search over servers, logs, exports, bundles, before and after.

Before, too: personal data travel and rest sealed, so that there is one place to look for them, the
bank's file. R98.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from click.testing import CliRunner
from rich.console import Console
from schwifty import IBAN

from bundle.conftest import SCHEMAS, verdict_on
from bundle.operator import Operator, an_operator
from bus.rabbit.parties import waiting
from bus.rabbit.post import Sender
from faults.waiting import eventually
from grant_audit.bundle.scope import Scope
from grant_audit.bundle.writer import Extras, write_bundle
from grant_audit.participants import Participants, participants
from grant_bus.rabbit import dead_command_queue
from grant_disbursement.run_file import recorded_file
from grant_store.opening import open_store
from grant_store.personal.border_keys import NoSuchBorderKey
from grant_store.personal.encryption_keys import EncryptionKeysUnfit
from grant_store.personal.envelope import bound_to, enclose
from grant_store.personal.key_store import StoredKey
from grant_store.personal.vault import DESTROYED
from grant_values.cases import case_id_of
from grant_values.invalid import Invalid
from grant_values.legal_time import legal_date
from grant_values.personal import KINDS, PURPOSES, Holder, Sealed, place_of
from pruefpfad.assembly import SERVICES
from pruefpfad.bundles import sources_of
from pruefpfad.cli.root import main
from pruefpfad.scripted import script
from pruefpfad.scripted.script import Cast, Role
from pruefpfad.scripted.story import MANDATES, RUN, Story
from support.authority import PROGRAMME, VERSION, example_by_consent
from support.broker_users import OPERATOR, users_in_a_virtual_host_of_their_own
from support.distributed import LANE, DistributedSystem
from support.participants import a_participant
from support.postgres import PostgresServer
from support.rabbitmq import RabbitServer
from support.roles import DatabaseRoles, roles_in_a_database_of_their_own
from support.traces import forms_of, traces_in

BOUND = bound_to("intake.record_personal_data", "ZIQ-2020-0001", "contact_person", 2)
CASE = "ZIQ-2020-0001"
ACCOUNT = {
    "name": "Quellwassermarke e. V.",
    "iban": str(IBAN.generate("DE", "99999999", "7312908465")),
    "bic": "ZZZZDEFFXXX",
    "invented": True,
}
CONTACT = {
    "name": "Dörte Zwätschgenmarke",
    "function": "Leitung",
    "email": "zwetschgenmarke@muster.example",
    "phone": "+49 201 998877665544",
}
PARTICIPANT = {
    "identity": {
        "given_name": "Kunigunde",
        "family_name": "Mirabellenmarke",
        "date_of_birth": "1971-02-28",
        "street": "Reineclaudenmarkenweg 4711",
    },
    "special_categories": {"disability": "yes"},
    "follow_up": {"email": "mirabellenmarke@muster.example"},
}
PERSONAL = [
    *(ACCOUNT["name"], ACCOUNT["iban"], CONTACT["name"], CONTACT["email"], CONTACT["phone"]),
    *PARTICIPANT["identity"].values(),
    PARTICIPANT["follow_up"]["email"],
]
BY_ENVELOPE = {**CONTACT, "name": "Änne Brombeermarke", "phone": "+49 201 112233445566"}
"""Of whom a sender without the vault tells."""
PERSONAL += [BY_ENVELOPE["name"], BY_ENVELOPE["phone"]]
RECORD = "intake.record_personal_data"
ACCOUNT_OF = place_of(case_id_of(CASE), "account").holder
KEEPER, SECOND = Role("S-1701", "records_keeper"), Role("S-1702", "records_keeper")


def today() -> str:
    return legal_date(datetime.now(UTC)).isoformat()


@dataclass
class Place:
    """Everything that the authority runs, and every folder that something was left in."""

    system: DistributedSystem
    roles: DatabaseRoles
    operator: Operator
    folder: Path
    servers: Mapping[str, Path]
    cast: Cast
    border_key: UUID | None = None
    envelope: str = ""
    _keys: Iterator[int] = field(default_factory=count)

    def give(self, role: Role, command: str, key: str, payload: Mapping[str, Any]) -> None:
        """A command over the border; refusals belong to the story."""
        [answer] = self.system.authority.send([self.cast.message(role, command, key, payload)])
        assert answer.kind in ("recorded", "refused"), answer
        self.system.settle()

    def destroy(self, purpose: str) -> dict[str, Any]:
        payload = {
            "reference": CASE,
            "purpose": purpose,
            "reason": "no_longer_necessary",
            "effective_on": today(),
        }
        key = f"destroy {purpose} {next(self._keys)}"
        message = self.cast.message(KEEPER, "intake.destroy_keys", key, payload)
        second = {"second_actor_token": self.cast.token(SECOND)}
        answer: dict[str, Any] = self.system.client.command({**message, **second})
        self.system.settle()
        return answer

    def request(self, holder: Holder) -> None:
        """A person wants to be erased, under a file number that says who."""
        asked = {"subject": str(holder.subject), "purposes": [holder.purpose]}
        self.keep("request_erasure", request=_name(holder), **asked, received_on="2022-01-03")

    def erase(self, holder: Holder) -> None:
        """The office agrees."""
        ground = {"decision": "erase", "ground": "no_longer_necessary", "reasons": "Antrag"}
        self.keep("decide_erasure", request=_name(holder), **ground)

    def keep(self, command: str, **said: Any) -> None:
        """A command of the records office to budgeting."""
        payload = {"reference": CASE, "effective_on": "2022-01-03", **said}
        self.give(KEEPER, f"budgeting.{command}", f"{command} {next(self._keys)}", payload)

    def payment_file(self) -> bytes:
        with closing(open_store(self.system.database_url, "disbursement")) as store:
            return recorded_file(store, self.system.vault, RUN)

    def enclosed(self) -> dict[str, Any]:
        """A record as a sender without the vault gives it."""
        key_id, public_key = self.system.vault.border_keys.public_key()
        self.border_key = key_id
        self.envelope = enclose(public_key, BOUND, json.dumps(BY_ENVELOPE).encode())
        beside = {"kind": "contact_person", "number": 2}
        return {**beside, "to": str(key_id), "envelope": self.envelope}

    def laid_aside(self) -> int:
        """How many commands are in the queue of the dead."""
        return waiting(self.system.amqp_url, dead_command_queue().name)

    def seals(self) -> list[Sealed]:
        with closing(open_store(self.system.database_url, "intake")) as store:
            decode = SERVICES["intake"].catalogue.decode
            rows = [
                row
                for row in store.events_after(0, 1_000)
                if row.topic == "intake.PersonalDataRecorded"
            ]
            events: list[Any] = [decode(row) for row in rows]
        fields = ("subject", "record", "purpose", "kind", "key", "sealed")
        return [Sealed(**{name: getattr(each, name) for name in fields}) for each in events]

    def participants(self) -> Participants:
        with closing(open_store(self.system.database_url, "audit")) as store:
            return participants(store)

    def bundle(self, name: str) -> Path:
        self.operator.sign_all()
        path = self.folder / name
        with sources_of(self.roles.migration, "main") as sources:
            write_bundle(path, sources, Scope(), Extras("pruefpfad.test", {}, SCHEMAS))
        return path

    def flush(self) -> None:
        """Let the server write its pages down, and begin another segment of its log."""
        with psycopg.connect(self.roles.superuser, autocommit=True) as connection:
            for statement in ("CHECKPOINT", "SELECT pg_switch_wal()", "CHECKPOINT"):
                connection.execute(statement)


def _name(holder: Holder) -> str:
    return f"{str(holder.subject)[:8]}/{holder.purpose}".replace("_", "-")


@pytest.fixture(scope="module")
def place(
    postgres_server: PostgresServer,
    rabbit_server: RabbitServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Place]:
    """A grant has gone its way to the bank, under rights as in production."""
    name, folder = f"erasure_{uuid4().hex}", tmp_path_factory.mktemp("erasure")
    logs = folder / "logs"
    logs.mkdir()
    assert postgres_server.folder and rabbit_server.folder
    servers = {"PostgreSQL": postgres_server.folder, "RabbitMQ": rabbit_server.folder, "logs": logs}
    with (
        roles_in_a_database_of_their_own(postgres_server, name) as roles,
        users_in_a_virtual_host_of_their_own(rabbit_server, name, folder) as users,
        DistributedSystem(
            roles.superuser,
            rabbit_server.url(name),
            logs,
            demonstration="Erasure, played by a script",
            roles=roles,
            users=users,
        ) as system,
        an_operator(roles.migration, folder) as operator,
    ):
        system.vault.border_keys.create()
        made = Place(system, roles, operator, folder, servers, Cast(system.key, *MANDATES))
        _play(made)
        yield made


def _play(place: Place) -> None:
    example = example_by_consent(place.folder / "example")
    story = Story(example, place.folder, Console(quiet=True))
    story._application |= {"payee": ACCOUNT, "contacts": [CONTACT]}
    for number, step in enumerate(story._steps()):
        place.give(step.role, step.command, f"{number}", step.payload)
    for number in range(1, 7):
        payload = a_participant(number, CASE, **PARTICIPANT)
        place.give(script.CHECKER, "intake.enrol_participant", f"enrol {number}", payload)
    count = {
        "programme": PROGRAMME,
        "programme_version": VERSION,
        "reference": CASE,
        "counted_until": "2021-12-31",
        "effective_on": "2021-12-31",
    }
    place.give(script.MANAGING_AUTHORITY, "intake.count_participants", "count", count)
    further = {"reference": CASE, "records": [place.enclosed()], "effective_on": "2021-02-01"}
    place.give(script.CHECKER, RECORD, "further", further)
    # And one of which nothing was recorded, and that nobody waits for: it is laid aside.
    nowhere = {**further, "reference": "ZIQ-NONE-1"}
    lost = place.cast.message(script.CHECKER, RECORD, "lost", nowhere)
    with closing(Sender(place.system.amqp_url, LANE)) as sender:
        sender.send(lost, reply_to=None)
    eventually("it is laid aside", lambda: place.laid_aside() == 1)


def hits(folders: Mapping[str, Path], texts: Sequence[str]) -> set[tuple[str, str]]:
    """Which text stands in the files of which folder, in whatever form, packed ones unpacked."""
    return {
        (name, text) for name, folder in folders.items() for _, text, _ in traces_in(folder, texts)
    }


def in_rows(place: Place, texts: Sequence[str]) -> set[tuple[str, str]]:
    """The same for all that the stores hold: on disk long values may be compressed."""
    found = set()
    for service in SERVICES:
        with closing(open_store(place.system.database_url, service)) as store:
            rows = store.events_after(0, 10_000)
            content = [row.state + row.metadata for row in rows]
            kinds = store.document_counts()
            content += [each.body or b"" for kind in kinds for each in store.documents(kind)]
        whole = b"\n".join(content)
        forms = ((text, needle) for text in texts for needle in forms_of(text).values())
        found |= {(service, text) for text, needle in forms if needle in whole}
    return found


def everywhere(place: Place, exports: Path) -> set[tuple[str, str]]:
    """In servers, process logs, stores, exports and bundles."""
    place.flush()
    return hits({**place.servers, "exports": exports}, PERSONAL) | in_rows(place, PERSONAL)


def export(place: Place, folder: Path) -> None:
    """What leaves the house: the list of operations, the case file, a bundle."""
    folder.mkdir()
    records = place.system.records
    (folder / "operations.csv").write_text(records.operations_csv("9999-12-31"), encoding="utf-8")
    (folder / "participants.txt").write_text(str(place.participants()), encoding="utf-8")
    (folder / "case.txt").write_text(str(records.case(CASE)), encoding="utf-8")
    place.bundle("bundle.zip").rename(folder / "bundle.zip")


def test_nothing_personal_stands_anywhere_but_in_the_banks_file_and_after_erasure_nowhere(
    place: Place,
) -> None:
    vault, before = place.system.vault, place.folder / "before"
    file = place.payment_file()
    export(place, before)
    seals = place.seals()
    assert place.border_key
    keys = {*(each.key for each in seals), place.border_key}
    stored: list[StoredKey] = list(vault.keys.with_ids(keys).values())
    assert ACCOUNT["iban"].encode() in file  # type: ignore[attr-defined]
    assert ACCOUNT["name"].encode() in file  # type: ignore[attr-defined]
    assert {each.kind for each in seals} == set(KINDS)
    counted = place.participants()
    assert (counted.entered, counted.counted) == (6, 6)
    assert everywhere(place, before) == set()
    # The search finds what is there: the name of the applicant, a legal person, is public.
    assert hits({"PostgreSQL": place.servers["PostgreSQL"]}, ["Familienbildungsstätte"])
    assert (
        verdict_on(before / "bundle.zip", place.operator.trust(), place.operator.known()).exit_code
        == 0
    )

    payee, *others = sorted({each.holder for each in seals}, key=lambda each: each != ACCOUNT_OF)
    assert place.destroy("payment")["reason"] == "end_not_decided"
    place.request(payee)
    place.erase(payee)
    place.keep("set_legal_hold", hold="OLAF-1", ground="audit", reason="OLAF")
    # Asked in the moment in which it is to happen: intake follows nobody, and need not have heard.
    assert place.destroy("payment")["reason"] == "legal_hold"
    place.keep("lift_legal_hold", hold="OLAF-1", reason="geprüft", effective_on=today())
    assert place.destroy("payment")["reason"] == "end_not_decided"
    assert vault.has_key(payee)
    place.erase(payee)
    for holder in others:
        place.request(holder)
        place.erase(holder)
    for purpose in PURPOSES:
        assert place.destroy(purpose)["kind"] == "recorded"
    # The queue of the dead still has an envelope, and with the border's key it would still open.
    assert vault.border_keys.open(place.border_key, BOUND, place.envelope)
    vault.border_keys.rotate()
    vault.border_keys.retire_superseded(datetime.now(UTC) + timedelta(minutes=1))
    vault.rewrap()

    after = place.folder / "after"
    export(place, after)
    assert everywhere(place, after) == set()
    assert hits({"RabbitMQ": place.servers["RabbitMQ"]}, [place.envelope])
    with pytest.raises(NoSuchBorderKey):
        vault.border_keys.open(place.border_key, BOUND, place.envelope)
    assert [vault.open(each) for each in seals] == [DESTROYED] * len(seals)
    assert place.participants() == counted
    assert not vault.has_key(place_of(case_id_of(CASE), "account").holder)
    with pytest.raises(Invalid, match="was destroyed"):
        place.payment_file()
    # Whoever has an old backup of the keys has no more what they were wrapped under.
    for key in stored:
        assert key.wrapped is not None
        with pytest.raises(EncryptionKeysUnfit):
            vault._unwrapped(key)
    assert (
        verdict_on(after / "bundle.zip", place.operator.trust(), place.operator.known()).exit_code
        == 0
    )


def test_the_history_goes_on_after_the_erasure(place: Place) -> None:
    """Runs after the erasure: who is left can be decided upon, paid and read."""
    confirm = {
        "reference": CASE,
        "order_id": f"{CASE}-1",
        "end_to_end_id": f"{CASE}-1-1",
        "effective_on": "2022-01-04",
    }
    place.give(script.CASHIER, "disbursement.confirm_payment", "confirm", confirm)

    case = place.system.records.case(CASE)

    assert case.disbursement["orders"][f"{CASE}-1"]["executions"]
    assert all(each["destroyed"] for each in case.intake["personal"].values())


def test_a_participant_is_enrolled_at_the_command_line_of_servers_and_counted_in_all(
    place: Place, tmp_path: Path
) -> None:
    """Runs after the erasure."""
    form = tmp_path / "form.json"
    form.write_text(json.dumps(a_participant(7, CASE)), encoding="utf-8")
    environment = {
        "PRUEFPFAD_AMQP_URL": place.system.amqp_url_of(OPERATOR),
        "PRUEFPFAD_DATABASE_URL": place.system.database_url,
        **place.system._vault_environment("intake"),
        "PRUEFPFAD_VAULT_URL": place.roles.migration,
        "PRUEFPFAD_ACTOR_TOKEN": place.cast.token(script.CHECKER),
    }

    enrolled = CliRunner().invoke(main, ["participants", "enrol", str(form)], env=environment)
    place.system.settle()
    shown = CliRunner().invoke(
        main, ["participants", "counts", "--case", CASE, "--json"], env=environment
    )

    assert enrolled.exit_code == 0, enrolled.output
    found = json.loads(shown.stdout)
    assert (found["entered"], found["counted"]) == (7, 6)
