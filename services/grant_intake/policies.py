"""Intake follows nobody: it is where a case begins."""

from __future__ import annotations

from collections.abc import Mapping

from grant_bus.policies import Policy
from grant_contracts.envelope import Fact

FOLLOWS: Mapping[type[Fact], Policy] = {}
