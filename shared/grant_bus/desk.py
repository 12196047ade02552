"""The desk takes a command message, checks form and authority, and makes a call of it.

Form: the schemas of the contracts. Authority: the actor's token, role and mandate. It decides
nothing about the case; what it refuses for want of authority goes on record in the access stream.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec
from marshmallow import Schema, ValidationError

from grant_bus.actors import Mandate, TokenCheck, TokenRefused
from grant_bus.answering import TooLate, invalid, too_many
from grant_bus.rates import UNLIMITED, Rates
from grant_contracts.answers import Answer
from grant_contracts.commands import Unfit, check_plain, read_envelope
from grant_store.rows import KindAndKey, SenderAndKey
from grant_store.standing import StandingAggregates
from grant_store.work import Context, Reading, UnitOfWork
from grant_values.cases import case_id_of
from grant_values.invalid import NotEntitled
from grant_values.legal_time import legal_date


@dataclass(frozen=True)
class Command:
    """One command of a service: its schema, the function that decides, and the roles entitled.

    The function is called with the unit of work, `by` (the actor) and the payload's fields; a
    command that `takes_second` also gets `seconded_by` (the second actor, or None). An operator's
    command `mends` what is parked: it is decided alone, and no parked case is closed to it. One
    that `reopens` is the only one that a store takes which does not lead to the last head of it.
    What ends something for good is not `dated_ahead`: a day to come would pass terms that run. What
    happens by being recorded is `dated_today`: neither earlier nor later than it did.
    """

    schema: type[Schema]
    run: Callable[..., object]
    roles: frozenset[str]
    takes_second: bool = False
    mends: bool = False
    reopens: bool = False
    dated_ahead: bool = True
    dated_today: bool = False
    reads: Callable[[Mapping[str, Any]], Collection[UUID]] = lambda payload: ()
    """Which aggregates it will most likely ask for, beside what has the case's own id."""

    reads_of_case: Callable[[UUID], Collection[KindAndKey]] = lambda case_id: ()
    """Which working documents of the case it will most likely ask for."""

    def reading(self, payload: Mapping[str, Any]) -> Reading:
        reference = payload.get("reference")
        if not isinstance(reference, str):
            return Reading(self.reads(payload))
        case_id = case_id_of(reference)
        return Reading([case_id, *self.reads(payload)], self.reads_of_case(case_id))


@dataclass(frozen=True)
class Order:
    """A command whose form and sender are in order, ready to be decided in a unit of work."""

    command: str
    key: str
    body_hash: bytes
    context: Context
    call: Callable[[UnitOfWork], object]
    mends: bool = False
    reopens: bool = False
    reading: Reading = field(default_factory=Reading)

    @property
    def sender(self) -> str:
        return self.context.actor.id

    @property
    def sender_and_key(self) -> SenderAndKey:
        return self.sender, self.key


Receive = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]
"""Makes of a command's payload what may be kept of it, or raises a `ValidationError`."""


