"""A look at the case files goes on record before it is answered.

Responsible for who looks, and why. What is shown stands in the command's own module.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar
from uuid import uuid4

import click

from grant_values.invalid import Invalid
from pruefpfad.cli.installation import Installation, Signed, wrapped
from pruefpfad.cli.output import finish
from pruefpfad.cli.tokens import read_token
from pruefpfad.processes.configuration import AMQP_URL

F = TypeVar("F", bound=Callable[..., Any])

AUDITOR_TOKEN = "PRUEFPFAD_AUDITOR_TOKEN"
REQUIRE_AUDITOR = "PRUEFPFAD_REQUIRE_AUDITOR"
SCOPES = {
    "reference": "case",
    "case_name": "case",
    "programme": "programme",
    "payment": "payment",
    "order": "order",
    "sample": "sample",
}
"""What an option that names a subject asks about; without any of them it is everything."""


def on_record(*, required_on_servers: bool) -> Callable[[F], F]:
    """Options of who looks and why. The access is on record before the command begins."""

    def decorate(function: F) -> F:
        @click.option("--key", help="The same key is the same look; without it, a new one.")
        @click.option(
            "--actor-token",
            envvar=AUDITOR_TOKEN,
            callback=read_token,
            help="Who looks: an auditor. That goes on record before the answer is given.",
        )
        @click.option("--purpose", default="", help="Why: it goes on record with the look.")
        @click.option(
            "--amqp-url",
            envvar=AMQP_URL.name,
            help="The broker of the distributed run, over which a look is put on record.",
        )
        @click.option(
            "--require-auditor",
            is_flag=True,
            envvar=REQUIRE_AUDITOR,
            help="Answer nobody who does not say who they are.",
        )
        def command(
            installation: Installation,
            key: str | None,
            actor_token: str | None,
            purpose: str,
            amqp_url: str | None,
            require_auditor: bool,
            **options: Any,
        ) -> Any:
            on_servers = bool(installation.database_url)
            if actor_token:
                servers = replace(installation, amqp_url=amqp_url)
                put_on_record(servers, Signed(key or str(uuid4()), actor_token), purpose, options)
            elif require_auditor or (on_servers and required_on_servers):
                expected = "expected that of an auditor: every look is on record"
                raise Invalid("actor-token", expected)
            return function(installation, **options)

        return wrapped(command, function)

    return decorate


def put_on_record(
    installation: Installation, signed: Signed, purpose: str, options: Mapping[str, Any]
) -> None:
    """Go on if the access is on record, and say so on standard error; otherwise end."""
    if not purpose.strip():
        raise Invalid("purpose", "expected why: it goes on record with the look")
    if installation.database_url and not installation.amqp_url:
        raise Invalid("amqp-url", "expected the broker, over which the look is put on record")
    answer = installation.ask(signed.message("audit.record_access", **_asked(purpose, options)))
    if answer.kind != "recorded":
        finish(answer)
    click.echo(f"on record: audit, position {answer.position}", err=True)


def _asked(purpose: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The question as it goes on record: which command, about what, with which options."""
    given = {name: value for name, value in options.items() if value not in (None, "", False, ())}
    named = [(scope, given[name]) for name, scope in SCOPES.items() if name in given]
    scope, subject = named[0] if named else ("everything", "")
    return {
        "question": click.get_current_context().command_path.partition(" ")[2],
        "scope": scope,
        "subject": _as_text(subject),
        "purpose": purpose,
        "arguments": {name: _as_text(value) for name, value in given.items()},
    }


def _as_text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
