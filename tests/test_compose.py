"""The container files say what the code reads: commands, names of the environment, ports."""

from __future__ import annotations

import json
import re
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import click
import pytest
import yaml

from grant_store.personal.encryption_keys import FILE_NAME
from pruefpfad.assembly import SERVICES
from pruefpfad.cli.root import main
from pruefpfad.processes.configuration import (
    ACTOR_KEY,
    FOR_CHECKPOINTER,
    FOR_MIGRATION,
    FOR_RELAY,
    FOR_SERVICE,
    FOR_VAULT_MIGRATION,
    FOR_VAULT_SERVICE,
    HEADS_DIR,
    LOG_KEYS,
    LOG_PUBLIC_KEYS,
    SETTINGS,
    VAULT_KEYS,
    Setting,
)

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
PARTS: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: part for name, part in PARTS.items() if "build" in part}
ROLES_BESIDE = ("relay", "checkpointer")
SERVER_PORTS = {"postgres": 5432, "vault": 5432, "rabbitmq": 5672}
OPEN_PERSONAL_DATA = {name for name, each in SERVICES.items() if each.opens_personal_data}
MIGRATIONS = {"migrate": "postgres", "migrate-vault": "vault"}
VAULT_ROLES = (ROOT / "infra/postgres/vault_roles.sql").read_text(encoding="utf-8")
ROLES = (ROOT / "infra/postgres/roles.sql").read_text(encoding="utf-8")
DEFINITIONS: dict[str, Any] = json.loads(
    (ROOT / "infra/rabbitmq/definitions.json").read_text(encoding="utf-8")
)
DOCKERFILE = (ROOT / "infra/docker/Dockerfile").read_text(encoding="utf-8")


def names(settings: tuple[Setting, ...]) -> set[str]:
    return {setting.name for setting in settings}


def expected_parts() -> dict[str, tuple[list[str], set[str]]]:
    """Command and environment of each of our containers, from the code's own tables."""
    read_by = dict.fromkeys(OPEN_PERSONAL_DATA, FOR_VAULT_SERVICE)
    services = {name: (["serve", name], names(read_by.get(name, FOR_SERVICE))) for name in SERVICES}
    relays = {f"{name}-relay": (["relay", name], names(FOR_RELAY)) for name in SERVICES}
    checkpointers = {
        f"{name}-checkpointer": (["checkpointer", name], names(FOR_CHECKPOINTER))
        for name in SERVICES
    }
    return {
        **services,
        **relays,
        **checkpointers,
        "migrate": (["store", "migrate"], names(FOR_MIGRATION)),
        "migrate-vault": (["keys", "migrate"], names(FOR_VAULT_MIGRATION)),
    }


def test_each_service_relay_and_checkpointer_has_a_container_with_its_command_and_environment() -> (
    None
):
    assert {
        name: (part["command"], set(part["environment"])) for name, part in OURS.items()
    } == expected_parts()


@pytest.mark.parametrize("name", sorted(OURS))
def test_the_command_line_understands_the_command_and_the_health_check(name: str) -> None:
    assert _is_understood(OURS[name]["command"])
    check: Any = OURS[name].get("healthcheck")
    if name in MIGRATIONS:
        assert check is None
    else:
        kind, program, *words = check["test"]
        assert (kind, program) == ("CMD", "pruefpfad")
        role = next((each for each in ROLES_BESIDE if name.endswith(f"-{each}")), "service")
        assert words == ["health", role, OURS[name]["command"][1]]
        assert _is_understood(words)


def test_addresses_lead_to_the_servers_of_this_file_at_the_ports_they_listen_on() -> None:
    for part in OURS.values():
        for name, value in part["environment"].items():
            is_left_out = re.fullmatch(r"\$\{\w+:-\}", value)  # Empty, or all of it is in .env.
            if name.endswith("_URL") and not is_left_out:
                address = urlsplit(re.sub(r"\$\{[^}]*\}", "secret", value))
                assert SERVER_PORTS[str(address.hostname)] == address.port


