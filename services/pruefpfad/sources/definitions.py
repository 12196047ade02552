"""Programme definitions from files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from marshmallow import ValidationError

from grant_contracts.programme import read_definition
from grant_eligibility.rules import unknown_rules
from pruefpfad.sources.files import read_text


def checked(file: Path) -> dict[str, Any]:
    """A definition from a file that meets the schema and names only rules that exist."""
    definition = read_definition(read_text(file))
    complaints = unknown_rules(definition)
    if complaints:
        raise ValidationError({"rules": complaints})
    return definition
