"""One grant told to its payment in a data directory, and an auditor who asks about it."""

from __future__ import annotations

import json
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from rich.console import Console

from grant_values.shapes import Actor
from pruefpfad.cli.root import main
from pruefpfad.embedded import EmbeddedSystem
from pruefpfad.keys import token_for
from pruefpfad.scripted.story import Story
from support.authority import CASE, EXAMPLE

AUDITOR, CHECKER, DECIDER = "S-1901", "S-1101", "S-1201"
PURPOSE = "Vorhabenprüfung 2021/07"


def tell_story(folder: Path) -> Path:
    """A data directory with the whole story of one grant."""
    Story(EXAMPLE, folder, Console(file=StringIO())).tell()
    return folder


def token(data: Path, role: str, actor_id: str = AUDITOR) -> str:
    with EmbeddedSystem(data) as system:
        actor = Actor(actor_id, role, scripted=True)
        return token_for(system.key, actor, date(2018, 1, 1), date(2099, 12, 31))


def call(data: Path, *words: str, **environment: str) -> Result:
    return CliRunner().invoke(main, ["--data", str(data), *words], env=environment)


def asked(data: Path, *words: str) -> Any:
    """The JSON that a command prints; its exit code may be that of an incomplete answer."""
    result = call(data, *words, "--json")
    assert result.exit_code in (0, 1), result.output
    return json.loads(result.stdout)


def give(data: Path, command: str, role: str, actor_id: str, **payload: Any) -> None:
    """Give one command, which must be recorded."""
    from grant_contracts.commands import command_message

    signed = token(data, role, actor_id)
    with EmbeddedSystem(data) as system:
        key = f"{command}:{json.dumps(payload, sort_keys=True)[:150]}"
        answer = system.ask(command_message(command, key, signed, payload))
    assert answer.kind == "recorded", answer


def file_document(data: Path, document: str, items: list[int], **changes: Any) -> None:
    payload = {
        "reference": CASE,
        "document": document,
        "title": "Sachbericht",
        "sha256": "ab" * 32,
        "mime": "application/pdf",
        "size_bytes": 40_960,
        "holder": "Bezirksregierung Arnsberg",
        "location": "Registratur 34",
        "items": items,
        "retention_class": "grant_file",
        "effective_on": "2021-04-01",
    }
    give(data, "intake.file_document", "formal_checker", CHECKER, **(payload | changes))


def declare(data: Path, item: int, reason: str = "Kommt hier nicht vor.") -> None:
    payload = {"reference": CASE, "item": item, "reason": reason, "effective_on": "2021-04-01"}
    give(data, "intake.declare_not_applicable", "formal_checker", CHECKER, **payload)