def test_each_process_is_a_database_role_of_its_own_that_the_server_is_told_to_make() -> None:
    postgres = PARTS["postgres"]["environment"]
    made = dict(re.findall(r"_(\w+)_PASSWORD\nCREATE ROLE (\w+) ", ROLES))
    of_ledgers = set(OURS) - {"migrate-vault"}
    roles = {name: name.replace("-", "_") for name in of_ledgers} | {"migrate": "migration"}

    assert sorted(name.lower() for name in made) == sorted(
        [*roles.values(), "reader", "auditor", "courier"]
    )
    for part, role in roles.items():
        prefix = OURS["migrate"]["environment"]["PRUEFPFAD_ROLE_PREFIX"]
        password = postgres[f"POSTGRES_{role.upper()}_PASSWORD"]
        assert made[role.upper()] == f"{prefix}{role}"
        assert OURS[part]["environment"]["PRUEFPFAD_DATABASE_URL"] == (
            f"postgresql://{prefix}{role}:{password}@postgres:5432/{postgres['POSTGRES_DB']}"
        )
    assert len(set(postgres.values())) == len(postgres)
    assert (
        "./infra/postgres/roles.sql:/docker-entrypoint-initdb.d/roles.sql:ro"
        in (PARTS["postgres"]["volumes"])
    )


def test_who_opens_or_seals_personal_data_is_a_role_of_the_vault() -> None:
    vault = PARTS["vault"]["environment"]
    made = dict(re.findall(r"VAULT_(\w+)_PASSWORD\nCREATE ROLE (\w+) ", VAULT_ROLES))
    roles = {name: name for name in OPEN_PERSONAL_DATA} | {"migrate-vault": "owner"}

    assert {name.lower() for name in made} == {*roles.values(), "border"}
    for part, role in roles.items():
        password = vault[f"VAULT_{role.upper()}_PASSWORD"]
        assert OURS[part]["environment"]["PRUEFPFAD_VAULT_URL"] == (
            f"postgresql://{made[role.upper()]}:{password}@vault:5432/{vault['POSTGRES_DB']}"
        )
    assert len(set(vault.values())) == len(vault)


def test_nobody_else_is_told_where_the_vault_is() -> None:
    told = {name for name, part in OURS.items() if "VAULT" in str(part)}

    assert told == {*OPEN_PERSONAL_DATA, "migrate-vault"}
    assert not set(PARTS["vault"]["environment"].values()) & set(
        PARTS["postgres"]["environment"].values()
    )


def test_each_process_is_a_user_of_the_broker_that_its_definitions_make() -> None:
    rabbitmq = PARTS["rabbitmq"]["environment"]
    users = {user["name"]: user["password_hash"] for user in DEFINITIONS["users"]}
    [virtual_host] = DEFINITIONS["vhosts"]
    on_broker = {name for name in OURS if "PRUEFPFAD_AMQP_URL" in OURS[name]["environment"]}

    assert on_broker == set(users) - {"operator", "sender"}
    assert set(users.values()) == {f"${{{variable}}}" for variable in rabbitmq}
    for name in on_broker:
        password = rabbitmq[users[name].strip("${}")]
        assert OURS[name]["environment"]["PRUEFPFAD_AMQP_URL"] == (
            f"amqp://{name}:{password}@rabbitmq:5672/{virtual_host['name']}"
        )
    assert len(set(rabbitmq.values())) == len(rabbitmq)


def test_the_broker_loads_the_definitions_that_its_start_has_filled_in() -> None:
    broker = PARTS["rabbitmq"]
    mounted = {place: file for file, place, *_ in (each.split(":") for each in broker["volumes"])}
    shell, script, definitions, filled_in, *start = broker["entrypoint"]
    settings = (ROOT / mounted["/etc/rabbitmq/rabbitmq.conf"]).read_text(encoding="utf-8")

    assert (shell, start, broker["command"]) == (
        "sh",
        ["docker-entrypoint.sh"],
        ["rabbitmq-server"],
    )
    assert (ROOT / mounted[script]).is_file()
    assert ROOT / mounted[definitions] == ROOT / "infra/rabbitmq/definitions.json"
    assert f"load_definitions = {filled_in}" in settings.splitlines()


def test_ports_are_published_on_the_loopback_address_only() -> None:
    published = {name: part["ports"] for name, part in PARTS.items() if "ports" in part}

    assert set(published) == set(SERVER_PORTS)
    for name, [port] in published.items():
        assert re.fullmatch(rf"127\.0\.0\.1:\$\{{\w+:-\d+\}}:{SERVER_PORTS[name]}", port)


