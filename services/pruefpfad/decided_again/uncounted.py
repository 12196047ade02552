"""Who takes part and was not counted yet, as the ledger of intake has it so far.

Intake keeps it in its working data, which are never read here. It follows what is recorded, and not
what comes out when that is decided again.
"""

from __future__ import annotations

from typing import Any

from grant_intake.participant_counts import after_count
from grant_intake.participants import uncounted
from grant_intake.participation import ParticipantCount, Participation
from grant_intake.personal import UNCOUNTED
from grant_store.catalogue import Catalogue
from pruefpfad.decided_again.known import Documents
from pruefpfad.decided_again.units import Unit

_ENROLLED = Participation.ParticipantEnrolled.TOPIC
_COUNTED = ParticipantCount.ParticipantsCounted.TOPIC


class Uncounted:
    """As of the unit that was followed last."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._bodies: dict[str, Any] = {}

    def follow(self, unit: Unit, documents: Documents) -> None:
        """Put what a unit has changed among the documents, whatever was written there of it."""
        for row in unit.rows:
            if row.topic == _ENROLLED:
                enrolled: Any = self._catalogue.decode(row)
                _, key, body = uncounted(enrolled)
                self._put({key: body}, documents)
            elif row.topic == _COUNTED:
                count: Any = self._catalogue.decode(row)
                known = [(key, body) for key, body in self._bodies.items() if body]
                self._put(dict(after_count(count, known)), documents)

    def _put(self, bodies: dict[str, Any], documents: Documents) -> None:
        self._bodies |= bodies
        documents.update({(UNCOUNTED, key): body for key, body in self._bodies.items()})
