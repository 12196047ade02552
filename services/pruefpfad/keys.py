"""The key that signs actor tokens, as a file that only its owner can read.

In production the token issuer holds it and services get the public half only; the embedded run
keeps both in its data directory.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from joserfc.jwk import OKPKey

from grant_bus.actors import Mandate, issue_token, new_signing_key
from grant_values.shapes import Actor

PRIVATE = "actors.private.json"
PUBLIC = "actors.public.json"


def signing_key(folder: Path) -> OKPKey:
    """The private key in `folder`, made there if there is none yet."""
    path = folder / PRIVATE
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _write_if_new(path, new_signing_key().as_dict(private=True), 0o600)
    key = OKPKey.import_key(json.loads(path.read_text(encoding="utf-8")))
    if not (folder / PUBLIC).exists():
        _write_if_new(folder / PUBLIC, key.as_dict(private=False), 0o644)
    return key


def public_key(path: Path) -> OKPKey:
    """The public key in a file."""
    return OKPKey.import_key(json.loads(path.read_text(encoding="utf-8")))


def token_for(
    key: OKPKey,
    actor: Actor,
    starts_on: date,
    ends_on: date,
    *,
    method: str = "signed-token",
    valid_for: timedelta = timedelta(days=1),
) -> str:
    """A token for an actor whose mandate runs from `starts_on` to `ends_on`, both included."""
    now = datetime.now(UTC)
    return issue_token(key, Mandate(actor, method, starts_on, ends_on), now, now + valid_for)


def _write_if_new(path: Path, key: Mapping[str, Any], mode: int) -> None:
    """Whole or not at all, and never over another: two processes may start in one folder."""
    draft = path.with_name(f".{path.name}.{uuid4().hex}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(key, file)
    try:
        with suppress(FileExistsError):
            path.hardlink_to(draft)
    finally:
        draft.unlink()
