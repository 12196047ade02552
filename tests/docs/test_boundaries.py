"""What docs/boundaries.md says of imports and followers is what the code does."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from pruefpfad.assembly import SERVICES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "boundaries.md").read_text(encoding="utf-8")
WITH_DOMAIN = ("intake", "eligibility", "budgeting", "disbursement")


def _imports(path: Path) -> set[str]:
    """The full names of the modules that a file imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def _domain_imports(service: str) -> set[str]:
    """What the domain and all that it stands on in its own package import from elsewhere."""
    package = f"grant_{service}"
    waiting, seen, foreign = [f"{package}.domain"], set[str](), set[str]()
    for assembled in SERVICES[service].aggregates:
        waiting.append(assembled.__module__)
    while waiting:
        module = waiting.pop()
        if module in seen:
            continue
        seen.add(module)
        imported = _imports(ROOT / "services" / f"{module.replace('.', '/')}.py")
        waiting += [name for name in imported if name.startswith(f"{package}.")]
        foreign |= {name for name in imported if not name.startswith(f"{package}.")}
    return foreign


@pytest.mark.parametrize("service", WITH_DOMAIN)
def test_a_domain_imports_the_standard_library_the_aggregates_and_values_only(service: str) -> None:
    allowed = {"eventsourcing.domain"}
    foreign = {
        name
        for name in _domain_imports(service)
        if name.partition(".")[0] not in {*sys.stdlib_module_names, "grant_values"}
    }

    assert foreign <= allowed


@pytest.mark.parametrize("service", WITH_DOMAIN)
def test_a_domain_imports_no_clock_database_or_socket(service: str) -> None:
    assert _domain_imports(service) & {"time", "random", "socket", "sqlite3", "os"} == set()


def test_the_page_lists_whom_each_service_follows() -> None:
    for name, service in SERVICES.items():
        upstreams = ", ".join(sorted(service.policies.upstreams)) or "–"
        assert f"| {name} | {upstreams} |" in PAGE


def test_the_page_names_every_package() -> None:
    packages = {path.parent.name for path in ROOT.glob("s*/*/__init__.py")}

    assert len(packages) == 10
    assert {package for package in packages if f"`{package}`" not in PAGE} == set()
