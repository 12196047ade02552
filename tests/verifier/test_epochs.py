"""After an incident a log begins anew: what the verifier makes of the one before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from verifier.conftest import Ask, Verdict, honest
from verifier.forge import Log, Signer, restored

NAME = "budgeting/main"
KEPT, LOST_HEADS, INCIDENT = 400, (512, 700), f"{NAME}/401"


class After:
    """A budgeting log of 700 events that was put back to 400; it has 600 again."""

    def __init__(self, folder: Path, ask: Ask) -> None:
        self.history, self.folder, self._ask = honest((700, 700, 700)), folder, ask
        self.log.heads = (100, 300, *LOST_HEADS)

    @property
    def log(self) -> Log:
        return self.history.log(NAME)

    @property
    def old(self) -> Log:
        return self.log.ended[-1]

    def restore(self, **said: object) -> None:
        restored(self.log, KEPT, 600, **said)  # type: ignore[arg-type]

    def head(self, size: int) -> Path:
        """A head of the log before the incident, as somebody outside keeps it."""
        path = self.folder / f"{size}.old"
        path.write_bytes(self.old.note(size))
        return path

    def verdict(self, *known: Path, trust: Path | None = None) -> Verdict:
        """With all keys and the last heads of today, and others that were kept."""
        heads = [*self.history.known(self.folder), *known]
        trust = trust or self.history.trust(self.folder / "trust")
        return self._ask(self.history.write(self.folder / "b.zip"), trust, heads)


@pytest.fixture
def after(tmp_path: Path, ask: Ask) -> Iterator[After]:
    return After(tmp_path, ask)


def test_what_was_lost_leaves_the_verdict_incomplete_and_is_told_to_the_event(
    after: After,
) -> None:
    after.restore()

    verdict = after.verdict()

    assert (verdict.exit_code, verdict.places) == (2, {("incident", INCIDENT)})
    assert verdict.report["checks"]["root"] == [2 + 2 + 1 + 3, 0]  # Of the ended log, up to 512.
    assert (
        "budgeting/main: 2 heads of pruefpfad.test/budgeting/main are in this history, 2 from 512"
        " to 700 are not; event 401 is the first that was another."
    ) in verdict.report["notes"]


def test_a_head_below_what_was_lost_is_proven(after: After) -> None:
    after.restore()

    verdict = after.verdict(after.head(100), after.head(300))

    assert verdict.places == {("incident", INCIDENT)}
    assert verdict.report["checks"]["known head"] == [5, 0]


@pytest.mark.parametrize("size", LOST_HEADS)
def test_a_head_above_what_was_lost_is_the_evidence_of_the_loss(size: int, after: After) -> None:
    after.restore()

    verdict = after.verdict(after.head(size))

    assert verdict.exit_code == 1
    assert verdict.places == {("incident", INCIDENT), ("known head", f"{NAME}/{size}")}


def test_an_incident_that_names_an_earlier_head_than_the_last_one_lies(after: After) -> None:
    after.restore(known=512)

    verdict = after.verdict()

    assert verdict.exit_code == 1
    assert verdict.places == {("incident", INCIDENT)}
    [lie] = [each for each in verdict.findings if each["verdict"] == "tampered"]
    assert "names a head of 512 events as the last one" in lie["message"]


def test_it_lies_to_whoever_holds_the_last_head_though_the_operator_has_dropped_it(
    after: After,
) -> None:
    after.restore(known=512)
    last = after.head(700)
    after.old.heads = (100, 300, 512)

    told = after.verdict(last).places

    assert told == {("incident", INCIDENT), ("known head", f"{NAME}/700")}
    assert after.verdict().exit_code == 2


@pytest.mark.parametrize(
    "said",
    [
        {"known_root": "ab" * 32},
        {"found_leaf": "ab" * 32},
        {"found_size": 401},
        {"known_origin": "pruefpfad.test/intake/main"},
        {"epoch": 1},
        {"epoch": "two"},
    ],
)
def test_an_incident_that_says_something_else_than_the_logs_lies(
    said: dict[str, object], after: After
) -> None:
    after.restore(**said)

    verdict = after.verdict()

    assert verdict.exit_code == 1
    assert ("incident", INCIDENT) in verdict.places


def test_a_log_that_goes_on_over_an_incident_under_its_old_name_is_found(after: After) -> None:
    after.restore()
    after.log.epoch = 1

    verdict = after.verdict()

    assert verdict.exit_code == 1
    assert ("incident", NAME) in verdict.places


def test_a_log_cannot_begin_anew_without_an_incident(after: After) -> None:
    after.log.epoch = 2

    verdict = after.verdict()

    assert (verdict.exit_code, verdict.places) == (1, {("incident", NAME)})


def test_a_head_that_the_old_log_signed_over_the_incident_is_found(after: After) -> None:
    after.restore()
    over = replace(after.log, epoch=1, ended=())
    after.old.heads, after.old.notes = (100, 300, 500), {500: over.note(500)}

    verdict = after.verdict()

    assert verdict.exit_code == 1
    assert ("incident", f"{NAME}/301..500") in verdict.places


def test_histories_part_once(after: After) -> None:
    """The old log's own keys have signed, in between, a head of something else."""
    after.restore()
    other = replace(after.old, events=after.history.log("intake/main").events)
    after.old.heads, after.old.notes = (100, 300), {100: other.note(100)}

    verdict = after.verdict()

    assert verdict.exit_code == 1
    assert ("root", f"{NAME}/1..100") in verdict.places


