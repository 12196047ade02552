"""Which commands eligibility takes, in which form, and who may give them."""

from __future__ import annotations

from grant_bus.desk import Command
from grant_contracts import eligibility_commands as wire
from grant_eligibility import application

COMMANDS = {
    "propose_finding": Command(
        wire.ProposeFinding, application.propose_finding, frozenset({"formal_checker"})
    ),
    "sign_finding": Command(
        wire.SignFinding, application.sign_finding, frozenset({"formal_checker", "expert"})
    ),
}
