"""What the roles of a service, of its relay and of the migration may do, and what they may not.

The roles are those of `infra/postgres/roles.sql`, with the rights that the migration gives.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep
from uuid import uuid4

import psycopg
import pytest
from psycopg import errors, sql

from grant_store.errors import NotLonger, NotMigrated, StoreError
from grant_store.log.postgres import PostgresLedgerView, PostgresLogStore
from grant_store.log.store import SignedHead
from grant_store.log.tiles import Tile
from grant_store.postgres import PostgresStore
from grant_store.rows import Append, Document, Tracked
from grant_store.sqlite import SQLiteStore
from pruefpfad.decided_ends import ASKED_BY
from store.samples import an_event, an_outcome
from support.postgres import PostgresServer
from support.roles import PREFIX, DatabaseRoles, roles_in_a_database_of_their_own

pytestmark = pytest.mark.servers

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ROLES = (
    *("budgeting", "budgeting_relay", "budgeting_checkpointer"),
    *("reader", "auditor", "courier"),
)
TABLES = ("events", "outcomes", "schema_version")
CHANGES = {
    "insert": "INSERT INTO budgeting.{table} SELECT * FROM budgeting.{table}",
    "update": "UPDATE budgeting.{table} SET {column} = {column}",
    "delete": "DELETE FROM budgeting.{table}",
    "truncate": "TRUNCATE budgeting.{table}",
    "alter": "ALTER TABLE budgeting.{table} ADD COLUMN mine integer",
    "rename": "ALTER TABLE budgeting.{table} RENAME TO mine",
    "take over": "ALTER TABLE budgeting.{table} OWNER TO current_user",
    "drop": "DROP TABLE budgeting.{table}",
    "create trigger": (
        "CREATE TRIGGER mine BEFORE INSERT ON budgeting.{table}"
        " EXECUTE FUNCTION suppress_redundant_updates_trigger()"
    ),
    "disable triggers": "ALTER TABLE budgeting.{table} DISABLE TRIGGER ALL",
    "create rule": "CREATE RULE mine AS ON INSERT TO budgeting.{table} DO INSTEAD NOTHING",
    "hide rows": "ALTER TABLE budgeting.{table} ENABLE ROW LEVEL SECURITY",
    "lock": "LOCK TABLE budgeting.{table} IN EXCLUSIVE MODE",
}


ALTER_APPEND = """DO $$ BEGIN EXECUTE (
    SELECT format(
        'ALTER FUNCTION %s SECURITY INVOKER SET search_path = mine', oid::regprocedure
    )
    FROM pg_proc WHERE pronamespace = 'budgeting'::regnamespace AND proname = 'append'
); END $$"""


COLUMNS = {"events": "topic", "outcomes": "reason", "schema_version": "version"}
ROUNDABOUT = {
    "pose as a replication worker": "SET session_replication_role = replica",
    "become the owner": "SET ROLE pruefpfad_migration",
    "drop the schema": "DROP SCHEMA budgeting CASCADE",
    "a table in the ledger": "CREATE TABLE budgeting.mine (a integer)",
    "a table in the working schema": "CREATE TABLE budgeting_work.mine (a integer)",
    "a function in the working schema": (
        "CREATE FUNCTION budgeting_work.mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'"
    ),
    "a table that hides others": "CREATE TEMPORARY TABLE events (a integer)",
    "a schema": "CREATE SCHEMA mine",
    "a table where everybody looks": "CREATE TABLE public.mine (a integer)",
    # What stands on a table that `append` writes would run with the rights of append's owner.
    "a trigger that append would fire": (
        "CREATE TRIGGER mine AFTER INSERT ON budgeting_work.documents"
        " EXECUTE FUNCTION suppress_redundant_updates_trigger()"
    ),
    "a rule that append would follow": (
        "CREATE RULE mine AS ON INSERT TO budgeting_work.tracking DO ALSO SELECT 1"
    ),
    "a table in place of another": "DROP TABLE budgeting_work.tracking",
    "append with the caller's rights": ALTER_APPEND,
    "no refusal": "DROP FUNCTION budgeting.refuse_change CASCADE",
    "delete through the view": "DELETE FROM budgeting.ledger_v1",
    "update through the view": "UPDATE budgeting.ledger_v1 SET topic = topic",
    "insert through the view": "INSERT INTO budgeting.ledger_v1 (position) VALUES (9)",
    "another view": "CREATE OR REPLACE VIEW budgeting.ledger_v1 AS SELECT 1 AS position",
    "a leaf by hand": "SELECT budgeting.leaf(1, NULL, NULL, 1, '', 1, 1, '', '')",
    "a large object": "SELECT lo_import('/etc/hostname')",
}


@pytest.fixture(scope="module")
def roles(postgres_server: PostgresServer) -> Iterator[DatabaseRoles]:
    with roles_in_a_database_of_their_own(postgres_server, f"roles_{uuid4().hex}") as roles:
        for service in ("budgeting", "intake"):
            migrated(roles, service).close()
        yield roles


def migrated(roles: DatabaseRoles, service: str) -> PostgresStore:
    """A store that its owner has migrated, with the rights of its roles."""
    store = PostgresStore(roles.migration, service)
    store.migrate()
    store.grant_roles(PREFIX, ASKED_BY.get(service, ()))
    return store


@pytest.fixture
def owner(roles: DatabaseRoles) -> Iterator[PostgresStore]:
    """The ledger as its owner sees it, with something in each table."""
    with closing(PostgresStore(roles.migration, "budgeting")) as owner:
        if not owner.head().position:
            owner.append(Append(events=[an_event()], outcomes=[an_outcome()]))
        yield owner


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("change", CHANGES)
def test_no_change_of_a_ledgers_table_is_allowed(
    roles: DatabaseRoles, owner: PostgresStore, role: str, table: str, change: str
) -> None:
    before = contents(roles)

    refused(roles.dsn(role), CHANGES[change].format(table=table, column=COLUMNS[table]))

    assert contents(roles) == before


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("way", ROUNDABOUT)
def test_no_way_around_is_open_either(roles: DatabaseRoles, role: str, way: str) -> None:
    refused(roles.dsn(role), ROUNDABOUT[way])


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("table", TABLES)
def test_a_role_cannot_give_itself_or_others_a_right(
    roles: DatabaseRoles, owner: PostgresStore, role: str, table: str
) -> None:
    """PostgreSQL only warns of a grant by somebody who has nothing to give."""
    with psycopg.connect(roles.dsn(role), autocommit=True) as session:
        try:
            session.execute(f"GRANT ALL ON budgeting.{table} TO PUBLIC")
        except errors.InsufficientPrivilege:
            return  # It sees nothing at all of this table.

    for privilege in ("INSERT", "UPDATE", "DELETE", "TRUNCATE", "TRIGGER", "REFERENCES"):
        assert not has_privilege(roles, role, f"budgeting.{table}", privilege)


@pytest.mark.parametrize("table", ["events", "outcomes"])
@pytest.mark.parametrize("change", ["update", "delete", "truncate"])
def test_the_triggers_refuse_even_the_owner(
    roles: DatabaseRoles, owner: PostgresStore, table: str, change: str
) -> None:
    before = contents(roles)
    statement = CHANGES[change].format(table=table, column=COLUMNS[table])

    with (
        psycopg.connect(roles.migration) as session,
        pytest.raises(psycopg.Error, match="the ledger is append-only"),
    ):
        session.execute(statement)

    assert contents(roles) == before


@pytest.mark.parametrize("role", ["budgeting", "budgeting_relay"])
@pytest.mark.parametrize("table", ["intake.events", "intake_work.documents"])
def test_what_another_service_has_is_not_even_seen(
    roles: DatabaseRoles, role: str, table: str
) -> None:
    refused(roles.dsn(role), f"SELECT * FROM {table}")


def test_the_role_of_the_migration_is_no_superuser_and_cannot_pose_as_a_replication_worker(
    roles: DatabaseRoles,
) -> None:
    refused(roles.migration, "SET session_replication_role = replica")
    refused(roles.migration, "CREATE ROLE mine")


def test_a_services_role_may_do_all_that_a_service_does(roles: DatabaseRoles) -> None:
    event, case = an_event(), str(uuid4())
    with closing(PostgresStore(roles.dsn("budgeting"), "budgeting")) as store:
        store.append(
            Append(
                events=[event],
                tracking=[Tracked("intake/main", store.tracked("intake/main").position + 1, b"l")],
                outcomes=[an_outcome(key=case)],
                documents=[Document("case", case, b"1")],
            )
        )

        assert store.stream(event.originator_id)[0].event_id == event.event_id
        assert store.document("case", case) == b"1"
        assert store.outcome("portal", case) is not None
        store.append(Append(start_over=["intake/main"]))
        assert (store.document("case", case), store.tracked("intake/main").position) == (None, 0)
    with psycopg.connect(roles.dsn("budgeting")) as session:
        session.execute("DELETE FROM budgeting_work.documents")
        session.execute("TRUNCATE budgeting_work.documents")


def test_a_relays_role_may_read_the_ledger_and_move_its_position_and_append_nothing(
    roles: DatabaseRoles, owner: PostgresStore
) -> None:
    with closing(PostgresStore(roles.dsn("budgeting_relay"), "budgeting")) as store:
        assert store.events_after(0, 1)
        store.move_relay(store.relayed() + 1)

        with pytest.raises(StoreError, match="permission denied for function append"):
            store.append(Append(events=[an_event()]))
        with pytest.raises(StoreError, match="permission denied for table outcomes"):
            store.outcome("portal", "k-1")


def test_a_reader_sees_every_ledger_with_its_working_data_and_moves_nothing(
    roles: DatabaseRoles, owner: PostgresStore
) -> None:
    for service in ("budgeting", "intake"):
        with closing(PostgresStore(roles.dsn("reader"), service)) as store:
            store.head()
            store.documents("case")
            store.relayed()
            store.tracked("intake/main")
            with pytest.raises(StoreError, match="permission denied for table relay"):
                store.move_relay(1)
            with pytest.raises(StoreError, match="permission denied for function append"):
                store.append(Append(events=[an_event()]))


LOG_TABLES = ("heads", "tiles", "cosignatures", "timestamps")
LOG_CHANGES = {
    "update": "UPDATE budgeting_log.{table} SET epoch = epoch",
    "delete": "DELETE FROM budgeting_log.{table}",
    "truncate": "TRUNCATE budgeting_log.{table} CASCADE",
    "alter": "ALTER TABLE budgeting_log.{table} ADD COLUMN mine integer",
    "drop": "DROP TABLE budgeting_log.{table} CASCADE",
    "disable triggers": "ALTER TABLE budgeting_log.{table} DISABLE TRIGGER ALL",
    "hide rows": "ALTER TABLE budgeting_log.{table} ENABLE ROW LEVEL SECURITY",
    "lock": "LOCK TABLE budgeting_log.{table} IN EXCLUSIVE MODE",
    "create rule": "CREATE RULE mine AS ON INSERT TO budgeting_log.{table} DO INSTEAD NOTHING",
}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("table", LOG_TABLES)
@pytest.mark.parametrize("change", LOG_CHANGES)
def test_no_change_of_a_logs_table_is_allowed(
    roles: DatabaseRoles, role: str, table: str, change: str
) -> None:
    refused(roles.dsn(role), LOG_CHANGES[change].format(table=table))


@pytest.mark.parametrize(
    ("role", "table"),
    [
        (role, table)
        for role in ROLES
        for table in LOG_TABLES
        if role != "budgeting_checkpointer"
        and (role != "courier" or table not in ("cosignatures", "timestamps"))
    ],
)
def test_only_a_checkpointer_may_add_to_a_log_but_for_what_a_courier_brings_back(
    roles: DatabaseRoles, role: str, table: str
) -> None:
    insert = f"INSERT INTO budgeting_log.{table} SELECT * FROM budgeting_log.{table}"

    refused(roles.dsn(role), insert)


@pytest.mark.parametrize("table", LOG_TABLES)
@pytest.mark.parametrize("change", ["update", "delete", "truncate"])
def test_the_triggers_of_a_log_refuse_even_the_owner(
    roles: DatabaseRoles, owner: PostgresStore, table: str, change: str
) -> None:
    with (
        psycopg.connect(roles.migration) as session,
        pytest.raises(psycopg.Error, match="the log is append-only"),
    ):
        session.execute(LOG_CHANGES[change].format(table=table))


def test_a_checkpointer_reads_the_view_and_adds_longer_heads_and_nothing_else(
    roles: DatabaseRoles, owner: PostgresStore
) -> None:
    dsn = roles.dsn("budgeting_checkpointer")
    with (
        closing(PostgresLedgerView(dsn, "budgeting", "main")) as ledger,
        closing(PostgresLogStore(dsn, "budgeting", "main")) as log,
    ):
        assert ledger.events_after(0, 1) == owner.events_after(0, 1)
        leadership = log.lead()
        assert leadership
        leadership.end()
        log.add_head(SignedHead(256, b"r" * 32, b"note", NOON), [Tile(0, 0, b"h" * 8192)])
        log.cosign(256, "witness", b"line")
        log.add_timestamp(256, "authority", b"response")
        with pytest.raises(NotLonger):
            log.add_head(SignedHead(255, b"r" * 32, b"note", NOON), [])
    for table in ("budgeting.events", "budgeting.outcomes", "budgeting_work.documents"):
        refused(dsn, f"SELECT * FROM {table}")
    with closing(PostgresStore(dsn, "budgeting")) as store, pytest.raises(StoreError):
        store.append(Append(events=[an_event()]))


def test_what_an_auditor_asks_by_sql_is_logged_and_the_auditor_cannot_change_that(
    roles: DatabaseRoles,
) -> None:
    dsn = roles.dsn("auditor")
    with psycopg.connect(dsn) as connection:
        assert connection.execute("SHOW log_statement").fetchone() == ("all",)
    refused(dsn, "SET log_statement = 'none'")
    refused(dsn, "ALTER ROLE pruefpfad_auditor RESET log_statement")
    with pytest.raises(psycopg.OperationalError, match="permission denied to set parameter"):
        psycopg.connect(dsn, options="-c log_statement=none")
    with psycopg.connect(roles.dsn("budgeting")) as connection:
        assert connection.execute("SHOW log_statement").fetchone() == ("none",)


def test_the_servers_log_says_which_auditor_asked_what(
    postgres_server: PostgresServer, roles: DatabaseRoles
) -> None:
    sought = uuid4()
    with psycopg.connect(roles.dsn("auditor")) as connection:
        connection.execute(
            "SELECT state FROM budgeting.ledger_v1 WHERE originator_id = %s", (sought,)
        )
    with psycopg.connect(roles.dsn("reader")) as connection:
        connection.execute("SELECT 'nothing that is logged'")

    deadline = monotonic() + 10
    while str(sought) not in postgres_server.log_tail() and monotonic() < deadline:
        sleep(0.05)

    logged = postgres_server.log_tail()
    asked = [line for line in logged.splitlines() if "FROM budgeting.ledger_v1 WHERE" in line]
    assert asked and " pruefpfad_auditor@" in asked[-1]
    assert f"$1 = '{sought}'" in logged
    assert "nothing that is logged" not in logged


def test_an_auditor_sees_of_every_ledger_its_view_and_its_log_and_nothing_else(
    roles: DatabaseRoles, owner: PostgresStore
) -> None:
    dsn = roles.dsn("auditor")
    for service in ("budgeting", "intake"):
        with (
            closing(PostgresLedgerView(dsn, service, "main")) as ledger,
            closing(PostgresLogStore(dsn, service, "main")) as log,
        ):
            ledger.head()
            for head in log.heads():
                log.cosignatures(head.size)
                log.timestamps(head.size)
            log.tile_roots(0, 0, 1)
            with pytest.raises(StoreError, match="permission denied for table heads"):
                log.add_head(SignedHead(999, b"r" * 32, b"note", NOON), [])
        for table in ("events", "outcomes", "schema_version"):
            refused(dsn, f"SELECT * FROM {service}.{table}")
        for table in ("documents", "tracking", "relay"):
            refused(dsn, f"SELECT * FROM {service}_work.{table}")


def test_a_service_reads_its_own_log_and_no_other(roles: DatabaseRoles) -> None:
    with closing(PostgresLogStore(roles.dsn("budgeting"), "budgeting", "main")) as log:
        log.last_head()
    for role in ("budgeting", "budgeting_checkpointer"):
        refused(roles.dsn(role), "SELECT * FROM intake_log.heads")
    refused(roles.dsn("budgeting_checkpointer"), "SELECT * FROM intake.ledger_v1")


def test_intake_asks_what_budgeting_has_decided_and_may_do_nothing_else_there(
    roles: DatabaseRoles, owner: PostgresStore
) -> None:
    [event, *_] = owner.events_after(0, 1)
    dsn = roles.dsn("intake")
    with closing(PostgresLedgerView(dsn, "budgeting", "main")) as view, view.still():
        assert view.stream(event.originator_id) == owner.stream(event.originator_id)

    for table in ("budgeting.events", "budgeting.outcomes", "budgeting_work.documents"):
        refused(dsn, f"SELECT * FROM {table}")
    refused(dsn, "DELETE FROM budgeting.ledger_v1")
    refused(roles.dsn("intake_relay"), "SELECT * FROM budgeting.ledger_v1")
    refused(roles.dsn("budgeting"), "SELECT * FROM intake.ledger_v1")


def test_a_service_cannot_say_when_something_was_recorded(roles: DatabaseRoles) -> None:
    dated = PostgresStore(
        roles.dsn("budgeting"), "budgeting", clock=lambda: datetime(2099, 1, 1, tzinfo=UTC)
    )
    with closing(dated), pytest.raises(StoreError, match="only the owner of the ledger may bring"):
        dated.append(Append(events=[an_event()]))


def test_rights_that_a_role_had_beyond_its_own_are_taken_away_again(roles: DatabaseRoles) -> None:
    with psycopg.connect(roles.migration, autocommit=True) as session:
        session.execute("GRANT INSERT, DELETE ON budgeting.events TO pruefpfad_budgeting")
        session.execute("GRANT CREATE ON SCHEMA budgeting_work TO pruefpfad_budgeting")

    migrated(roles, "budgeting").close()

    assert not has_privilege(roles, "budgeting", "budgeting.events", "INSERT")
    refused(roles.dsn("budgeting"), ROUNDABOUT["a table in the working schema"])


def test_a_role_that_could_change_the_ledger_whatever_its_rights_is_refused(
    roles: DatabaseRoles, owner: PostgresStore
) -> None:
    member = sql.SQL("GRANT pruefpfad_migration TO pruefpfad_budgeting")
    with psycopg.connect(roles.superuser, autocommit=True) as session:
        session.execute(member)
        try:
            with pytest.raises(StoreError, match="'pruefpfad_budgeting' is a superuser or belongs"):
                owner.grant_roles(PREFIX)
        finally:
            session.execute("REVOKE pruefpfad_migration FROM pruefpfad_budgeting")


def test_roles_that_do_not_exist_are_named(owner: PostgresStore) -> None:
    with pytest.raises(StoreError, match="existing database role, and 'nobody_budgeting' is none"):
        owner.grant_roles("nobody_")
    with pytest.raises(StoreError, match="expected a role of at most 63 bytes"):
        owner.grant_roles("x" * 60)


def test_rights_in_a_store_that_was_not_migrated_name_the_command(roles: DatabaseRoles) -> None:
    with pytest.raises(NotMigrated, match="pruefpfad store migrate"):
        PostgresStore(roles.migration, "eligibility").grant_roles(PREFIX)


def test_a_store_without_roles_says_so(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="SQLite has no roles"):
        SQLiteStore(tmp_path / "budgeting.sqlite3", "budgeting").grant_roles(PREFIX)


def refused(dsn: str, statement: str) -> None:
    """The server refuses it for want of rights, and not for another reason."""
    with (
        psycopg.connect(dsn) as session,
        pytest.raises(errors.InsufficientPrivilege),
    ):
        session.execute(statement)


def contents(roles: DatabaseRoles) -> list[list[tuple[object, ...]]]:
    with psycopg.connect(roles.superuser) as session:
        return [
            session.execute(f"SELECT * FROM budgeting.{table} ORDER BY 1").fetchall()
            for table in TABLES
        ]


def has_privilege(roles: DatabaseRoles, role: str, table: str, privilege: str) -> bool:
    with psycopg.connect(roles.superuser) as session:
        [(found,)] = session.execute(
            "SELECT has_table_privilege(%s, %s, %s)", (f"{PREFIX}{role}", table, privilege)
        ).fetchall()
    return bool(found)


def test_a_courier_brings_back_what_others_say_of_heads_and_signs_none(
    roles: DatabaseRoles, owner: PostgresStore
) -> None:
    signing = roles.dsn("budgeting_checkpointer")
    with closing(PostgresLogStore(signing, "budgeting", "main")) as log:
        last = log.last_head()
        size = last.size if last else 7
        if last is None:
            log.add_head(SignedHead(size, b"r" * 32, b"note", NOON), [])
    with closing(PostgresLogStore(roles.dsn("courier"), "budgeting", "main")) as log:
        log.cosign(size, "witness.example", b"a line\n")
        log.add_timestamp(size, "tsa.example", b"\x30")

        assert log.cosigned_sizes("witness.example") == log.stamped_sizes() == [size]
        with pytest.raises(StoreError, match="permission denied for table heads"):
            log.add_head(SignedHead(999, b"r" * 32, b"note", NOON), [])
    for table in ("cosignatures", "timestamps"):
        refused(roles.dsn("courier"), f"DELETE FROM budgeting_log.{table}")
        refused(roles.dsn("auditor"), f"INSERT INTO budgeting_log.{table} DEFAULT VALUES")
    refused(roles.dsn("courier"), "SELECT * FROM budgeting.events")
    refused(roles.dsn("courier"), "SELECT * FROM budgeting_work.documents")
