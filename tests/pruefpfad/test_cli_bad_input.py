"""Bad input at the command line: the answer names field and expectation, and nothing is left."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from grant_values.shapes import Actor
from pruefpfad.cli.root import main
from pruefpfad.embedded import EmbeddedSystem
from pruefpfad.keys import signing_key, token_for

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
ZIQ = EXAMPLES / "zusammen-im-quartier"
ESF = EXAMPLES / "esf-nrw-2014-2020"


@dataclass
class Desk:
    """An embedded system with both programmes registered and a call opened in each."""

    data: Path
    scratch: Path

    def token(self, role: str, **further: Any) -> str:
        days = date(2018, 1, 1), date(2099, 12, 31)
        return token_for(signing_key(self.data / "keys"), Actor("S-1", role), *days, **further)

    def call(self, *words: str) -> Result:
        return CliRunner().invoke(main, ["--data", str(self.data), *words])

    def send(self, command: str, payload: object, token: str = "", key: str = "k") -> Result:
        file = self.write("payload.json", json.dumps(payload).encode())
        token = token or self.token("applicant")
        return self.call("send", command, "--key", key, "--actor-token", token, "--payload", file)

    def write(self, name: str, content: bytes) -> str:
        path = self.scratch / name
        path.write_bytes(content)
        return str(path)

    def state(self) -> tuple[dict[str, int], list[str]]:
        with EmbeddedSystem(self.data) as system:
            heads = system.heads()
        ours = (path for path in self.data.rglob("*") if not path.name.endswith(("-wal", "-shm")))
        return heads, sorted(str(path) for path in ours)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path / "data", tmp_path)
    ministry = desk.token("managing_authority")
    for example, call in ((ZIQ, "2020-11"), (ESF, "2014-2020")):
        file = str(example / "programme.toml")
        assert desk.call("programme", "register", file, "--actor-token", ministry).exit_code == 0
        opened = {
            "programme": example.name,
            "programme_version": "v1",
            "call": call,
            "opens_on": "2005-01-01",
            "closes_on": "2021-01-31",
        }
        assert desk.send("intake.open_call", opened, ministry, key=call).exit_code == 0
    return desk


def application(**changes: Any) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads((ZIQ / "application.json").read_text(encoding="utf-8"))
    return {**payload, **changes}


def plan(**changes: Any) -> dict[str, Any]:
    return {"plan": {**application()["plan"], **changes}}


def payee(**changes: Any) -> dict[str, Any]:
    return {"payee": {**application()["payee"], **changes}}


@pytest.mark.parametrize(
    ("change", "field", "expected"),
    [
        (plan(eligible=76560.0), "payload.plan.eligible", "as text with exactly two decimals"),
        (plan(eligible="76560.000"), "payload.plan.eligible", "exactly two decimals"),
        (plan(own="-7656.00"), "payload.plan.own", "exactly two decimals"),
        (plan(own="7.656e3"), "payload.plan.own", "exactly two decimals"),
        (plan(own="7656.01"), "payload.plan.eligible", "requested + own + others"),
        ({"programme": "no-such-programme"}, "payload.call", "call of a registered programme"),
        ({"surprise": 1}, "payload.surprise", "no field of this name"),
        (payee(iban="DE97999999972020000002"), "payload.payee.iban", "IBAN"),
        ({"received_at": "2020-12-10T10:15:00"}, "payload.received_at", "offset"),
    ],
)
def test_a_wrong_field_is_named_with_what_was_expected(desk, change, field, expected):
    before = desk.state()

    result = desk.send("intake.submit_application", application(**change))

    assert result.exit_code == 4
    assert field in result.output
    assert expected in result.output
    assert desk.state() == before


@pytest.mark.parametrize(
    ("content", "expected"),
    [(b'{"reference": ', "expected JSON in line 1"), ('{"x": "ä"}'.encode("latin-1"), "UTF-8")],
)
def test_a_file_that_is_no_json_is_named_with_the_place(desk, content, expected):
    before = desk.state()
    file = desk.write("broken.json", content)

    token = desk.token("applicant")
    result = desk.call(
        "send",
        "intake.submit_application",
        "--key",
        "k",
        "--actor-token",
        token,
        "--payload",
        file,
    )

    assert result.exit_code == 4
    assert "broken.json" in result.output
    assert expected in result.output
    assert desk.state() == before


def forged(desk: Desk) -> str:
    other = signing_key(desk.scratch / "other")
    return token_for(other, Actor("S-1", "applicant"), date(2018, 1, 1), date(2099, 12, 31))


def expired(desk: Desk) -> str:
    return desk.token("applicant", valid_for=timedelta(seconds=-1))


@pytest.mark.parametrize(
    ("token_of", "expected"),
    [(forged, "signed by the issuer"), (expired, "not expired"), (lambda _: "S-1", "signed by")],
)
def test_a_token_that_proves_nothing_is_refused_and_leaves_nothing(
    desk: Desk, token_of: Callable[[Desk], str], expected: str
):
    before = desk.state()

    result = desk.send("intake.submit_application", application(), token_of(desk))

    assert result.exit_code == 4
    assert "actor_token" in result.output
    assert expected in result.output
    assert desk.state() == before


def listed(desk: Desk, lines: list[bytes]) -> Result:
    file = desk.write("list.csv.gz", gzip.compress(b"\n".join(lines) + b"\n"))
    return desk.call(
        "applications",
        "import",
        file,
        "--programme",
        ESF.name,
        "--call",
        "2014-2020",
        "--mapping",
        str(ESF / "mapping.toml"),
        "--actor-token",
        desk.token("applicant"),
    )


@pytest.fixture(scope="module")
def first_lines() -> list[bytes]:
    with gzip.open(ESF / "operations.csv.gz") as file:
        return [next(file).rstrip(b"\r\n") for _ in range(6)]


def test_a_missing_column_is_named_before_anything_is_recorded(desk, first_lines):
    before = desk.state()

    header = first_lines[0].replace(b"total_eligible_eur", b"total")
    result = listed(desk, [header, *first_lines[1:]])

    assert result.exit_code == 4
    assert "total_eligible_eur: expected this column" in result.output
    assert desk.state() == before


def test_a_list_in_another_encoding_is_refused_with_the_place(desk, first_lines):
    before = desk.state()
    latin = [*first_lines[:3], "Ä".encode("latin-1") + first_lines[3]]

    result = listed(desk, latin)

    assert result.exit_code == 4
    assert "line 4" in result.output
    assert "utf-8" in result.output
    assert desk.state() == before


def test_a_broken_row_in_the_middle_is_reported_and_costs_no_other_row(desk, first_lines):
    number = first_lines[3].split(b",")[0].decode()
    broken = first_lines[3].replace(b"2015-", b"2015/", 1)
    assert broken != first_lines[3]

    result = listed(desk, [*first_lines[:3], broken, *first_lines[4:]])

    assert result.exit_code == 4
    assert "4 applications recorded, 1 rows broken" in result.output
    assert f"row {number}, line 4: start_date" in result.output
    with EmbeddedSystem(desk.data) as system:
        rows = system.stores["intake"].events_after(0, 100)
    references = [row.state for row in rows if row.topic == "intake.ApplicationSubmitted"]
    assert len(references) == 4
    assert not any(f'"ESF1420-{int(number):06d}"'.encode() in state for state in references)


@pytest.mark.parametrize(
    ("line", "replacement", "expected"),
    [
        ('code = "zusammen-im-quartier"', "", "code: expected a value"),
        ("days = 3", 'days = "three"', "decision.announcement.0.days: Not a valid integer"),
        ('id = "own_share"', 'id = "own_shape"', "rule own_shape version 1 is unknown"),
        ("[money]", "[money", "definition: expected TOML"),
    ],
)
def test_a_broken_definition_is_refused_with_what_is_wrong(desk, line, replacement, expected):
    before = desk.state()
    text = (ZIQ / "programme.toml").read_text(encoding="utf-8")
    assert line in text
    file = desk.write("broken.toml", text.replace(line, replacement, 1).encode())

    token = desk.token("managing_authority")
    result = desk.call("programme", "register", file, "--actor-token", token)

    assert result.exit_code == 4
    assert expected in result.output
    assert desk.state() == before


def test_a_case_that_nobody_knows_is_named(desk):
    result = desk.call("case", "show", "ZIQ-2099-0001")

    assert result.exit_code == 4
    assert "reference: expected that of a case on record" in result.output


def all_commands(
    command: click.Command, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Each command and each group of them, with the words that call it."""
    yield path, command
    if isinstance(command, click.Group):
        for name, part in command.commands.items():
            yield from all_commands(part, (*path, name))


def test_every_command_and_every_group_explains_itself_with_an_example():
    for path, _ in all_commands(main):
        result = CliRunner().invoke(main, [*path, "--help"])
        assert result.exit_code == 0
        assert "Example: pruefpfad" in result.output, path


def test_every_option_says_what_it_is_for():
    for path, command in all_commands(main):
        for option in command.params:
            assert not isinstance(option, click.Option) or option.help, (path, option.name)