@pytest.mark.parametrize("name", sorted(OURS))
def test_files_and_folders_are_mounted_where_the_processes_look_for_them(name: str) -> None:
    environment = OURS[name]["environment"]
    looked_for = {
        value
        for variable, value in environment.items()
        if variable in {each.name for each in (ACTOR_KEY, LOG_KEYS, HEADS_DIR, LOG_PUBLIC_KEYS)}
    }
    if VAULT_KEYS.name in environment:
        file = PurePosixPath(environment[VAULT_KEYS.name])
        assert file.name == FILE_NAME
        # Its folder: another file takes its place, and a mounted file stays the old one.
        looked_for.add(str(file.parent))
    mounted = OURS[name].get("volumes", [])

    expected = {f"{path}:ro" for path in looked_for - {environment.get(LOG_KEYS.name)}}
    if LOG_KEYS.name in environment:  # Keys are made there, in a folder that nobody else sees.
        service = name.removesuffix("-checkpointer")
        assert (
            f"${{LOG_KEYS_DIR:?set it in .env}}/{service}:{environment[LOG_KEYS.name]}" in mounted
        )
        mounted = [mount for mount in mounted if "LOG_KEYS_DIR" not in mount]

    assert {mount.rpartition("}:")[2] for mount in mounted} == expected


def test_only_checkpointers_see_the_keys_of_the_logs() -> None:
    seeing = {name for name, part in OURS.items() if "LOG_KEYS" in str(part)}

    assert seeing == {f"{name}-checkpointer" for name in SERVICES}


def test_nothing_starts_before_what_it_needs_and_everything_may_finish_its_work() -> None:
    for name, part in OURS.items():
        waits_for = {on: how["condition"] for on, how in part["depends_on"].items()}
        expected = {MIGRATIONS.get(name, "postgres"): "service_healthy"}
        if name not in MIGRATIONS:
            expected["migrate"] = "service_completed_successfully"
        if name in OPEN_PERSONAL_DATA:
            expected["vault"] = "service_healthy"
            expected["migrate-vault"] = "service_completed_successfully"
        if "PRUEFPFAD_AMQP_URL" in part["environment"]:
            expected["rabbitmq"] = "service_healthy"
        assert waits_for == expected
    assert all("stop_grace_period" in part for part in PARTS.values())
    assert all("healthcheck" in PARTS[name] for name in SERVER_PORTS)


def test_no_secret_stands_in_the_file_and_a_missing_one_is_an_error() -> None:
    values = re.findall(r"^ +\w*(?:PASSWORD|PASS): *(.+)$", TEXT, flags=re.MULTILINE)
    values += re.findall(r"://[\w-]+:(.+?)@", TEXT)

    assert len(values) >= 3 * len(OURS)
    assert all(re.fullmatch(r"\$\{\w+:\?[^}]+\}", value) for value in values)


def test_the_example_of_the_environment_names_everything_that_the_file_takes() -> None:
    example = (ROOT / "infra/docker/env.example").read_text(encoding="utf-8")
    named = dict(re.findall(r"^(\w+)=(.*)$", example, flags=re.MULTILINE))
    taken = dict(re.findall(r"\$\{(\w+)(?::-([^}]*))?", TEXT))

    assert named == taken
    assert {name for name in taken if name.startswith("PRUEFPFAD_")} - {"PRUEFPFAD_VERSION"} < (
        names(SETTINGS)
    )


def test_the_image_takes_its_versions_from_the_constraints_and_does_not_run_as_root() -> None:
    stages = DOCKERFILE.split("FROM ")

    assert re.search(r"PIP_CONSTRAINT=/source/constraints.txt", DOCKERFILE)
    assert re.search(r"^USER (?!0|root)\S+$", stages[-1], flags=re.MULTILINE)
    assert all(stage.startswith("python:3.11-slim") for stage in stages[1:])


def _is_understood(words: list[str]) -> bool:
    """Whether the command line has this command, and takes what follows as its arguments."""
    command: click.Command = main
    rest = list(words)
    while isinstance(command, click.Group) and rest:
        found = command.commands.get(rest.pop(0))
        if found is None:
            return False
        command = found
    return not isinstance(command, click.Group) and bool(command.make_context("test", rest))
