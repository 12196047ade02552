"""What an audit bundle takes from an installation: which logs in which order, keys and schemas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path

from grant_audit.bundle.source import Source
from grant_store.log.log_keys import verifier_keys
from grant_store.log.store import LogStore
from grant_store.opening import open_ledger_view, open_log
from pruefpfad.published.documents import documents

# Whoever follows others comes before them: see `grant_audit.bundle.cut`. A test compares it with
# what the services follow.
DOWNSTREAM_FIRST = ("audit", "budgeting", "disbursement", "eligibility", "intake")

_SCHEMAS = "schemas/events/"


@contextmanager
def sources_of(url: str, lane: str) -> Iterator[Sequence[Source]]:
    """The ledgers, through their views, and the logs of all services, downstream ones first."""
    with ExitStack() as opened:

        def log_of(service: str, epoch: int | None) -> LogStore:
            return opened.enter_context(closing(open_log(url, service, lane, epoch)))

        sources = []
        for service in DOWNSTREAM_FIRST:
            ledger = opened.enter_context(closing(open_ledger_view(url, service, lane)))
            of_epoch = partial(log_of, service)
            sources.append(Source(service, lane, ledger, of_epoch(None), of_epoch))
        yield sources


def event_schemas() -> Mapping[str, str]:
    """The JSON Schema of each event by the name of its file."""
    found = {
        name.removeprefix(_SCHEMAS): text
        for name, text in documents().items()
        if name.startswith(_SCHEMAS)
    }
    if not found:
        raise RuntimeError(f"No event has a schema below {_SCHEMAS}.")
    return found


def public_keys(paths: Sequence[Path]) -> Mapping[str, str]:
    """The public keys in these files and folders by the name of their file."""
    files = [file for path in paths for file in _key_files(path)]
    return {file.name: "".join(f"{key}\n" for key in verifier_keys(file)) for file in files}


def _key_files(path: Path) -> list[Path]:
    return sorted(path.glob("*.vkey")) if path.is_dir() else [path]
