"""Where a bundle's logs are read, and who has signed what is read there."""

from __future__ import annotations

from dataclasses import dataclass

from grant_store.log.store import LedgerView, LogStore


@dataclass(frozen=True)
class Source:
    """Where one log is read."""

    service: str
    lane: str
    ledger: LedgerView
    log: LogStore

    @property
    def name(self) -> str:
        return f"{self.service}/{self.lane}"


def signer_of(line: bytes) -> str:
    """The name in a signature line, "— NAME BASE64"."""
    return line.decode(errors="replace").split(" ")[1]
