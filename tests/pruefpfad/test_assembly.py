"""A process holds its own service only, and the command line knows them all."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pruefpfad.assembly import SERVICES

PACKAGES = {name: f"grant_{name}" for name in SERVICES}
PROGRAM = """
import json, sys
from grant_bus.nameko import hub
hub.patch()
from pruefpfad.processes import service_process
service_process.SERVICES[sys.argv[1]]
service_process._service_class(sys.argv[1])
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


@pytest.mark.parametrize("service", PACKAGES)
def test_a_process_imports_its_own_service_and_no_other(service: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, service], capture_output=True, check=True, text=True
    )

    imported = set(json.loads(run.stdout))
    assert imported & set(PACKAGES.values()) == {PACKAGES[service]}
    assert ("sepaxml" in imported) == (service == "disbursement")
    assert "dns" not in imported  # eventlet's own look-up of names takes 20 MB.


def test_every_service_is_there_under_its_own_name() -> None:
    assert [service.name for service in SERVICES.values()] == list(SERVICES)
    assert len(SERVICES) == 5
    assert "payroll" not in SERVICES
    with pytest.raises(KeyError):
        SERVICES["payroll"]


@pytest.mark.parametrize("name", SERVICES)
def test_every_command_of_a_service_can_be_given_by_rpc(name: str) -> None:
    folder = Path(__file__).parents[2] / "services" / f"grant_{name}"
    methods = re.findall(
        r'^    (\w+) = command\("(.+)"\)$', (folder / "service.py").read_text("utf-8"), re.M
    )

    assert {(command, f"{name}.{command}") for command in SERVICES[name].commands} == set(methods)
