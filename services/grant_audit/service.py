"""Nameko entrypoints of audit: questions to the case file. It follows everybody, decides nothing.

Money is in integer cents and days are ISO dates, as in the events.
"""

from __future__ import annotations

from datetime import date

from grant_audit import exports, queries
from grant_audit.case_file import CaseFile
from grant_bus.nameko.extensions import command, query
from grant_bus.nameko.service import ServiceOnTheBus
from grant_values.invalid import Invalid


class AuditService(ServiceOnTheBus):
    """Answers from what it followed. Ask with `at_least` to see what was just recorded."""

    name = "audit"

    retry_parked = command("audit.retry_parked")
    replay_feeds = command("audit.replay_feeds")
    record_access = command("audit.record_access")
    draw_sample = command("audit.draw_sample")
    anchor_head = command("audit.anchor_head")
    record_incident = command("audit.record_incident")

    @query
    def cases(
        self, state: str | None = None, programme: str | None = None
    ) -> list[queries.CaseLine]:
        return queries.cases(self.writer.store, state, programme)

    @query
    def case(self, reference: str) -> CaseFile:
        return queries.case(self.writer.store, reference)

    @query
    def case_state(self, reference: str) -> queries.CaseLine:
        """Where a case stands, without the sections of its file."""
        return queries.case_line(queries.case(self.writer.store, reference))

    @query
    def case_files(self) -> list[CaseFile]:
        """Every case with all its sections, in order of their ids."""
        return list(queries.every_case(self.writer.store))

    @query
    def runs(self) -> list[queries.Entry]:
        return queries.runs(self.writer.store)

    @query
    def history(self, reference: str) -> list[queries.Entry]:
        return queries.history(self.writer.store, reference)

    @query
    def budget(self, programme: str | None = None) -> list[queries.LineRow]:
        return queries.budget(self.writer.store, programme)

    @query
    def operations_csv(self, as_of: str) -> str:
        """The public list of operations as of a day, byte for byte as the export writes it."""
        return exports.operations_list(self.writer.store, _day("as_of", as_of))


def _day(field: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise Invalid(field, f"expected a day such as 2024-12-31, not {text!r}") from error
