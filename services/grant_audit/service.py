"""Nameko entrypoints of audit: questions to the case file. It follows everybody, decides nothing.

Money is in integer cents and days are ISO dates, as in the events. Each question may be asked as of
a day (`effective`), an instant (`recorded`) or positions (`position`): `docs/time.md`.
"""

from __future__ import annotations

from grant_audit.questions import Answered, Questions
from grant_bus.nameko.extensions import command, query
from grant_bus.nameko.service import ServiceOnTheBus

Text = str | None


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
        self,
        state: Text = None,
        programme: Text = None,
        effective: Text = None,
        recorded: Text = None,
        position: Text = None,
    ) -> Answered:
        return self._asked(effective, recorded, position).cases(state, programme)

    @query
    def case(
        self, reference: str, effective: Text = None, recorded: Text = None, position: Text = None
    ) -> Answered:
        return self._asked(effective, recorded, position).case(reference)

    @query
    def case_state(
        self, reference: str, effective: Text = None, recorded: Text = None, position: Text = None
    ) -> Answered:
        """Where a case stands, without the sections of its file."""
        return self._asked(effective, recorded, position).case_state(reference)

    @query
    def case_files(
        self, effective: Text = None, recorded: Text = None, position: Text = None
    ) -> Answered:
        """Every case with all its sections, in order of their ids."""
        return self._asked(effective, recorded, position).case_files()

    @query
    def runs(
        self, effective: Text = None, recorded: Text = None, position: Text = None
    ) -> Answered:
        return self._asked(effective, recorded, position).runs()

    @query
    def history(
        self, reference: str, effective: Text = None, recorded: Text = None, position: Text = None
    ) -> Answered:
        return self._asked(effective, recorded, position).history(reference)

    @query
    def budget(
        self,
        programme: Text = None,
        effective: Text = None,
        recorded: Text = None,
        position: Text = None,
    ) -> Answered:
        return self._asked(effective, recorded, position).budget(programme)

    @query
    def operations_csv(self, as_of: str, recorded: Text = None, position: Text = None) -> Answered:
        """The public list of operations as of a day, byte for byte as the export writes it."""
        return self._asked(None, recorded, position).operations_csv(as_of)

    def _asked(self, *axes: Text) -> Questions:
        return Questions(self.writer.store, *axes)
