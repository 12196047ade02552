"""Tokens of those who act, as options take them: from the environment, from a file, or as they are.

What stands on a command line can be seen by everybody on the machine and stays in the shell's
history, so that the help leads to the other two.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from grant_values.invalid import Invalid

F = TypeVar("F", bound=Callable[..., Any])

ACTOR_TOKEN: Final = "PRUEFPFAD_ACTOR_TOKEN"
SECOND_ACTOR_TOKEN: Final = "PRUEFPFAD_SECOND_ACTOR_TOKEN"
LONGEST: Final = 20_000


def read_token(_: click.Context, option: click.Parameter, text: str | None) -> str | None:
    """The token itself, or what is in the file that `@FILE` names."""
    if text is None or not text.startswith("@"):
        return text
    field = (option.name or "token").replace("_", "-")
    try:
        with Path(text[1:]).open(encoding="utf-8") as file:
            read = file.read(LONGEST).strip()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "not a text"
        raise Invalid(field, f"expected a file with a token: {text[1:]}: {why}") from error
    if not read or len(read.split()) != 1:
        raise Invalid(field, f"expected one token in {text[1:]}")
    return read


def actor_token_option(who: str = "Who acts.") -> Callable[[F], F]:
    """The option that says who acts."""
    return click.option(
        "--actor-token",
        required=True,
        envvar=ACTOR_TOKEN,
        callback=read_token,
        help=f"{who} Best as @FILE, or in ${ACTOR_TOKEN}.",
    )


def second_actor_token_option(who: str, *, required: bool = True) -> Callable[[F], F]:
    """The option for the second of two persons who bear something together."""
    return click.option(
        "--second-actor-token",
        required=required,
        envvar=SECOND_ACTOR_TOKEN,
        callback=read_token,
        help=f"{who} Best as @FILE, or in ${SECOND_ACTOR_TOKEN}.",
    )


second_actor_token_if_any = click.option(
    "--second-actor-token",
    callback=read_token,
    help="Who bears it beside, where two persons do; best as @FILE.",
)
"""For what may be any command. Not from the environment: most commands take no second person, and
one that was left there would have them refused, on record."""
