"""Questions over the bus as of some time: what cannot be asked, and what is in the answer."""

from __future__ import annotations

from typing import Any, cast

import msgspec
import pytest

from audit.ledgers import Entry, Offices
from grant_audit.as_of import rebuilt
from grant_audit.pages import HISTORY, CaseFiles
from grant_audit.questions import Questions
from grant_bus.feed import event_of, message_of
from grant_bus.parked import EVENT, ParkedEvent
from grant_bus.question_desk import Dated, found
from grant_store.rows import Document
from grant_values.cases import case_id_of
from grant_values.invalid import Invalid

REFERENCE = "ZIQ-1"
HEADS = {"intake": 2, "eligibility": 0, "budgeting": 0, "disbursement": 0}
ALL_FOUR = "intake/2 eligibility/main/0 budgeting/0 disbursement/0"


def an_office() -> Offices:
    offices = Offices()
    offices.record("intake", REFERENCE, [Entry("intake.ApplicationSubmitted")])
    offices.wait(24)
    withdrawn = {"effective_on": "2019-01-01"}
    offices.record("intake", REFERENCE, [Entry("intake.ApplicationWithdrawn", withdrawn)])
    return offices


def followed(offices: Offices | None = None) -> Any:
    return rebuilt((offices or an_office()).ledgers, with_history=True)


def test_an_answer_as_of_now_is_the_bare_answer_that_it_was() -> None:
    assert Questions(followed()).case_state(REFERENCE).state == "withdrawn"


def test_an_answer_as_of_then_names_that_of_which_it_was_computed() -> None:
    instant = "2019-01-01T12:00:00+00:00"
    answer = Questions(followed(), recorded=instant).case_state(REFERENCE)

    assert answer.value.state == "received"
    assert found(answer)["computed_from"] == {
        "positions": HEADS,
        "recorded": "2019-01-01T12:00:00Z",
    }


def test_positions_are_named_as_answers_print_them() -> None:
    before = ALL_FOUR.replace("intake/2", "intake/1")

    assert Questions(followed(), position=ALL_FOUR).case_state(REFERENCE).value.state == "withdrawn"
    answer = Questions(followed(), position=before).case_state(REFERENCE)
    assert answer.value.state == "received"
    assert answer.computed_from == {"positions": {**HEADS, "intake": 1}}


@pytest.mark.parametrize(
    ("axes", "field", "expected"),
    [
        ({"effective": "yesterday"}, "effective", "a day such as"),
        ({"effective": 20190101}, "effective", "a day such as"),
        ({"recorded": "2019-01-01"}, "recorded", "with its time zone"),
        ({"recorded": "now"}, "recorded", "an instant such as"),
        ({"recorded": 7}, "recorded", "an instant such as"),
        ({"position": "intake"}, "position", "SERVICE/N"),
        ({"position": ""}, "position", "places such as"),
        ({"position": {"intake": 1}}, "position", "places such as"),
        ({"position": "audit/1"}, "position", "SERVICE/N"),
        ({"position": "intake/other/1"}, "position", "the lane main"),
        ({"position": "intake/2 budgeting/0"}, "position", "of eligibility, disbursement"),
        ({"position": ALL_FOUR.replace("intake/2", "intake/3")}, "position", "at most intake/2"),
    ],
)
def test_an_axis_that_cannot_be_read_is_named(
    axes: dict[str, Any], field: str, expected: str
) -> None:
    with pytest.raises(Invalid, match=expected) as refused:
        Questions(followed(), **axes).cases(None, None)
    assert refused.value.field == field


def test_the_day_of_the_list_of_operations_has_a_field_of_its_own() -> None:
    with pytest.raises(Invalid, match="a day such as") as refused:
        Questions(followed(), position=ALL_FOUR).operations_csv("soon")
    assert refused.value.field == "as_of"


def test_a_case_that_was_not_on_record_then_is_named() -> None:
    with pytest.raises(Invalid, match="that of a case on record"):
        Questions(followed(), recorded="2018-01-01T00:00:00Z").case(REFERENCE)


def test_pages_of_an_older_program_are_not_guessed_from() -> None:
    def older(page: Document) -> Document:
        entry = msgspec.json.decode(page.body or b"")
        del entry["subject"]
        return page._replace(body=msgspec.json.encode(entry))

    pages = followed()
    history = [older(page) for page in pages.documents(HISTORY)]
    with pytest.raises(Invalid, match="feeds replay --follower audit") as refused:
        Questions(cast(Any, With(pages, {HISTORY: history})), "2019-01-01").cases(None, None)
    assert refused.value.field == "effective"


def test_what_audit_has_parked_is_in_the_answer_too() -> None:
    offices = an_office()
    pages = followed(offices)
    event = event_of("intake/main", offices.ledgers["intake"].rows[1])
    parked = ParkedEvent(
        case_id=case_id_of(REFERENCE),
        number=1,
        event=msgspec.Raw(message_of(event)),
        error="",
        parked_at=offices.now,
        attempts=1,
    )
    written = [each for each in pages.documents(HISTORY) if b"Withdrawn" not in (each.body or b"")]
    waiting = [Document(EVENT, parked.key, msgspec.json.encode(parked))]
    store = cast(Any, With(pages, {HISTORY: written, EVENT: waiting}))

    assert Questions(store, effective="2019-02-01").case_state(REFERENCE).value.state == "withdrawn"
    [line] = Questions(store, effective="2019-02-01").cases(None, None).value
    assert line.state == "withdrawn"


def test_what_is_dated_is_told_with_its_origin_and_nothing_else_is() -> None:
    dated = Dated([1], {"positions": {"intake": 1}})

    assert found(dated) == {"kind": "found", "value": [1], "computed_from": dated.computed_from}
    assert found([1]) == {"kind": "found", "value": [1]}


class With:
    """Pages of which some kinds are others."""

    def __init__(self, pages: CaseFiles, others: dict[str, list[Document]]) -> None:
        self.lane, self.tracked = pages.lane, pages.tracked
        self._pages, self._others = pages, others

    def documents(self, kind: str, prefix: str = "") -> list[Document]:
        found = self._others.get(kind) or list(self._pages.documents(kind))
        return [page for page in found if page.key.startswith(prefix)]

    def document_counts(self) -> dict[str, int]:
        return {HISTORY: len(self.documents(HISTORY))}
