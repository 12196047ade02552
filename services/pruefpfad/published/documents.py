"""Everything in docs/ that is generated from the contracts: one page, JSON Schemas, AsyncAPI.

The same code gives the same bytes. Whoever calls says which folder; nothing else is touched.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pruefpfad.published.asyncapi import asyncapi
from pruefpfad.published.asyncapi_parts import (
    command_schema_path,
    event_schema_path,
    message_schema_path,
)
from pruefpfad.published.kinds import published_events, taken_commands
from pruefpfad.published.pages import events_page
from pruefpfad.published.schemas import command_schema, event_schema, message_schemas


def documents() -> Mapping[str, str]:
    """The text of each document by its path below docs/."""
    events, commands = published_events(), taken_commands()
    written = {"events.md": events_page(events, commands)}
    written["asyncapi.json"] = _json(asyncapi(events, commands))
    for event in events:
        written[event_schema_path(event)] = _json(event_schema(event))
    for command in commands:
        written[command_schema_path(command)] = _json(command_schema(command))
    for name, schema in message_schemas().items():
        written[message_schema_path(name)] = _json(schema)
    return written


def write_documents(folder: Path) -> list[Path]:
    """Write all documents below `folder` and return their paths.

    Schemas of earlier versions of an event stay: its stored events are still read by them.
    """
    paths = []
    for name, text in documents().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return paths


def stale_documents(folder: Path) -> list[str]:
    """Which documents below `folder` are missing or not what the contracts say."""
    return [name for name, text in documents().items() if not _is_current(folder / name, text)]


def _is_current(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
