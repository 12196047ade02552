"""Which commands audit takes: none so far."""

from __future__ import annotations

from collections.abc import Mapping

from grant_bus.desk import Command

COMMANDS: Mapping[str, Command] = {}
