"""The definitions file of the broker is what the code says today."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from pruefpfad.assembly import SERVICES
from pruefpfad.cli.root import main
from pruefpfad.published.broker import broker_definitions

FILE = Path(__file__).parents[2] / "infra/rabbitmq/definitions.json"


def test_the_file_is_what_the_code_declares_and_allows() -> None:
    text = FILE.read_text(encoding="utf-8")

    assert text == broker_definitions("main"), "Run `make docs`; the file is stale."


def test_the_command_writes_the_file_of_another_lane(tmp_path: Path) -> None:
    file = tmp_path / "definitions.json"

    done = CliRunner().invoke(
        main, ["broker", "definitions", "--lane", "koeln", "--output", str(file)]
    )

    assert done.exit_code == 0
    queues = {queue["name"] for queue in json.loads(file.read_text(encoding="utf-8"))["queues"]}
    assert {f"commands.{name}.koeln" for name in SERVICES} < queues
    assert not any(name.endswith(".main") for name in queues)


def test_no_hash_of_a_password_stands_in_the_file() -> None:
    definitions = json.loads(FILE.read_text(encoding="utf-8"))

    for user in definitions["users"]:
        name = user["name"].upper().replace("-", "_")
        assert user["password_hash"] == f"${{RABBITMQ_{name}_PASSWORD}}"
        assert user["tags"] == []
