"""What a process of the distributed run is told by its environment: one table of names.

The container files and their test read the same table. Must not open anything.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from environs import Env, EnvValidationError


@dataclass(frozen=True)
class Setting:
    """One name of the environment. Without a default it must be set."""

    name: str
    expected: str
    default: str | None = None
    may_be_empty: bool = False


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
VAULT_URL = Setting(
    "PRUEFPFAD_VAULT_URL",
    "the address of the keys of personal data, apart from the stores, such as "
    "postgresql://USER:PASSWORD@HOST:5432/VAULT",
)
VAULT_KEYS = Setting(
    "PRUEFPFAD_VAULT_KEYS", "the path of the file with the keys that protect those keys"
)
COMMANDS_PER_SECOND = Setting(
    "PRUEFPFAD_COMMANDS_PER_SECOND",
    "how many commands one sender may give in a second, as a whole number; 0 for any number",
    "2000",
)
LOG_NAME = Setting(
    "PRUEFPFAD_LOG_NAME",
    "what the origins of this installation's logs begin with, such as grants.example.de",
    "pruefpfad.local",
)
LOG_KEYS = Setting(
    "PRUEFPFAD_LOG_KEYS", "the path of a folder with the private keys that logs sign with"
)
HEADS_DIR = Setting(
    "PRUEFPFAD_HEADS_DIR",
    "the path of the folder that heads are exported to, so that a restored store is noticed; "
    "empty for none",
    "",
    may_be_empty=True,
)
LOG_PUBLIC_KEYS = Setting(
    "PRUEFPFAD_LOG_PUBLIC_KEYS",
    "the path of a folder with the logs' public keys (*.vkey), so that exported heads are "
    "verified; empty for none",
    "",
    may_be_empty=True,
)
CHECKPOINT_LEAVES = Setting(
    "PRUEFPFAD_CHECKPOINT_LEAVES",
    "after how many new events a head is signed, as a whole number from 1 on",
    "256",
)
CHECKPOINT_SECONDS = Setting(
    "PRUEFPFAD_CHECKPOINT_SECONDS",
    "after how many seconds a head is signed if anything is new, as a whole number from 1 on",
    "60",
)
ANCHOR_AMQP_URL = Setting(
    "PRUEFPFAD_ANCHOR_AMQP_URL",
    "the address of the broker that commands which anchor heads are given over; empty for none",
    "",
    may_be_empty=True,
)
ANCHOR_TOKEN = Setting(
    "PRUEFPFAD_ANCHOR_TOKEN",
    "an operator's actor token, with which heads are anchored, together with the broker's address",
    "",
    may_be_empty=True,
)
ANCHOR_SECONDS = Setting(
    "PRUEFPFAD_ANCHOR_SECONDS",
    "after how many seconds a head is anchored again, as a whole number from 1 on",
    "86400",
)
LOG_LEVEL = Setting("PRUEFPFAD_LOG_LEVEL", "one of debug, info, warning, error", "info")

FOR_MIGRATION = (DATABASE_URL, LANE, ROLE_PREFIX)
FOR_RELAY = (DATABASE_URL, AMQP_URL, LANE, LOG_LEVEL)
FOR_SERVICE = (
    *(DATABASE_URL, AMQP_URL, ACTOR_KEY, LANE, COMMANDS_PER_SECOND, LOG_LEVEL),
    *(LOG_NAME, HEADS_DIR, LOG_PUBLIC_KEYS),
)
FOR_VAULT_MIGRATION = (VAULT_URL, VAULT_KEYS, ROLE_PREFIX)
FOR_VAULT_SERVICE = (*FOR_SERVICE, VAULT_URL, VAULT_KEYS)
"""What a service reads that opens personal data."""
FOR_CHECKPOINTER = (
    *(DATABASE_URL, LANE, LOG_NAME, LOG_KEYS, HEADS_DIR),
    *(CHECKPOINT_LEAVES, CHECKPOINT_SECONDS, LOG_LEVEL),
    *(ANCHOR_AMQP_URL, ANCHOR_TOKEN, ANCHOR_SECONDS),
)
FOR_HEALTH = (AMQP_URL, LANE, LOG_LEVEL)
FOR_CHECKPOINTERS_HEALTH = (DATABASE_URL, LANE, CHECKPOINT_SECONDS)
SETTINGS = tuple(dict.fromkeys((*FOR_VAULT_SERVICE, *FOR_CHECKPOINTER)))
"""All that services, relays and checkpointers read."""

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
    log_name: str = ""
    log_keys: Path | None = None
    heads_dir: Path | None = None
    log_public_keys: Path | None = None
    checkpoint_leaves: int = 256
    checkpoint_seconds: int = 60
    anchor_amqp_url: str = ""
    anchor_token: str = field(default="", repr=False)
    anchor_seconds: int = 86_400
    vault_url: str = ""
    vault_keys: Path | None = None


def read(settings: Sequence[Setting]) -> Configuration:
    """This process's configuration, or `Misconfigured` with all that is wrong with it."""
    environment = Env(eager=False)
    found = {setting.name: environment.str(setting.name, setting.default) for setting in settings}
    wrong = _unreadable(environment)
    for setting in settings:
        is_empty = not (found[setting.name] or "").strip()
        if setting.name in wrong or (is_empty and not setting.may_be_empty):
            wrong[setting.name] = setting.expected
    if found.get(LOG_LEVEL.name) not in (None, *LOG_LEVELS):
        wrong[LOG_LEVEL.name] = LOG_LEVEL.expected
    commands_per_second = found.get(COMMANDS_PER_SECOND.name) or "0"
    if not re.fullmatch(r"[0-9]{1,6}", commands_per_second):
        wrong[COMMANDS_PER_SECOND.name] = COMMANDS_PER_SECOND.expected
    for setting in (CHECKPOINT_LEAVES, CHECKPOINT_SECONDS, ANCHOR_SECONDS):
        if not re.fullmatch(r"[1-9][0-9]{0,6}", found.get(setting.name) or "1"):
            wrong[setting.name] = setting.expected
    if bool(found.get(ANCHOR_AMQP_URL.name)) != bool(found.get(ANCHOR_TOKEN.name)):
        wrong[ANCHOR_TOKEN.name] = ANCHOR_TOKEN.expected
    for setting in (LOG_KEYS, HEADS_DIR, LOG_PUBLIC_KEYS):
        folder = found.get(setting.name)
        if folder and not Path(folder).is_dir():
            wrong[setting.name] = f"{setting.expected}; {folder!r} is none"
    actor_key = found.get(ACTOR_KEY.name)
    if actor_key and not Path(actor_key).is_file():
        wrong[ACTOR_KEY.name] = f"{ACTOR_KEY.expected}; {actor_key!r} is none"
    vault_keys = found.get(VAULT_KEYS.name)
    if vault_keys and not Path(vault_keys).is_file():
        wrong[VAULT_KEYS.name] = f"{VAULT_KEYS.expected}; {vault_keys!r} is none"
    if wrong:
        raise Misconfigured("; ".join(f"{name}: expected {what}" for name, what in wrong.items()))
    return Configuration(
        database_url=found.get(DATABASE_URL.name) or "",
        amqp_url=found.get(AMQP_URL.name) or "",
        actor_key=_path(actor_key),
        lane=found.get(LANE.name) or "main",
        commands_per_second=int(commands_per_second),
        log_level=found.get(LOG_LEVEL.name) or "info",
        log_name=found.get(LOG_NAME.name) or "",
        log_keys=_path(found.get(LOG_KEYS.name)),
        heads_dir=_path(found.get(HEADS_DIR.name)),
        log_public_keys=_path(found.get(LOG_PUBLIC_KEYS.name)),
        checkpoint_leaves=int(found.get(CHECKPOINT_LEAVES.name) or 256),
        checkpoint_seconds=int(found.get(CHECKPOINT_SECONDS.name) or 60),
        anchor_amqp_url=found.get(ANCHOR_AMQP_URL.name) or "",
        anchor_token=found.get(ANCHOR_TOKEN.name) or "",
        anchor_seconds=int(found.get(ANCHOR_SECONDS.name) or 86_400),
        vault_url=found.get(VAULT_URL.name) or "",
        vault_keys=Path(vault_keys) if vault_keys else None,
    )


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None


def _unreadable(environment: Env) -> dict[str, str]:
    """What the library complains of, by name. The values stay unsaid: they may be passwords."""
    try:
        environment.seal()
    except EnvValidationError as error:
        return dict.fromkeys(error.error_messages, "")
    return {}
