"""What a process of the distributed run is told by its environment: one table of names.

The container files and their test read the same table. Must not open anything.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from environs import Env, EnvValidationError


@dataclass(frozen=True)
class Setting:
    """One name of the environment. Without a default it must be set."""

    name: str
    expected: str
    default: str | None = None


DATABASE_URL = Setting(
    "PRUEFPFAD_DATABASE_URL",
    "the address of the stores, such as postgresql://USER:PASSWORD@HOST:5432/DATABASE",
)
AMQP_URL = Setting(
    "PRUEFPFAD_AMQP_URL", "the address of the broker, such as amqp://USER:PASSWORD@HOST:5672/VHOST"
)
ACTOR_KEY = Setting(
    "PRUEFPFAD_ACTOR_KEY", "the path of a file with the public key that actor tokens are signed by"
)
LANE = Setting("PRUEFPFAD_LANE", "the lane that this process works for", "main")
ROLE_PREFIX = Setting(
    "PRUEFPFAD_ROLE_PREFIX",
    "what the names of the database roles begin with that `store migrate` gives their rights, "
    "such as pruefpfad_ for pruefpfad_intake and pruefpfad_intake_relay; empty for none",
    "",
)
COMMANDS_PER_SECOND = Setting(
    "PRUEFPFAD_COMMANDS_PER_SECOND",
    "how many commands one sender may give in a second, as a whole number; 0 for any number",
    "2000",
)
LOG_LEVEL = Setting("PRUEFPFAD_LOG_LEVEL", "one of debug, info, warning, error", "info")

FOR_MIGRATION = (DATABASE_URL, LANE, ROLE_PREFIX)
FOR_RELAY = (DATABASE_URL, AMQP_URL, LANE, LOG_LEVEL)
FOR_SERVICE = (DATABASE_URL, AMQP_URL, ACTOR_KEY, LANE, COMMANDS_PER_SECOND, LOG_LEVEL)
FOR_HEALTH = (AMQP_URL, LANE, LOG_LEVEL)
SETTINGS = FOR_SERVICE
"""All that services and relays read."""

LOG_LEVELS = ("debug", "info", "warning", "error")


class Misconfigured(ValueError):
    """The environment lacks something. The message names it and says what was expected."""


@dataclass(frozen=True)
class Configuration:
    """What the environment says. What a process does not need is left empty."""

    database_url: str = ""
    amqp_url: str = ""
    actor_key: Path | None = None
    lane: str = "main"
    role_prefix: str = ""
    commands_per_second: int = 0
    log_level: str = "info"


def read(settings: Sequence[Setting]) -> Configuration:
    """This process's configuration, or `Misconfigured` with all that is wrong with it."""
    environment = Env(eager=False)
    found = {setting.name: environment.str(setting.name, setting.default) for setting in settings}
    wrong = _unreadable(environment)
    for setting in settings:
        if setting.name in wrong or not (found[setting.name] or "").strip():
            wrong[setting.name] = setting.expected
    if found.get(LOG_LEVEL.name) not in (None, *LOG_LEVELS):
        wrong[LOG_LEVEL.name] = LOG_LEVEL.expected
    commands_per_second = found.get(COMMANDS_PER_SECOND.name) or "0"
    if not re.fullmatch(r"[0-9]{1,6}", commands_per_second):
        wrong[COMMANDS_PER_SECOND.name] = COMMANDS_PER_SECOND.expected
    actor_key = found.get(ACTOR_KEY.name)
    if actor_key and not Path(actor_key).is_file():
        wrong[ACTOR_KEY.name] = f"{ACTOR_KEY.expected}; {actor_key!r} is none"
    if wrong:
        raise Misconfigured("; ".join(f"{name}: expected {what}" for name, what in wrong.items()))
    return Configuration(
        database_url=found.get(DATABASE_URL.name) or "",
        amqp_url=found.get(AMQP_URL.name) or "",
        actor_key=Path(actor_key) if actor_key else None,
        lane=found.get(LANE.name) or "main",
        commands_per_second=int(commands_per_second),
        log_level=found.get(LOG_LEVEL.name) or "info",
    )


def _unreadable(environment: Env) -> dict[str, str]:
    """What the library complains of, by name. The values stay unsaid: they may be passwords."""
    try:
        environment.seal()
    except EnvValidationError as error:
        return dict.fromkeys(error.error_messages, "")
    return {}
