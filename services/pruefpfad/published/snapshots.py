"""The contracts as they were when somebody last looked: a silent change shows against them.

Stored events can never be changed, so an event may change its fields only with a new version and
an upcaster for the old ones. It must not know the documents made for readers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pruefpfad.published.kinds import PublishedEvent, TakenCommand, published_events, taken_commands
from pruefpfad.published.schemas import command_schema

WRITE = "`pruefpfad contracts write --snapshots`"
EVENTS = "events.json"
COMMANDS = "commands.json"

Snapshot = dict[str, Any]


class SilentChange(ValueError):
    """A published event has changed in a way that its stored events do not follow."""


def event_snapshot(events: Sequence[PublishedEvent]) -> Snapshot:
    """Topic, version, fields in order, nested shapes and closed lists of each event."""
    return {
        event.topic: {
            "version": event.fact.VERSION,
            "fields": event.fields,
            "shapes": event.shapes,
            "codes": {field: list(codes) for field, codes in event.codes.items()},
        }
        for event in events
    }


def command_snapshot(commands: Sequence[TakenCommand]) -> Snapshot:
    """Roles and form of each command. Descriptions are left out: they may get better freely."""
    return {
        command.full_name: {
            "roles": command.roles,
            "takes_second_actor": command.command.takes_second,
            "schema": _without_texts(command_schema(command)),
        }
        for command in commands
    }


def silent_changes(before: Snapshot, events: Sequence[PublishedEvent]) -> list[str]:
    """What today's events may not have changed, as sentences that say what to do."""
    now = event_snapshot(events)
    complaints = [
        f"{topic} is gone, but its events stand in ledgers for good: keep the event and its fact."
        for topic in before
        if topic not in now
    ]
    for event in events:
        if event.topic in before:
            complaints += _changes_of(event, before[event.topic], now[event.topic])
    return complaints


def command_changes(before: Snapshot, commands: Sequence[TakenCommand]) -> list[str]:
    """Which commands are not as they were, as sentences that say what to do."""
    now = command_snapshot(commands)
    differ = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    return [
        f"{name} is not the command that its senders know. If that is meant, say in CHANGELOG.md "
        f"what senders have to change, and write the snapshots anew with {WRITE}."
        for name in differ
    ]


def unwritten_changes(before: Snapshot, events: Sequence[PublishedEvent]) -> list[str]:
    """Lawful changes of events that the snapshot does not show yet."""
    now = event_snapshot(events)
    return [
        f"{topic} is not in the snapshot as it is now: write it anew with {WRITE}."
        for topic in now
        if _text(before.get(topic)) != _text(now[topic])
    ]


def write_snapshots(folder: Path) -> list[Path]:
    """Write both snapshots. Raises `SilentChange` instead of covering one up."""
    events, commands = published_events(), taken_commands()
    complaints = silent_changes(read_snapshot(folder / EVENTS), events)
    if complaints:
        raise SilentChange("\n".join(complaints))
    folder.mkdir(parents=True, exist_ok=True)
    written = {EVENTS: event_snapshot(events), COMMANDS: command_snapshot(commands)}
    for name, snapshot in written.items():
        (folder / name).write_text(_text(snapshot) + "\n", encoding="utf-8")
    return [folder / name for name in written]


def read_snapshot(path: Path) -> Snapshot:
    """A snapshot as it was written; empty if there is none yet."""
    if not path.exists():
        return {}
    read: Snapshot = json.loads(path.read_text(encoding="utf-8"))
    return read


def _changes_of(event: PublishedEvent, before: Snapshot, now: Snapshot) -> Iterator[str]:
    old, new = before["version"], now["version"]
    if new < old:
        yield f"{event.topic} went back from version {old} to {new}: versions only rise."
    if new == old and _form(before) != _form(now):
        yield (
            f"{event.topic} changed {_what_differs(before, now)} without a new version. Stored "
            f"events keep the old form: give the event `class_version = {old + 1}`, its fact "
            f"`VERSION = {old + 1}`, an upcaster from version {old} in grant_contracts.upcasters, "
            f"then write the snapshots anew with {WRITE}."
        )
    for version in range(old, new):
        if not event.has_upcaster(version):
            yield (
                f"{event.topic} has version {new}, but its stored events of version {version} "
                "cannot be read: add an upcaster to grant_contracts.upcasters."
            )
    for field, codes in before["codes"].items():
        for code in sorted(set(codes) - set(now["codes"].get(field, []))):
            yield (
                f"{event.topic} no longer lists {code} for {field}, but it stands in ledgers: "
                "keep it in the closed list."
            )


def _form(snapshot: Snapshot) -> str:
    return _text([snapshot["fields"], snapshot["shapes"]])


def _what_differs(before: Snapshot, now: Snapshot) -> str:
    """The fields that differ, those of nested shapes as "Tranche.year"."""
    old, new = (
        {
            **each["fields"],
            **{
                f"{shape}.{field}": kind
                for shape, fields in each["shapes"].items()
                for field, kind in fields.items()
            },
        }
        for each in (before, now)
    )
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    return ", ".join(names) or "the order of its fields"


def _without_texts(part: Any) -> Any:
    if isinstance(part, dict):
        texts = [key for key in ("description", "$schema", "$id") if isinstance(part.get(key), str)]
        return {key: _without_texts(inner) for key, inner in part.items() if key not in texts}
    return [_without_texts(inner) for inner in part] if isinstance(part, list) else part


def _text(value: Any) -> str:
    """JSON that keeps the order of fields, so that a changed order shows."""
    return json.dumps(value, ensure_ascii=False, indent=1)