def test_a_head_of_the_old_log_that_its_tiles_contradict_is_found(after: After) -> None:
    after.restore()
    other = replace(after.old, events=after.history.log("intake/main").events)
    after.old.notes = {512: other.note(512)}

    verdict = after.verdict()

    assert (verdict.exit_code, verdict.places) == (
        1,
        {("incident", INCIDENT), ("root", f"{NAME}/301..512")},
    )


def test_a_head_of_the_old_log_that_a_stranger_has_signed_is_not_its(after: After) -> None:
    after.restore()
    trust = after.history.trust(after.folder / "true")
    after.old.seed = 2

    verdict = after.verdict(trust=trust)

    assert verdict.exit_code == 1
    assert {at for check, at in verdict.places if check == "signature"} == {
        *(f"{NAME}/1..100", f"{NAME}/101..300"),
        *(f"{NAME}/301..512", f"{NAME}/301..700"),
    }


def test_without_the_keys_of_the_old_log_its_heads_prove_nothing(after: After) -> None:
    trust = after.history.trust(after.folder / "new keys")
    after.restore()
    old = after.old.signer.vkeys()
    trust.write_text(trust.read_text().replace(old, "") + after.log.signer.vkeys())

    verdict = after.verdict(trust=trust)

    assert verdict.exit_code == 2
    assert verdict.places == {("incident", INCIDENT), ("signature", NAME)}


def flipped(content: bytes) -> bytes:
    return content[:40] + bytes([content[40] ^ 1]) + content[41:]


@pytest.mark.parametrize("act", [flipped, lambda content: content[:-32], lambda content: None])
@pytest.mark.parametrize("tile", ["tile/0/001", "tile/1/000.p/2"])
def test_a_tile_of_the_old_log_that_was_changed_or_dropped_is_missed(
    tile: str, act: Callable[[bytes], bytes | None], after: After
) -> None:
    after.restore()
    members, name = after.log.members(100), f"logs/{NAME}/epochs/1/{tile}"
    changed = act(members.pop(name))
    members |= {name: changed} if changed else {}
    after.log.members = lambda per_file: members  # type: ignore[method-assign]

    verdict = after.verdict()

    assert verdict.exit_code == 1
    assert any(name in f"{each['at']} {each['message']}" for each in verdict.findings)


def test_a_log_that_has_signed_nothing_since_is_incomplete_and_no_alarm(after: After) -> None:
    after.restore()
    after.log.heads = ()

    verdict = after.verdict(after.head(300))

    assert verdict.exit_code == 2
    assert {check for check, _ in verdict.places} == {"incident", "known head", "coverage"}


def test_old_heads_cover_what_the_new_log_has_not_had_cosigned_yet(after: After) -> None:
    after.restore()
    after.log.witnesses = ()

    assert ("coverage", f"{NAME}/301") in after.verdict().places


def test_after_two_incidents_each_log_is_told(after: After) -> None:
    after.restore()
    restored(after.log, 500, 620)

    verdict = after.verdict()

    assert (verdict.exit_code, verdict.places) == (
        2,
        {("incident", INCIDENT), ("incident", f"{NAME}/501")},
    )


def test_an_incident_that_was_lost_itself_is_no_alarm(after: After) -> None:
    """The second backup is older than the first incident; its number counts on."""
    after.restore()
    restored(after.log, 350, 620)

    verdict = after.verdict()

    assert (verdict.exit_code, verdict.places) == (2, {("incident", f"{NAME}/351")})


def test_a_part_of_the_history_without_the_incident_is_incomplete(after: After) -> None:
    after.restore()
    after.history.kind = "cases"
    after.log.given = lambda event: event.position == 10  # By another writer than ours.
    after.log.shared = [after.log.events[9].aggregate]

    verdict = after.verdict()

    assert ("incident", NAME) in verdict.places
    assert all(each["check"] != "incident" or each["verdict"] == "incomplete"
               for each in verdict.findings)  # fmt: skip


def test_a_witness_of_the_old_log_alone_is_none_of_the_new_one(after: After) -> None:
    after.restore()
    after.log.witnesses = (Signer("pruefbehoerde.example/other"),)
    trust = after.history.trust(after.folder / "trust.txt")
    other = after.log.witnesses[0].vkeys()
    trust.write_text(trust.read_text().replace(other, ""))

    assert ("coverage", f"{NAME}/301") in after.verdict(trust=trust).places
