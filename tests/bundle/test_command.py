"""`pruefpfad audit bundle` on a data directory, and on PostgreSQL with an auditor's rights."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bundle.conftest import SCHEMAS, names, read_json, verdict_on
from bundle.operator import Operator, an_operator, some_cases
from grant_audit.bundle.scope import Scope
from grant_audit.bundle.writer import Extras, write_bundle
from grant_store.opening import open_ledger_view
from pruefpfad.bundles import sources_of
from pruefpfad.cli.root import main
from support.postgres import PostgresServer
from support.roles import PREFIX, DatabaseRoles, roles_in_a_database_of_their_own


def call(data: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["--data", str(data), "audit", "bundle", *words])


def test_a_data_directory_becomes_a_bundle(operator: Operator, tmp_path: Path) -> None:
    operator.sign_all()
    path = tmp_path / "b.zip"

    done = call(tmp_path / "data", "--all", "-o", str(path), "--keys", str(tmp_path / "keys"))

    assert done.exit_code == 0, done.output
    assert "intake/main" in done.output
    assert "keys/pruefpfad.test.intake.main.vkey" in names(path)
    assert "schemas/intake.ApplicationSubmitted.v2.json" in names(path)
    assert verdict_on(path, operator.trust(), operator.known()).exit_code == 0
    assert (tmp_path / "b.zip.sha256").read_text() == f"{_sha256(path)}  b.zip\n"


def _sha256(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def test_programs_get_json(operator: Operator, tmp_path: Path) -> None:
    operator.sign_all()
    path = tmp_path / "b.zip"

    done = call(tmp_path / "data", "--case", "ZIQ-3", "-o", str(path), "--json")

    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["file"] == str(path)
    assert said["events"] == 8
    assert said["logs"][0]["service"] == "intake"


def test_events_above_the_last_head_are_mentioned(operator: Operator, tmp_path: Path) -> None:
    done = call(tmp_path / "data", "--all", "-o", str(tmp_path / "b.zip"))

    assert done.exit_code == 0
    assert "the verdict will be incomplete" in done.output


@pytest.mark.parametrize("words", [(), ("--all", "--case", "ZIQ-1")])
def test_everything_or_a_part_not_both_and_not_neither(
    words: tuple[str, ...], operator: Operator, tmp_path: Path
) -> None:
    done = call(tmp_path / "data", *words, "-o", str(tmp_path / "b.zip"))

    assert done.exit_code == 2
    assert "either --all, or --case and --programme" in done.output


def test_an_unknown_case_is_refused_by_its_name(operator: Operator, tmp_path: Path) -> None:
    done = call(tmp_path / "data", "--case", "ZIQ-999", "-o", str(tmp_path / "b.zip"))

    assert done.exit_code == 4
    assert "case: expected the reference of an application, not 'ZIQ-999'" in done.output
    assert not (tmp_path / "b.zip").exists()


def test_a_folder_that_is_not_there_is_told_before_anything_is_read_or_put_on_record(
    tmp_path: Path,
) -> None:
    path = tmp_path / "none" / "b.zip"
    who = ("--actor-token", "TOKEN", "--purpose", "Stichprobe 2026")

    done = call(tmp_path / "data", "--all", "-o", str(path), *who)

    assert done.exit_code == 4
    expected = f"output: expected a folder that exists and takes files for {path}\n"
    assert done.stderr == expected
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def roles(postgres_server: PostgresServer) -> Iterator[DatabaseRoles]:
    with roles_in_a_database_of_their_own(postgres_server, "bundles") as roles:
        yield roles


def test_an_auditors_rights_suffice_on_postgresql(roles: DatabaseRoles, tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    with an_operator(roles.migration, tmp_path) as operator:
        some_cases(operator, 3)
        operator.sign_all()
        for store in operator.stores.values():
            store.grant_roles(PREFIX)

        with sources_of(roles.dsn("auditor"), "main") as sources:
            write_bundle(path, sources, Scope(), Extras("pruefpfad.test", {}, SCHEMAS))

        assert verdict_on(path, operator.trust(), operator.known()).exit_code == 0


def test_on_servers_nobody_gets_a_bundle_without_saying_who_they_are(tmp_path: Path) -> None:
    url = ("--database-url", "postgresql://auditor@db.example/grants")

    done = call(tmp_path, "--all", "-o", str(tmp_path / "b.zip"), *url)

    assert done.exit_code == 4
    assert "actor-token: expected that of an auditor" in done.output


def test_who_took_a_bundle_is_on_record(tmp_path: Path) -> None:
    mandate = ("--id", "P-1", "--role", "auditor", "--from", "2020-01-01", "--until", "2099-12-31")
    token = CliRunner().invoke(main, ["--data", str(tmp_path), "actor", "token", *mandate])
    who = ("--actor-token", token.stdout.strip(), "--purpose", "Stichprobe 2026")
    CliRunner().invoke(main, ["--data", str(tmp_path), "store", "migrate"])

    done = call(tmp_path, "--all", "-o", str(tmp_path / "b.zip"), *who)

    assert done.exit_code == 0, done.output
    with closing(open_ledger_view(f"sqlite:///{tmp_path}", "audit")) as ledger:
        [row] = ledger.events_after(0, 10)
    looked = json.loads(row.state)
    assert (looked["question"], looked["purpose"]) == ("audit bundle", "Stichprobe 2026")


def test_the_witness_policy_is_in_the_bundle_and_told_to_who_asks_for_less(
    operator: Operator, tmp_path: Path
) -> None:
    operator.sign_all()
    policy, path = tmp_path / "witnesses.toml", tmp_path / "b.zip"
    policy.write_text(
        'quorum = 2\nwitnesses = ["rechnungshof.example/w", "pruefbehoerde.example/w1"]'
    )

    done = call(tmp_path / "data", "--all", "-o", str(path), "--witness-policy", str(policy))

    assert done.exit_code == 0, done.output
    assert read_json(path, "policy.json") == {
        "quorum": 2,
        "witnesses": ["pruefbehoerde.example/w1", "rechnungshof.example/w"],
        "cosigned_by": ["pruefbehoerde.example/w1"],
    }
    verdict = verdict_on(path, operator.trust(), operator.known())
    assert verdict.exit_code == 0
    assert verdict.report["notes"][:1] == [
        "By the operator's policy at least 2 of the witnesses must sign each head;"
        " you asked for 1 (--quorum)."
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('quorum = 2\nwitnesses = ["a.example/w"]', "expected a number from 1 to 1"),
        ("quorum = 1", "expected a list of names"),
        ('quorum = 1\nwitnesses = ["a b"]', "expected a list of names"),
        ('quorum = 1\nwitnesses = ["a", "a"]', "expected each witness once"),
        ('quorum = 1\nwitnesses = ["a"]\nmore = 1', "not more"),
        ("quorum", "expected TOML"),
    ],
)
def test_a_policy_that_is_none_is_refused(content: str, said: str, tmp_path: Path) -> None:
    policy = tmp_path / "witnesses.toml"
    policy.write_text(content)

    done = call(
        *(tmp_path, "--all", "-o", str(tmp_path / "b.zip"), "--witness-policy", str(policy))
    )

    assert done.exit_code == 4
    assert said in " ".join(done.output.split())
