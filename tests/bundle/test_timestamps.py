"""Time stamps in a bundle: what they stamp and when; the authority's signature is for openssl."""

from __future__ import annotations

import re
import shlex
import subprocess
import zipfile
from pathlib import Path

import pytest

from bundle.conftest import bundled, verdict_on
from bundle.operator import Operator
from store.log.timestamp_authority import TimestampAuthority

AUTHORITY = "tsa.example"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> TimestampAuthority:
    return TimestampAuthority(tmp_path_factory.mktemp("tsa") / "authority")


def head_text(operator: Operator) -> bytes:
    """What is stamped: the three lines that intake's log has signed."""
    head = operator.source("intake").log.last_head()
    assert head
    return head.note.partition(b"\n\n")[0] + b"\n"


def stamped(operator: Operator, response: bytes) -> None:
    operator.source("intake").log.add_timestamp(41, AUTHORITY, response)


def test_a_stamp_is_checked_and_openssl_finds_the_authority(
    operator: Operator, authority: TimestampAuthority, tmp_path: Path
) -> None:
    operator.sign_all()
    stamped(operator, authority.reply(authority.question(head_text(operator))))

    bundle = bundled(operator, tmp_path / "b.zip")
    verdict = verdict_on(bundle, operator.trust(), operator.known())

    assert (verdict.exit_code, verdict.report["findings"]) == (0, [])
    assert verdict.report["checks"]["timestamp"] == [2, 0]
    [command] = re.findall(r"openssl ts .*", "\n".join(verdict.report["notes"]))
    with zipfile.ZipFile(bundle) as file:
        file.extractall(tmp_path / "unpacked")
    (tmp_path / "unpacked" / "AUTHORITY.pem").write_bytes(authority.root.read_bytes())
    run = subprocess.run(
        shlex.split(command), cwd=tmp_path / "unpacked", capture_output=True, check=False
    )
    assert run.returncode == 0, run.stderr


def test_a_stamp_on_something_else_is_found(
    operator: Operator, authority: TimestampAuthority, tmp_path: Path
) -> None:
    operator.sign_all()
    stamped(operator, authority.reply(authority.question(b"another head")))

    bundle = bundled(operator, tmp_path / "b.zip")
    verdict = verdict_on(bundle, operator.trust(), operator.known())

    assert verdict.exit_code == 1
    name = f"logs/intake/main/timestamps/000000000041.{AUTHORITY}."
    [(check, at)] = verdict.places
    assert (check, at[: len(name)], at[-4:]) == ("timestamp", name, ".tsr")


@pytest.mark.parametrize("response", [b"", b"\x30", b"\x30\x84\xff\xff\xff\xff", b"no stamp"])
def test_what_is_no_stamp_is_found(response: bytes, operator: Operator, tmp_path: Path) -> None:
    operator.sign_all()
    stamped(operator, response)

    bundle = bundled(operator, tmp_path / "b.zip")
    verdict = verdict_on(bundle, operator.trust(), operator.known())

    assert verdict.exit_code == 1
    assert {check for check, _ in verdict.places} == {"timestamp"}
