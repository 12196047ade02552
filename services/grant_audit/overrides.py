"""Every manual override: which rule, why, by whom and with which second person (R89, D24).

An override is known by its own event: a grant to a late application, an event of another service
that two operators took out, or a restored store that they let go on. Nothing is guessed from what
did not happen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from grant_audit import queries
from grant_audit.case_file import CaseFile
from grant_audit.pages import CaseFiles
from grant_values.persons import same_person

LATE = "received_in_time"
"""The rule that a grant to a late application sets aside (§ 24 Abs. 3 VwVfG NRW; domain R3)."""
APPLIED = "every_event_is_applied"
"""What a follower does with every event, unless two operators discard one that it cannot apply."""
INCIDENT = ".IncidentRecorded"
GROWS = "a_history_only_grows"
"""What a store that does not lead to its last signed head breaks; two operators let it go on."""
RULES = (LATE, APPLIED, GROWS)


@dataclass(frozen=True)
class Override:
    """One rule that persons have set aside, in one case or, without a reference, in none; and where
    that stands."""

    reference: str
    rule: str
    reason: str
    by: str
    seconded_by: str
    day: str
    place: str

    @property
    def is_borne_by_two(self) -> bool:
        if not (self.reason and self.by and self.seconded_by):
            return False
        return not same_person(self.by, self.seconded_by)


def overrides(
    pages: CaseFiles, programme: str | None = None, on_no_case: Iterable[queries.Entry] = ()
) -> list[Override]:
    """Every override in the cases of a programme, or in all, by reference and rule.

    Without a programme also those in entries that are `on_no_case`, of all ledgers.
    """
    found: list[Override] = []
    if programme is None:
        found += _incidents(on_no_case)
    found += (
        override
        for file in queries.every_case(pages)
        if programme in (None, file.programme)
        for override in _of_case(file)
    )
    return sorted(found, key=lambda each: (each.reference, each.rule, each.place))


def _incidents(entries: Iterable[queries.Entry]) -> Iterator[Override]:
    for entry in entries:
        if entry["type"].endswith(INCIDENT):
            data = entry["data"]
            sizes = f"{data['known_origin']}: {data['found_size']} / {data['known_size']}"
            yield Override(
                "",
                GROWS,
                f"{data['reason']} ({sizes})",
                data["recorded_by"],
                data["seconded_by"],
                "",
                f"{entry['source']}/{entry['position']}",
            )


def _of_case(file: CaseFile) -> Iterator[Override]:
    decision = file.decision
    if decision and decision.get("override_reason"):
        yield Override(
            file.reference,
            LATE,
            decision["override_reason"],
            decision["decided_by"],
            decision["seconded_by"],
            decision["effective_on"],
            decision["place"],
        )
    for section in file.sections:
        for each in section.get("discarded", ()):
            event = f"{each['event_topic']} {each['origin']}/{each['position']}"
            yield Override(
                file.reference or str(file.case_id),
                APPLIED,
                f"{each['reason']} ({event})",
                each["discarded_by"],
                each["seconded_by"],
                "",
                each["place"],
            )
