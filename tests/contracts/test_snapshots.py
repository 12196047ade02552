"""A contract that others rely on does not change in silence."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from grant_contracts.upcasters import STEPS
from pruefpfad.published.kinds import PublishedEvent, published_events, taken_commands
from pruefpfad.published.snapshots import (
    COMMANDS,
    EVENTS,
    SilentChange,
    command_changes,
    command_snapshot,
    event_snapshot,
    read_snapshot,
    silent_changes,
    unwritten_changes,
    write_snapshots,
)

SNAPSHOTS = Path(__file__).parent / "snapshots"
TOPIC = "budgeting.GrantApproved"
NOW = event_snapshot(published_events())


def _before() -> dict[str, Any]:
    return copy.deepcopy(NOW)


def _approved() -> list[PublishedEvent]:
    return [event for event in published_events() if event.topic == TOPIC]


def test_no_event_has_changed_in_silence_since_the_snapshot() -> None:
    before = read_snapshot(SNAPSHOTS / EVENTS)

    assert silent_changes(before, published_events()) == []
    assert unwritten_changes(before, published_events()) == []


def test_no_command_has_changed_in_silence_since_the_snapshot() -> None:
    assert command_changes(read_snapshot(SNAPSHOTS / COMMANDS), taken_commands()) == []


def test_a_field_that_changes_without_a_new_version_is_named_with_what_to_do() -> None:
    before = _before()
    before[TOPIC]["fields"]["decided_by"] = "integer"

    [complaint] = silent_changes(before, published_events())

    assert complaint.startswith(f"{TOPIC} changed decided_by without a new version.")
    assert "`class_version = 2`" in complaint
    assert "`VERSION = 2`" in complaint
    assert "an upcaster from version 1 in grant_contracts.upcasters" in complaint


def test_a_change_inside_a_nested_shape_is_a_change_of_each_event_that_has_it() -> None:
    before = _before()
    for each in before.values():
        if "Tranche" in each["shapes"]:
            each["shapes"]["Tranche"]["year"] = "text"

    complaints = silent_changes(before, published_events())

    assert len(complaints) == sum("Tranche" in each["shapes"] for each in NOW.values()) > 5
    assert all("Tranche.year" in complaint for complaint in complaints)


def test_fields_in_another_order_are_another_form() -> None:
    before = _before()
    fields = before[TOPIC]["fields"]
    before[TOPIC]["fields"] = dict(reversed(fields.items()))

    [complaint] = silent_changes(before, published_events())

    assert "the order of its fields" in complaint


def test_an_event_that_was_published_once_may_not_go() -> None:
    before = _before() | {"intake.ReceiptConfirmed": NOW[TOPIC]}

    [complaint] = silent_changes(before, published_events())

    assert complaint.startswith("intake.ReceiptConfirmed is gone")


def test_a_new_version_needs_an_upcaster_for_the_stored_events() -> None:
    before = _before()
    before[TOPIC]["version"] = 0

    [complaint] = silent_changes(before, _approved() + _others())

    assert complaint.endswith("add an upcaster to grant_contracts.upcasters.")


def test_a_new_version_with_its_upcaster_may_change_the_fields(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = _before()
    before[TOPIC]["version"] = 0
    del before[TOPIC]["fields"]["decided_by"]
    [event] = _approved()
    monkeypatch.setitem(STEPS, (TOPIC, 0), dict)

    assert silent_changes(before, [event, *_others()]) == []
    assert unwritten_changes(before, [event])


def test_a_version_never_goes_back() -> None:
    before = _before()
    before[TOPIC]["version"] = 2

    [complaint] = silent_changes(before, published_events())

    assert "went back from version 2 to 1" in complaint


def test_a_reason_that_stands_in_ledgers_stays_in_its_list_and_a_new_one_may_come() -> None:
    before = _before()
    before["budgeting.ApprovalRefused"]["codes"]["reason"] = ["already_decided", "moon_phase"]

    [complaint] = silent_changes(before, published_events())

    assert "no longer lists moon_phase for reason" in complaint


def test_a_changed_command_is_named() -> None:
    before = copy.deepcopy(command_snapshot(taken_commands()))
    before["budgeting.approve_grant"]["roles"] = ["formal_checker"]
    del before["budgeting.waive_remedy"]

    complaints = command_changes(before, taken_commands())

    assert [each.partition(" ")[0] for each in complaints] == [
        "budgeting.approve_grant",
        "budgeting.waive_remedy",
    ]


def test_writing_snapshots_does_not_cover_a_silent_change_up(tmp_path: Path) -> None:
    write_snapshots(tmp_path)
    changed = json.loads((tmp_path / EVENTS).read_text(encoding="utf-8"))
    changed[TOPIC]["fields"]["decided_by"] = "integer"
    (tmp_path / EVENTS).write_text(json.dumps(changed), encoding="utf-8")

    with pytest.raises(SilentChange, match="decided_by"):
        write_snapshots(tmp_path)

    assert json.loads((tmp_path / EVENTS).read_text(encoding="utf-8")) == changed


def _others() -> list[PublishedEvent]:
    return [event for event in published_events() if event.topic != TOPIC]
