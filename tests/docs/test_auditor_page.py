"""The auditor's page runs as it stands, and finds what was altered where it was altered."""

from __future__ import annotations

import json
import re
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from docs.test_tutorial import BLOCK, run_blocks
from pruefpfad.cli import demo
from pruefpfad.cli.root import main
from pruefpfad.scripted import story
from verifier.conftest import VERIFY

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "auditor.md").read_text(encoding="utf-8")
FOUND = BLOCK.findall(PAGE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A place with the story where `make demo` leaves it: one grant, approved and paid."""
    data = tmp_path / "var" / "demo" / "story"
    story.Story(ROOT / "examples" / "zusammen-im-quartier", data, Console(file=StringIO())).tell()
    return tmp_path


def test_the_page_leads_from_a_bundle_to_a_finding(folder: Path) -> None:
    blocks = [text for kind, text in FOUND if kind == "bash"]
    [expected] = [text for kind, text in FOUND if kind == "text"]

    printed = "".join(run_blocks(blocks, folder))

    assert printed.count("Verdict: VERIFIED.") == 2
    for line in expected.splitlines():
        assert line in printed
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert {(each["check"], each["at"]) for each in report["findings"]} == {
        ("leaf", "budgeting/main/21")
    }
    before = json.loads((folder / "before.json").read_text(encoding="utf-8"))
    now = json.loads((folder / "now.json").read_text(encoding="utf-8"))
    assert before["topic"] == "budgeting.GrantApproved"
    assert now["state"]["terms"]["grant_cents"] > before["state"]["terms"]["grant_cents"]
    assert len((folder / "evidence.sha256").read_text().splitlines()) == 9


def test_the_page_looks_for_the_story_where_the_demonstration_tells_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[Path] = []

    def tell(_: Path, data: Path, __: Console) -> None:
        told.append(data)
        raise KeyboardInterrupt  # The list that follows it takes minutes.

    monkeypatch.setattr(demo, "Story", tell)
    CliRunner().invoke(main, ["--data", "var/demo", "demo"])

    assert set(re.findall(r"var/demo[/a-z]*(?= |/keys|`)", PAGE)) == {str(told[0])}


def test_every_check_of_the_verifier_is_explained() -> None:
    source = VERIFY.read_text(encoding="utf-8")
    checks = re.findall(r'^    "([a-z ]+)": "', source, re.MULTILINE)

    assert len(checks) > 10
    for check in checks:
        assert f"`{check}`" in PAGE or check in ("witness",), check