def as_it_is(command: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Nothing in a payload needs to be made over before it is kept."""
    return payload


class Desk:
    """Reads the command messages of one service."""

    def __init__(
        self,
        service: str,
        commands: Mapping[str, Command],
        standing: StandingAggregates,
        tokens: TokenCheck,
        clock: Callable[[], datetime],
        rates: Rates = UNLIMITED,
        receive: Receive = as_it_is,
    ) -> None:
        self._service = service
        self._commands = commands
        self._schemas = {name: command.schema() for name, command in commands.items()}
        self._standing = standing
        self._tokens = tokens
        self._clock = clock
        self._rates = rates
        self._receive = receive

    def read(self, message: object) -> Order | Answer:
        """The order in a message, or the answer "invalid" with each field and what was expected.

        `VaultAway` where personal data came in an envelope that cannot be opened at present."""
        named = message if isinstance(message, Mapping) else {}
        try:
            return self._read(message)
        except ValidationError as error:
            code = error.code if isinstance(error, Unfit) else "wrong_field"
            errors = flat_errors(error.messages)
            return invalid(named.get("command"), named.get("key"), code, errors)

    def _read(self, message: object) -> Order | Answer:
        if not isinstance(message, Mapping):
            raise Unfit("not_readable", "message", "expected a JSON object")
        check_plain(message)
        envelope = read_envelope(message)
        name = self._name_of(envelope["command"])
        mandate = self._mandate(envelope, "actor_token")
        second = self._mandate(envelope, "second_actor_token")
        if mandate is None:
            raise ValidationError({"actor_token": ["expected a token"]})
        pause_seconds = self._rates.pause_for(mandate.actor.id)
        if pause_seconds:
            return too_many(envelope["command"], envelope["key"], pause_seconds)
        envelope = {**envelope, "payload": self._received(envelope)}
        payload = self._payload(name, envelope["payload"])
        context = Context(
            actor=mandate.actor,
            correlation_id=envelope["correlation_id"] or envelope["key"],
            causation_id=f"command:{envelope['key']}",
            command_key=envelope["key"],
            method=mandate.method,
            second_actor=second.actor if second else None,
        )
        return Order(
            command=envelope["command"],
            key=envelope["key"],
            body_hash=_body_hash(envelope, context),
            context=context,
            call=self._in_time(
                envelope["deadline"], self._call(name, payload, mandate, second, context)
            ),
            mends=self._commands[name].mends,
            reopens=self._commands[name].reopens,
            reading=self._commands[name].reading(payload),
        )

    def _name_of(self, command: str) -> str:
        service, _, name = command.partition(".")
        if service != self._service or name not in self._commands:
            known = ", ".join(sorted(f"{self._service}.{known}" for known in self._commands))
            raise Unfit("no_such_command", "command", f"expected one of {known}")
        return name

    def _mandate(self, envelope: Mapping[str, Any], field: str) -> Mandate | None:
        if field not in envelope:
            return None
        try:
            return self._tokens.mandate(envelope[field])
        except TokenRefused as refused:
            raise Unfit("token_refused", field, str(refused)) from refused

    def _received(self, envelope: Mapping[str, Any]) -> Mapping[str, Any]:
        """After the sender is known, and before anything is made of what was sent."""
        try:
            return self._receive(envelope["command"], envelope["payload"])
        except ValidationError as error:
            raise ValidationError({"payload": error.messages}) from None

    def _payload(self, name: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        try:
            loaded: dict[str, Any] = self._schemas[name].load(payload)
        except ValidationError as error:
            raise ValidationError({"payload": error.messages}) from error
        return loaded

    def _call(
        self,
        name: str,
        payload: dict[str, Any],
        mandate: Mandate,
        second: Mandate | None,
        context: Context,
    ) -> Callable[[UnitOfWork], object]:
        command = self._commands[name]
        today = legal_date(self._clock())
        days = (payload.get("effective_on", today), today)
        reason = _why_not_entitled(command, mandate, second, days)
        if reason:
            return lambda work: self._refuse_access(work, name, context, reason)
        if days[0] > today and not command.dated_ahead:
            raise ValidationError({"payload": {"effective_on": [f"expected a day up to {today}"]}})
        if days[0] != today and command.dated_today:
            raise ValidationError(
                {"payload": {"effective_on": [f"expected {today}, the day itself"]}}
            )
        if command.takes_second:
            payload["seconded_by"] = context.second_actor

        def call(work: UnitOfWork) -> None:
            try:
                command.run(work, by=context.actor, **payload)
            except NotEntitled as refused:
                if work.has_changed_anything:
                    raise RuntimeError(f"{name} changed the case before it refused.") from refused
                self._refuse_access(work, name, context, refused.reason)

        return call

    def _in_time(
        self, deadline: datetime | None, call: Callable[[UnitOfWork], object]
    ) -> Callable[[UnitOfWork], object]:
        """Look at the clock when it is decided, not before: a command may wait for others."""
        if deadline is None:
            return call

        def call_in_time(work: UnitOfWork) -> None:
            if self._clock() >= deadline:
                raise TooLate("expected an instant that had not passed")
            call(work)

        return call_in_time

    def _refuse_access(self, work: UnitOfWork, name: str, context: Context, reason: str) -> None:
        refusal = self._standing.access_log(
            command=f"{self._service}.{name}",
            actor_id=context.actor.id,
            role=context.actor.role,
            reason=reason,
            key=context.command_key,
        )
        work.keep(refusal)


def _why_not_entitled(
    command: Command, mandate: Mandate, second: Mandate | None, days: tuple[date, date]
) -> str | None:
    """The reason of the closed list why these actors may not give this command, or None.

    `days` are the day from which the command takes effect and today: a mandate must run on both,
    or whoever has lost theirs could go on deciding by dating it back.
    """
    if mandate.actor.role not in command.roles:
        return "role_not_entitled"
    if not all(map(mandate.is_in_force_on, days)):
        return "mandate_not_in_force"
    if second is None:
        return None
    if not command.takes_second or second.actor.role not in command.roles:
        return "second_actor_not_entitled"
    return None if all(map(second.is_in_force_on, days)) else "mandate_not_in_force"


def _body_hash(envelope: Mapping[str, Any], context: Context) -> bytes:
    """What makes two commands the same: command, payload and second actor, but not the tokens."""
    second = context.second_actor.id if context.second_actor else ""
    body = (envelope["command"], envelope["payload"], second)
    return sha256(msgspec.json.encode(body, order="deterministic")).digest()


def flat_errors(messages: Any, path: str = "") -> dict[str, list[str]]:
    """Nested messages of marshmallow as {"payload.plan.own": ["expected …"]}."""
    if isinstance(messages, Mapping):
        found: dict[str, list[str]] = {}
        for name, inner in messages.items():
            if name == "_schema":
                found.update(flat_errors(inner, path or "message"))
            else:
                found.update(flat_errors(inner, f"{path}.{name}" if path else str(name)))
        return found
    texts = messages if isinstance(messages, list) else [messages]
    return {path or "message": [str(text) for text in texts]}
