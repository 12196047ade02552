"""The day of an act that takes effect by being recorded: today, whoever says it."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from grant_values.legal_time import legal_date

acts_today_option = click.option(
    "--on",
    "effective_on",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Today, and no other day: it takes effect by being recorded. Without it, today too.",
)


def day_of_act(day: datetime | None = None) -> str:
    """The day as a person says it, or today."""
    return (day.date() if day else legal_date(datetime.now(UTC))).isoformat()
