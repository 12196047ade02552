"""Which documents a case has, who holds them and where (R85; Art. 25 Abs. 2 VO (EU) 480/2014).

An application's attachments are documents too. Who holds one is known once a document with the
same hash is filed; until then its holder is empty, and whoever asks is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from grant_audit.case_file import CaseFile


@dataclass(frozen=True)
class HeldDocument:
    """One document of a case. `document` is empty for an attachment, which has no id of its own."""

    reference: str
    document: str
    title: str
    sha256: str
    holder: str
    location: str
    items: tuple[int, ...]
    mime: str = ""
    size_bytes: int | None = None
    retention_class: str = ""
    filed_by: str = ""
    effective_on: str = ""
    place: str = ""
    superseded_by: str = ""

    @property
    def is_attachment(self) -> bool:
        return not self.document

    @property
    def is_in_force(self) -> bool:
        return not self.superseded_by


def documents_of(file: CaseFile) -> Iterator[HeldDocument]:
    """The filed documents by id, then the attachments in the order of the application."""
    filed = [_filed(file, name, page) for name, page in _pages(file)]
    yield from filed
    held = {document.sha256: document for document in filed}
    for attachment in file.intake.get("attachments", ()):
        known = held.get(attachment["sha256"])
        yield HeldDocument(
            reference=file.reference,
            document="",
            title=attachment["name"],
            sha256=attachment["sha256"],
            holder=known.holder if known else "",
            location=known.location if known else "",
            items=(),
        )


def _pages(file: CaseFile) -> list[tuple[str, dict[str, Any]]]:
    return sorted(file.intake.get("documents", {}).items())


def _filed(file: CaseFile, name: str, page: dict[str, Any]) -> HeldDocument:
    superseded = page["superseded"]
    return HeldDocument(
        reference=file.reference,
        document=name,
        title=page["title"],
        sha256=page["sha256"],
        holder=page["holder"],
        location=page["location"],
        items=tuple(page["items"]),
        mime=page["mime"],
        size_bytes=page["size_bytes"],
        retention_class=page["retention_class"],
        filed_by=page["filed_by"],
        effective_on=page["effective_on"],
        place=page["place"],
        superseded_by=superseded["superseded_by"] if superseded else "",
    )
