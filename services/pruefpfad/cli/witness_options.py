"""What the commands of a witness have in common: where it lives, and how a cell is written."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click

witness_option = click.option(
    "--witness",
    "folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    envvar="PRUEFPFAD_WITNESS",
    help="The witness's folder: its keys and what it remembers. Never in the operator's hands.",
)
files = click.Path(exists=True, path_type=Path)


def cell(value: Any) -> str:
    if value is None:
        return "never"
    return f"{value:%Y-%m-%d %H:%M:%S}" if isinstance(value, datetime) else str(value)
