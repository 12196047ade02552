"""Which events get a proof, under which name, and by which head."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from grant_store.log.proof_check import check_proof
from grant_store.rows import Append, NewEvent
from grant_values.cases import case_id_of
from pruefpfad.decision_proofs import PROVEN, HandedOut, hand_out
from store.log.signed_ledger import SignedLedger
from store.log.signers import TRUSTED, WITNESS
from store.samples import an_event


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SignedLedger]:
    ledger = SignedLedger(tmp_path / "data")
    yield ledger
    ledger.close()


def a_case(reference: str, *decisions: str) -> list[NewEvent]:
    """The events of one case: its opening, and what was decided."""
    opened = an_event(
        case_id_of(reference),
        topic="budgeting.ProceedingsOpened",
        state=b'{"reference":"%s","because":"finding"}' % reference.encode(),
    )
    decided = [
        an_event(case_id_of(reference), version, topic=f"budgeting.{name}", state=b"{}")
        for version, name in enumerate(decisions, 2)
    ]
    return [opened, *decided]


def record(ledger: SignedLedger, *events: NewEvent) -> None:
    ledger.store.append(Append(events=events))


def handed_out(ledger: SignedLedger, folder: Path, case: UUID | None = None) -> list[HandedOut]:
    return list(hand_out("budgeting", ledger.proving, folder, case))


def test_awards_and_rejections_are_proven_and_nothing_else(
    ledger: SignedLedger, tmp_path: Path
) -> None:
    record(
        ledger,
        *a_case("A-1", "FindingNoted", "GrantApproved"),
        *a_case("A-2", "ApplicationRejected"),
        *a_case("A-3", "ApprovalRefused", "GrantPartiallyApproved"),
        *a_case("A-4", "FindingNoted"),
    )
    ledger.cosign(ledger.grow(300).sign())

    found = handed_out(ledger, tmp_path / "proofs")

    assert [(each.reference, each.topic, each.position) for each in found] == [
        ("A-1", "budgeting.GrantApproved", 3),
        ("A-2", "budgeting.ApplicationRejected", 5),
        ("A-3", "budgeting.GrantPartiallyApproved", 8),
    ]
    assert {each.topic for each in found} == PROVEN["budgeting"]
    for each in found:
        assert each.path
        proven = check_proof(
            each.path.read_bytes(), each.path.with_suffix(".leaf").read_bytes(), TRUSTED, quorum=1
        )
        assert (proven.event.topic, proven.witnesses) == (each.topic, {WITNESS})


def test_an_event_waits_until_a_cosigned_head_covers_it(
    ledger: SignedLedger, tmp_path: Path
) -> None:
    record(ledger, *a_case("A-1", "GrantApproved"))
    ledger.cosign(ledger.sign())
    record(ledger, *a_case("A-2", "GrantApproved"))
    later = ledger.sign()

    first = handed_out(ledger, tmp_path)
    ledger.cosign(later)
    second = handed_out(ledger, tmp_path)

    assert [each.size for each in first] == [2, 0]
    assert first[1].path is None
    assert [(each.size, each.is_new) for each in second] == [(2, False), (4, True)]


def test_the_first_cosigned_head_proves_for_good(ledger: SignedLedger, tmp_path: Path) -> None:
    """So the same file is written by every later run."""
    record(ledger, *a_case("A-1", "GrantApproved"))
    ledger.cosign(ledger.sign())
    [before] = handed_out(ledger, tmp_path / "one")
    ledger.cosign(ledger.grow(10).sign())
    [after] = handed_out(ledger, tmp_path / "two")

    assert before.path and after.path
    assert before.path.read_bytes() == after.path.read_bytes()


def test_one_case_is_asked_for_by_its_id(ledger: SignedLedger, tmp_path: Path) -> None:
    record(ledger, *a_case("A-1", "GrantApproved"), *a_case("A-2", "GrantApproved"))
    ledger.cosign(ledger.sign())

    [only] = handed_out(ledger, tmp_path, case_id_of("A-2"))

    assert only.reference == "A-2"


@pytest.mark.parametrize("reference", ["../../etc", "A/1", ".hidden", "ZIQ 2021 ä"])
def test_a_reference_never_leads_out_of_the_folder(
    ledger: SignedLedger, tmp_path: Path, reference: str
) -> None:
    record(ledger, *a_case(reference, "GrantApproved"))
    ledger.cosign(ledger.sign())

    [only] = handed_out(ledger, tmp_path / "proofs")

    assert only.path
    assert only.path.resolve().parent.parent == (tmp_path / "proofs").resolve()
    assert not only.path.parent.name.startswith(".")


def test_a_case_whose_opening_is_not_there_goes_under_its_id(
    ledger: SignedLedger, tmp_path: Path
) -> None:
    record(ledger, *a_case("A-1", "GrantApproved")[1:])
    ledger.cosign(ledger.sign())

    [only] = handed_out(ledger, tmp_path)

    assert only.reference == str(case_id_of("A-1"))
