"""UTF-8 text and JSON from files. What is wrong is named with its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from marshmallow import ValidationError


def read_text(path: Path) -> str:
    """A UTF-8 file as text. `ValidationError` naming the byte where it is something else."""
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        expected = f"expected UTF-8 text, not byte {error.start + 1} as it is"
        raise ValidationError({str(path): [expected]}) from error


def read_json(path: Path) -> Any:
    """A JSON document from a file. `ValidationError` naming line and column of what is not JSON."""
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as error:
        expected = f"expected JSON in line {error.lineno}, column {error.colno}: {error.msg}"
        raise ValidationError({str(path): [expected]}) from error
