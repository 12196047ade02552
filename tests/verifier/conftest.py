"""An honest history, and the verifier run as an auditor runs it: as a file of its own."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest

from verifier.forge import History, Log, events

VERIFY = Path(__file__).parents[2] / "services/grant_audit/verifier/verify.py"


class Verdict(NamedTuple):
    exit_code: int
    findings: list[dict[str, str]]
    report: dict[str, Any]
    complaint: str

    @property
    def places(self) -> set[tuple[str, str]]:
        return {(finding["check"], finding["at"]) for finding in self.findings}

    @property
    def checks(self) -> set[str]:
        return {finding["check"] for finding in self.findings}


Ask = Callable[..., Verdict]


@pytest.fixture(scope="session")
def verifier() -> ModuleType:
    """The program, loaded from its path: it belongs to no package of ours."""
    spec = importlib.util.spec_from_file_location("verify_alone", VERIFY)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules[spec.name] = module  # Its dataclasses look themselves up there.
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def ask(verifier: ModuleType, capsys: pytest.CaptureFixture[str]) -> Ask:
    def asked(bundle: Path, trust: Path | None, known: Sequence[Path], *more: str) -> Verdict:
        words = [str(bundle), "--json", *more]
        if trust:
            words += ["--trust", str(trust)]
        if known:
            words += ["--known-head", *map(str, known)]
        exit_code = verifier.main(words)
        said = capsys.readouterr()
        report = json.loads(said.out) if said.out else {"findings": []}
        return Verdict(exit_code, report["findings"], report, said.err)

    return asked


def honest(counts: Sequence[int] = (300, 300, 290)) -> History:
    """Three logs that follow one another, each signed and cosigned twice, last at its end."""
    names = ("intake", "eligibility", "budgeting")
    causes = ("", "intake/main", "eligibility/main")
    return History(
        [
            Log(name, events(name, count, cause=cause), heads=(count // 2, count))
            for name, count, cause in zip(names, counts, causes, strict=True)
        ]
    )


class Outside(NamedTuple):
    """What an auditor has before the bundle comes: keys and last heads."""

    trust: Path
    known: list[Path]


@pytest.fixture
def history() -> History:
    return honest()


@pytest.fixture
def outside(history: History, tmp_path: Path) -> Outside:
    """Taken from the history before a test spoils it."""
    return Outside(history.trust(tmp_path / "keys"), history.known(tmp_path))
