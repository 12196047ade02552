"""What earlier programs have recorded is read, followed and exported by today's as it was then."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from histories.conftest import Retellings
from histories.differences import Amendment, amendments, differences, unexplained
from histories.recording import AMENDMENTS, Ledgers, Play, leaf_of, recorded_plays
from pruefpfad.published.kinds import published_events

PLAYS = recorded_plays()
CANNOT_BE_RECORDED = {
    "intake.ParkedEventDiscarded": "intake follows nobody, so that nothing is parked there",
    "disbursement.ParkedEventDiscarded": "it follows nothing that may be discarded",
    "audit.ParkedEventDiscarded": "a read model may lack nothing: it has no such command",
}

every_play = pytest.mark.parametrize("play", PLAYS, ids=str)


@cache
def ledgers_of(play: Play) -> Ledgers:
    return play.ledgers


def recorded_kinds() -> Iterator[tuple[str, int]]:
    """Topic and version of each recorded event."""
    for play in PLAYS:
        for rows in ledgers_of(play).values():
            for row in rows:
                yield row.topic, row.schema_version


@every_play
def test_every_leaf_is_computed_again_from_its_row(play: Play) -> None:
    for rows in ledgers_of(play).values():
        assert [leaf_of(row) for row in rows] == [row.leaf_hash for row in rows]


@every_play
def test_positions_are_dense_and_instants_in_order(play: Play) -> None:
    for rows in ledgers_of(play).values():
        assert [row.position for row in rows] == list(range(1, len(rows) + 1))
        assert all(first.recorded_at <= second.recorded_at for first, second in pairwise(rows))


@every_play
def test_todays_program_makes_of_it_what_was_made_of_it_then(
    play: Play, retellings: Retellings
) -> None:
    """Every aggregate loads; the case file is built anew; lists and bank files are the same."""
    found = list(differences(play.results, retellings.of(play)))

    left = unexplained(found, amendments(play.folder / AMENDMENTS))

    assert left == [], (
        f"{len(left)} places are not as they were recorded. If a new version or a changed read "
        f"model means that, say so in {play.folder / AMENDMENTS}, in one entry for many places: "
        'where = "pages/case/*/intake/payee", because = "…". The first:\n'
        + "\n".join(map(str, left[:10]))
    )


@pytest.mark.parametrize("folder", sorted({play.folder for play in PLAYS}), ids=lambda it: it.name)
def test_every_amendment_of_a_recording_explains_something(
    folder: Path, retellings: Retellings
) -> None:
    found = [
        difference
        for play in PLAYS
        if play.folder == folder
        for difference in differences(play.results, retellings.of(play))
    ]

    for amendment in amendments(folder / AMENDMENTS):
        assert any(amendment.allows(each) for each in found), f"{amendment} explains nothing"


def test_every_kind_of_event_that_can_be_recorded_is_in_a_recording() -> None:
    recorded = {topic for topic, _ in recorded_kinds()}
    possible = {event.topic for event in published_events()} - set(CANNOT_BE_RECORDED)

    assert sorted(possible - recorded) == [], "Play them in tests/histories/plays.py and record."


def test_what_cannot_be_recorded_has_not_been() -> None:
    assert {topic for topic, _ in recorded_kinds()} & set(CANNOT_BE_RECORDED) == set()


def test_every_version_of_every_event_is_in_a_recording() -> None:
    """Today's too: the program that raises it again will need it."""
    recorded = set(recorded_kinds())
    missing = [
        f"{event.topic} version {version}"
        for event in published_events()
        for version in range(1, event.kind.schema_version + 1)
        if event.topic not in CANNOT_BE_RECORDED and (event.topic, version) not in recorded
    ]

    assert missing == [], "Record a history with `make histories NAME=…` before and after."


def test_a_recording_is_never_written_again(tmp_path: Path) -> None:
    play = Play(tmp_path / "2020-01-first", "story")
    play.write(ledgers_of(PLAYS[0]), {"pages": {}})

    with pytest.raises(FileExistsError):
        play.write({}, {})

    assert play.ledgers == ledgers_of(PLAYS[0])
    assert play.results == {"pages": {}}


def test_a_difference_is_named_by_its_place_and_new_things_may_come() -> None:
    before = {"pages": {"case": {"1": {"payee": "A", "tranches": [1, 2], "late": False}}}}
    now = {"pages": {"case": {"1": {"payee": "B", "tranches": [1, 3], "new": 1}}, "new": {}}}

    found = list(differences(before, now))

    assert [(each.place, each.before, each.now) for each in found] == [
        ("pages/case/1/payee", "A", "B"),
        ("pages/case/1/tranches/1", 2, 3),
        ("pages/case/1/late", False, None),
    ]
    assert unexplained(found, [Amendment("pages/case/*/payee", "a reference now")]) == found[1:]


def test_a_list_that_is_longer_or_shorter_is_another_list() -> None:
    assert [each.place for each in differences({"rules": [1]}, {"rules": [1, 2]})] == ["rules"]
