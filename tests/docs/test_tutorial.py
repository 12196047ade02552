"""The tutorial runs as it stands: each block is pasted into one shell, and its output compared."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```(bash|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = "== end of block =="


def run_blocks(blocks: list[str], folder: Path) -> list[str]:
    """Run all blocks in one shell; what each of them printed, errors and output together."""
    script = "set -u\n" + "".join(f"{block}\necho '{MARK}'\n" for block in blocks)
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "160",
    }
    finished = subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout
    return finished.stdout.split(f"{MARK}\n")[:-1]


def test_the_tutorial_can_be_pasted_and_prints_what_it_says(tmp_path):
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    found = BLOCK.findall((ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8"))
    blocks = [text for kind, text in found if kind == "bash"]
    expected = {
        sum(kind == "bash" for kind, _ in found[:index]): text
        for index, (kind, text) in enumerate(found)
        if kind == "text"
    }
    assert len(expected) == len(found) - len(blocks)

    printed = run_blocks(blocks, tmp_path)

    assert len(printed) == len(blocks)
    for number, text in expected.items():
        assert printed[number - 1] == text
    assert "9.000,00 €" in printed[-1]
    assert "ZIQ-2020-0001,,Gesundes Aufwachsen" in printed[-1]
