"""Commands in one transaction: each is decided once, and one command's failure is its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from bus.till import (
    CASHIER,
    Purse,
    adding,
    answer,
    answers,
    closing,
    failing,
    open_till,
    opening,
    the_till,
    told,
)
from grant_bus.policies import ForgottenEvents
from grant_bus.writer import Writer
from grant_store.errors import StoreError, Unreachable
from grant_store.rows import Append, Appended, SenderAndKey, Standing, StoredOutcome
from grant_store.sqlite import SQLiteStore
from grant_store.store import Store


@pytest.fixture
def till_store(tmp_path: Path) -> Iterator[SQLiteStore]:
    with closing(open_till(tmp_path)) as store:
        yield store


@pytest.fixture
def till(till_store: SQLiteStore) -> Writer:
    writer = the_till(till_store)
    answer(writer, opening())
    return writer


def test_a_recorded_command_is_answered_with_its_position_and_event(
    till: Writer, till_store: SQLiteStore
) -> None:
    added = answer(till, adding(5))

    [row] = till_store.events_after(1, 10)
    assert (added.kind, added.position, added.event_ids) == ("recorded", 2, (row.event_id,))


def test_a_refusal_is_answered_as_refused_with_the_reason_that_is_on_record(till: Writer) -> None:
    refused = answer(till, adding(101))

    assert (refused.kind, refused.reason, refused.position) == ("refused", "purse_full", 2)


def test_commands_of_one_batch_see_each_other_and_share_one_instant(
    till: Writer, till_store: SQLiteStore
) -> None:
    kinds = [each.kind for each in answers(till, adding(60), adding(60), adding(40))]

    assert kinds == ["recorded", "refused", "recorded"]
    assert len({row.recorded_at for row in till_store.events_after(1, 10)}) == 1


def test_each_command_of_a_batch_is_answered_with_its_own_positions(till: Writer) -> None:
    batch = [opening("bea"), opening("bea"), adding(1, "bea"), opening("cem")]

    positions = [(each.position, len(each.event_ids)) for each in answers(till, *batch)]

    # The second command found the purse open: nothing to record, up to date at position 2.
    assert positions == [(2, 1), (2, 0), (3, 1), (4, 1)]


def test_a_command_without_events_gets_the_same_answer_when_it_is_sent_again(till: Writer) -> None:
    batch = [adding(1), opening(key="again"), adding(1)]
    first = answers(till, *batch)[1]

    assert (first.kind, first.position, first.event_ids) == ("recorded", 2, ())
    assert answer(till, opening(key="again")) == first


def test_the_same_key_twice_in_one_batch_is_done_once_and_answered_alike(
    till: Writer, till_store: SQLiteStore
) -> None:
    first, other, second = answers(till, adding(5, key="k"), adding(7), adding(5, key="k"))

    assert first == second
    assert other.kind == "recorded"
    assert till_store.head().position == 3


def test_the_same_key_with_another_body_is_invalid_and_nothing_is_recorded(
    till: Writer, till_store: SQLiteStore
) -> None:
    answer(till, adding(5, key="k"))

    again = answer(till, adding(6, key="k"))

    assert again.kind == "invalid"
    assert again.errors == {"key": ["expected a new key: this one was used for another command"]}
    assert till_store.head().position == 2


def test_a_repeated_refusal_stays_a_refusal_even_if_there_is_room_by_now(till: Writer) -> None:
    refused = answer(till, adding(101, key="k"))

    assert answer(till, adding(101, key="k")) == refused


@pytest.mark.parametrize("how", ["invalid", "document"])
def test_what_is_invalid_after_it_changed_something_leaves_nothing_behind(
    till: Writer, till_store: SQLiteStore, how: str
) -> None:
    before, wrong, after = answers(till, adding(2), failing(how), adding(3))

    assert (before.kind, wrong.kind, after.kind) == ("recorded", "invalid", "recorded")
    assert wrong.errors["payload.how"]
    assert [state for topic, state in told(till_store)[1:]] == [
        b'{"coins":2,"note":""}',
        b'{"coins":3,"note":""}',
    ]
    assert till_store.document("last", "ada") == b'{"coins":3}'


@pytest.mark.parametrize("how", ["invalid", "document"])
def test_a_single_command_that_is_invalid_late_leaves_nothing_behind(
    till: Writer, till_store: SQLiteStore, how: str
) -> None:
    assert answer(till, failing(how)).kind == "invalid"

    assert till_store.document("last", "ada") is None
    assert answer(till, adding(100)).kind == "recorded"
    assert till_store.head().position == 2


@pytest.mark.parametrize(
    ("how", "fault"),
    [
        ("divide", ZeroDivisionError),
        ("forget", ForgottenEvents),
        ("late change", ForgottenEvents),
        ("not entitled", RuntimeError),
    ],
)
def test_a_fault_of_the_program_hits_one_command_and_is_handed_out(
    till: Writer, till_store: SQLiteStore, how: str, fault: type[Exception]
) -> None:
    before, failed, after = till.answer([adding(2), failing(how), adding(98)])

    assert not isinstance(before, Exception)
    assert not isinstance(after, Exception)
    assert type(failed) is fault
    assert [before.kind, after.kind] == ["recorded", "recorded"]
    assert till_store.head().position == 3


def test_a_faulty_command_may_be_sent_again_under_its_key(till: Writer) -> None:
    [failed] = till.answer([failing("divide", key="k")])

    assert isinstance(failed, ZeroDivisionError)
    assert isinstance(till.answer([failing("divide", key="k")])[0], ZeroDivisionError)


def test_what_is_not_known_yet_is_answered_so_and_can_be_sent_again(till: Writer) -> None:
    early = answer(till, adding(1, "dora", key="k"))
    answer(till, opening("dora"))

    assert early.kind == "not_yet"
    assert answer(till, adding(1, "dora", key="k")).kind == "recorded"


def test_an_invalid_message_among_others_spoils_nothing(till: Writer) -> None:
    kinds = [each.kind for each in answers(till, adding(1), 17, None, [], {}, "x", adding(2))]

    assert kinds == ["recorded", *["invalid"] * 5, "recorded"]


def test_no_messages_have_no_answers(till: Writer) -> None:
    assert till.answer([]) == []


def test_a_long_batch_is_one_transaction(till: Writer, till_store: SQLiteStore) -> None:
    found = answers(till, *(opening(f"owner {number}") for number in range(2_000)))

    assert [each.position for each in found] == list(range(2, 2_002))
    assert len({row.recorded_at for row in till_store.events_after(1, 5_000)}) == 1


class TestTwoProcesses:
    """Another process writes the same store: none decides on what the other has overtaken."""

    @pytest.fixture
    def other(self, tmp_path: Path, till: Writer) -> Iterator[Writer]:
        with closing(open_till(tmp_path)) as store:
            yield the_till(store)

    def test_a_purse_that_another_process_filled_is_not_overfilled(
        self, till: Writer, other: Writer
    ) -> None:
        kinds = [answer(each, adding(30)).kind for each in (till, other, till, other)]

        assert kinds == ["recorded", "recorded", "recorded", "refused"]
        assert _coins(till.store) == 90

    def test_a_purse_that_another_process_opened_is_known(
        self, till: Writer, other: Writer
    ) -> None:
        assert answer(till, adding(1, "eve")).kind == "not_yet"
        answer(other, opening("eve"))

        assert answer(till, adding(1, "eve")).kind == "recorded"

    def test_one_key_given_to_two_processes_is_done_once(self, till: Writer, other: Writer) -> None:
        first = answer(till, adding(5, key="k"))

        assert answer(other, adding(5, key="k")) == first

    def test_a_long_absence_is_caught_up(self, till: Writer, other: Writer) -> None:
        answers(other, *(opening(f"owner {number}") for number in range(1_500)), adding(99))

        assert answer(till, adding(2)).kind == "refused"


class Interrupted(SQLiteStore):
    """A store before whose next append another process is quicker, or whose disk fails."""

    quicker: list[object]
    failure: Exception | None = None

    def append(self, append: Append) -> Appended:
        if self.quicker:
            rival = open_till(self.folder)
            with closing(rival):
                answer(the_till(rival), self.quicker.pop(0))
        if self.failure:
            raise self.failure
        return super().append(append)

    def outcomes(self, keys: Sequence[SenderAndKey]) -> dict[SenderAndKey, StoredOutcome]:
        if any(key == "unreadable" for _, key in keys):
            raise StoreError("the disk cannot be read")
        return super().outcomes(keys)

    folder: Path


class Away(SQLiteStore):
    """It goes away after the first question of a batch, and is back for the third."""

    asked = 0

    def standing(self) -> Standing:
        self.asked += 1
        if self.asked == 2:
            raise Unreachable("no connection")
        return super().standing()


@pytest.fixture
def interrupted(tmp_path: Path, till: Writer) -> Iterator[Interrupted]:
    store = Interrupted(tmp_path / "till.sqlite3", "till")
    store.folder, store.quicker = tmp_path, []
    with closing(store):
        yield store


def test_whoever_was_overtaken_while_deciding_decides_again(interrupted: Interrupted) -> None:
    till = the_till(interrupted)
    interrupted.quicker = [adding(90)]

    assert answer(till, adding(20)).kind == "refused"
    assert _coins(interrupted) == 90


def test_whoever_is_overtaken_again_and_again_goes_on_alone(interrupted: Interrupted) -> None:
    till = the_till(interrupted)
    interrupted.quicker = [adding(10) for _ in range(6)]

    kinds = [each.kind for each in answers(till, adding(30), adding(30))]

    assert kinds == ["recorded", "refused"]
    assert _coins(interrupted) == 90


def test_a_decision_also_conflicts_with_what_it_only_read(interrupted: Interrupted) -> None:
    till = the_till(interrupted)
    interrupted.quicker = [opening("fay")]

    assert answers(till, adding(1, "fay"), adding(1))[0].kind == "recorded"


def test_one_key_raced_by_two_processes_is_done_once(interrupted: Interrupted) -> None:
    till = the_till(interrupted)
    interrupted.quicker = [adding(5, key="k")]

    assert answer(till, adding(5, key="k")).position == 2
    assert interrupted.head().position == 2


def test_one_key_raced_with_another_body_is_invalid(interrupted: Interrupted) -> None:
    till = the_till(interrupted)
    interrupted.quicker = [adding(5, key="k")]

    assert answer(till, adding(6, key="k")).kind == "invalid"


def test_a_failed_append_is_handed_out_and_leaves_no_trace_in_memory(
    interrupted: Interrupted,
) -> None:
    till = the_till(interrupted)
    interrupted.failure = StoreError("the disk is full")

    failed, invalid = till.answer([adding(100), {}])
    interrupted.failure = None

    assert isinstance(failed, StoreError)
    assert not isinstance(invalid, Exception)
    assert invalid.kind == "invalid"
    assert answer(till, adding(100)).kind == "recorded"


def test_a_failed_reading_of_what_is_recorded_already_leaves_no_trace_in_memory(
    interrupted: Interrupted,
) -> None:
    till = the_till(interrupted)

    found = till.answer([adding(100), adding(1, key="unreadable")])

    assert all(isinstance(each, StoreError) for each in found)
    assert answer(till, adding(100)).kind == "recorded"


def test_a_database_that_is_away_is_asked_for_one_command_and_those_behind_it_wait_in_order(
    tmp_path: Path, till: Writer
) -> None:
    with closing(Away(tmp_path / "till.sqlite3", "till")) as store:
        # The key that comes twice lets the commands be taken one by one.
        batch = [adding(1, key="a"), {}, adding(2, key="b"), {}, adding(3, key="b")]

        first, invalid, *others = the_till(store).answer(batch)

    assert isinstance(first, Unreachable)
    assert store.asked == 2, "once together, once alone"
    assert [each for each in others if isinstance(each, Exception)] == [first, first]
    assert not isinstance(invalid, Exception)
    assert invalid.kind == "invalid"


def test_an_interruption_while_deciding_leaves_no_trace_in_memory(
    interrupted: Interrupted, monkeypatch: pytest.MonkeyPatch
) -> None:
    till = the_till(interrupted)

    def interrupt(purse: Purse, coins: int, reason: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Purse, "_refuse", interrupt)
        with pytest.raises(KeyboardInterrupt):
            till.answer([adding(99), adding(99)])

    assert answer(till, adding(99)).kind == "recorded"


def test_who_acted_and_why_stands_in_each_event(till: Writer, till_store: SQLiteStore) -> None:
    answer(till, {**adding(1, key="k-7"), "correlation_id": "letter 12"})

    [row] = till_store.events_after(1, 1)
    assert row.metadata == (
        b'{"actorid":"%s","actorrole":"cashier","actormethod":"signed-token",'
        b'"correlationid":"letter 12","causationid":"command:k-7","commandkey":"k-7",'
        b'"caseid":"%s"}' % (CASHIER.id.encode(), str(Purse.create_id("ada")).encode())
    )


def _coins(store: Store) -> int:
    purse = the_till(store)._held.find(Purse.create_id("ada"))
    assert isinstance(purse, Purse)
    return purse.coins
