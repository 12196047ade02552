"""An operator on SQLite, and the verifier run as an auditor does: from the bundle, by itself."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from bundle.operator import Operator, an_operator, some_cases
from grant_audit.bundle.scope import Scope
from grant_audit.bundle.writer import Extras, write_bundle

SCHEMAS = {"intake.ApplicationSubmitted.v1.json": "{}\n"}


class Verdict(NamedTuple):
    exit_code: int
    report: dict[str, Any]

    @property
    def places(self) -> set[tuple[str, str]]:
        return {(each["check"], each["at"]) for each in self.report["findings"]}


@pytest.fixture
def operator(tmp_path: Path) -> Iterator[Operator]:
    with an_operator(f"sqlite:///{tmp_path / 'data'}", tmp_path) as operator:
        some_cases(operator, 40)
        yield operator


def bundled(operator: Operator, path: Path, scope: Scope = Scope()) -> Path:  # noqa: B008
    extras = Extras("pruefpfad.test", operator.public_keys(), SCHEMAS)
    write_bundle(path, operator.sources, scope, extras)
    return path


def verdict_on(bundle: Path, trust: Path, known: Sequence[Path]) -> Verdict:
    """Unpack verify.py from the bundle and run it in a process that sees no package of ours."""
    program = bundle.parent / "verify.py"
    with zipfile.ZipFile(bundle) as file:
        program.write_bytes(file.read("verify.py"))
    heads = [word for note in known for word in ("--known-head", str(note))]
    words = [str(bundle), "--json", "--trust", str(trust), *heads]
    run = subprocess.run(
        [sys.executable, "-I", str(program), *words], capture_output=True, text=True, check=False
    )
    assert run.stdout, run.stderr
    return Verdict(run.returncode, json.loads(run.stdout))


def names(bundle: Path) -> list[str]:
    with zipfile.ZipFile(bundle) as file:
        return file.namelist()


def read_json(bundle: Path, name: str) -> Any:
    with zipfile.ZipFile(bundle) as file:
        return json.loads(file.read(name))
