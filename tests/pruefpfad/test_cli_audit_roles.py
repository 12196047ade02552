"""Who may do what is told by the code, and who has done what by the ledgers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pruefpfad.assembly import SERVICES
from support.auditing import asked, call, tell_story


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tell_story(tmp_path_factory.mktemp("roles"))


def used(data: Path, *words: str) -> list[dict[str, Any]]:
    actors: list[dict[str, Any]] = asked(data, "audit", "roles", "--used", *words)["actors"]
    return actors


def test_every_command_is_told_with_its_roles_and_whether_two_persons_bear_it(data: Path) -> None:
    told = {each["command"]: each for each in asked(data, "audit", "roles")}

    assert set(told) == {
        f"{name}.{command}" for name, each in SERVICES.items() for command in each.commands
    }
    assert told["budgeting.approve_grant"]["takes_second"] is True
    assert told["disbursement.order_payment"]["roles"] == ["payment_authoriser"]


def test_everybody_who_has_acted_is_told_with_role_services_and_how_they_signed_in(
    data: Path,
) -> None:
    told = {(each["actor_id"], each["role"]): each for each in used(data)}

    assert told["S-1501", "payment_authoriser"]["services"] == ["disbursement"]
    assert told["S-1501", "payment_authoriser"]["methods"] == ["signed-token"]
    assert told["system:budgeting", "system"]["events"] > 0


def test_who_has_acted_in_more_than_one_role_is_marked(data: Path) -> None:
    """In the story a checker also tries to decide, and is refused."""
    several = {each["actor_id"] for each in used(data) if each["roles_of_actor"] > 1}

    assert several == {"S-1102"}


def test_who_had_acted_is_told_as_it_was_on_record_then(data: Path) -> None:
    now = used(data)
    then = used(data, "--position", "intake/main/3")
    never = ("--recorded", "2000-01-01T00:00:00+01:00")

    assert 0 < len(then) < len(now)
    assert used(data, *never) == []


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--used", "--effective", "2021-01-01"), "effective: expected --recorded or --position"),
        (("--position", "intake/3"), "used: expected it with --recorded or --position"),
    ],
)
def test_what_roles_cannot_be_asked_as_of_is_refused(
    data: Path, words: tuple[str, ...], expected: str
) -> None:
    refused = call(data, "audit", "roles", *words)

    assert refused.exit_code == 4
    assert expected in refused.stderr


def test_both_are_readable_in_english(data: Path) -> None:
    assert "Who may give which command" in call(data, "audit", "roles", "--lang", "en").output
    used = call(data, "audit", "roles", "--used", "--lang", "en")
    assert "Who has acted in which role" in used.output
