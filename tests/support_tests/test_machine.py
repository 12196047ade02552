"""Where servers are found, how they are installed, and what is said when they cannot be had."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from support.machine import Engine, Machine, Programs, ServerMissing
from support.packages import services_stay_off
from support.postgres import PostgresServer
from support.rabbitmq import RabbitServer


def a_program_folder(folder: Path, *names: str, script: str = "") -> Path:
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).touch(mode=0o755)
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    return folder


def test_a_machine_without_servers_is_told_which_command_to_run(tmp_path: Path):
    empty = Machine(path="", root=tmp_path, is_root_user=False)

    with pytest.raises(ServerMissing, match="sudo apt-get install postgresql rabbitmq-server"):
        PostgresServer(empty)
    with pytest.raises(ServerMissing, match="sudo apt-get install postgresql rabbitmq-server"):
        RabbitServer(empty)


def test_root_without_a_package_manager_is_told_too(tmp_path: Path):
    with pytest.raises(ServerMissing, match="sudo apt-get install"):
        Machine(path="", root=tmp_path, is_root_user=True).find_postgres()


def test_the_newest_complete_postgres_is_taken(tmp_path: Path):
    versions = tmp_path / "usr/lib/postgresql"
    for version in ("9.6", "15", "16"):
        a_program_folder(versions / version / "bin", "initdb", "postgres", "pg_ctl")
    a_program_folder(versions / "17/bin", "psql")  # A client alone is no server.

    found = Machine(path="", root=tmp_path).find_postgres()

    assert found == Programs(versions / "16/bin")


def test_servers_on_the_search_path_are_found(tmp_path: Path):
    programs = a_program_folder(tmp_path / "opt/sbin", "rabbitmq-server", "rabbitmqctl")

    assert Machine(path=str(programs), root=tmp_path).find_rabbitmq() == Programs(programs)


def test_an_engine_that_does_not_answer_counts_as_none(tmp_path: Path):
    folder = a_program_folder(tmp_path / "bin", "docker", script="exit 1")

    with pytest.raises(ServerMissing):
        Machine(path=str(folder), root=tmp_path, is_root_user=False).find_rabbitmq()


def test_an_engine_that_answers_takes_the_place_of_missing_programs(tmp_path: Path):
    folder = a_program_folder(tmp_path / "bin", "podman", script="exit 0")

    found = Machine(path=str(folder), root=tmp_path, is_root_user=False).find_postgres()

    assert found == Engine(folder / "podman")


def test_root_has_missing_servers_installed_while_no_service_may_start(tmp_path: Path):
    bin_folder = tmp_path / "usr/lib/rabbitmq/bin"
    policy = a_program_folder(tmp_path / "usr/sbin") / "policy-rc.d"
    install = f"""
        {policy}; [ $? = 101 ] || exit 1
        [ "$1" = update ] && exit
        /bin/mkdir -p {bin_folder}
        for name in rabbitmq-server rabbitmqctl; do
            echo > {bin_folder}/$name && /bin/chmod +x {bin_folder}/$name
        done"""
    folder = a_program_folder(tmp_path / "bin", "apt-get", script=install)

    found = Machine(path=str(folder), root=tmp_path, is_root_user=True).find_rabbitmq()

    assert found == Programs(bin_folder)
    assert not policy.exists()


def test_a_package_manager_that_fails_is_quoted(tmp_path: Path):
    folder = a_program_folder(tmp_path / "bin", "apt-get", script="echo no network >&2; exit 100")
    (tmp_path / "usr/sbin").mkdir(parents=True)

    with pytest.raises(ServerMissing, match="no network"):
        Machine(path=str(folder), root=tmp_path, is_root_user=True).find_postgres()


@pytest.mark.parametrize("own_policy", [None, "#!/bin/sh\nexit 104\n"])
def test_installing_starts_no_service_and_leaves_the_machines_policy_as_it_was(
    tmp_path: Path, own_policy: str | None
):
    policy = tmp_path / "policy-rc.d"
    if own_policy is not None:
        policy.write_text(own_policy)

    with services_stay_off(policy):
        assert subprocess.run([policy]).returncode == 101

    assert (policy.read_text() if policy.exists() else None) == own_policy
