"""Who acts: actor tokens are issued with a private key and checked with the public one.

A token is a JWT signed with Ed25519 (RFC 8037). It says who, in which role, by which method of
authentication, and from when to when the mandate runs. A bare name is never enough.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Annotated

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from grant_values.persons import check_actor_id
from grant_values.shapes import Actor

ALGORITHM = "Ed25519"
ISSUER = "pruefpfad"
LONGEST_TOKEN = 4_096
CLOCK_SKEW_SECONDS = 60
"""A token may come from a machine whose clock is ahead of ours by this much."""
_NOT_OURS = "expected a token signed by the issuer of this system"


class TokenRefused(ValueError):
    """The token proves nothing: forged, expired, or not a token at all."""


@dataclass(frozen=True)
class Mandate:
    """What a checked token says: the actor, how they were authenticated, and the mandate's days."""

    actor: Actor
    method: str
    starts_on: date
    ends_on: date

    def is_in_force_on(self, day: date) -> bool:
        return self.starts_on <= day <= self.ends_on


# What becomes a key of the store: no control characters, and nothing that UTF-8 cannot write.
_Name = Annotated[str, msgspec.Meta(pattern=r"^[^\x00-\x1f\ud800-\udfff]{1,100}\Z")]


class _Claims(msgspec.Struct, frozen=True):
    """What a token of ours says. Claims beyond these are ignored, as RFC 7519 § 4 wants."""

    sub: _Name
    role: _Name
    amr: _Name
    scripted: bool
    mandate_from: date
    mandate_until: date
    iat: int
    exp: int
    nbf: int = 0


def new_signing_key() -> OKPKey:
    """A fresh Ed25519 key pair for an issuer of actor tokens."""
    return OKPKey.generate_key("Ed25519", private=True)


def issue_token(key: OKPKey, mandate: Mandate, issued_at: datetime, expires_at: datetime) -> str:
    """A signed token for a mandate, good from `issued_at` until `expires_at` (aware instants).

    `ValueError` for an actor whose id has not the form of one: two spellings are two persons to no
    rule of two persons, and none may be issued that only looks like another.
    """
    check_actor_id(mandate.actor.id)
    claims = {
        "iss": ISSUER,
        "sub": mandate.actor.id,
        "role": mandate.actor.role,
        "scripted": mandate.actor.scripted,
        "amr": mandate.method,
        "mandate_from": mandate.starts_on.isoformat(),
        "mandate_until": mandate.ends_on.isoformat(),
        "iat": int(issued_at.timestamp()),
        "exp": int(expires_at.timestamp()),
    }
    return jwt.encode({"alg": ALGORITHM}, claims, key, algorithms=[ALGORITHM])


class TokenCheck:
    """Checks tokens against the issuer's public key. Signatures are checked once per token."""

    def __init__(self, public_key: OKPKey, clock: Callable[[], datetime]) -> None:
        self._key = public_key
        self._clock = clock
        self._signed = lru_cache(maxsize=4096)(self._signed_claims)

    def mandate(self, token: str) -> Mandate:
        """The mandate of a token, or `TokenRefused` with what was expected."""
        if len(token) > LONGEST_TOKEN:
            raise TokenRefused(f"expected a token of at most {LONGEST_TOKEN} characters")
        claims = self._signed(token)
        now = self._clock().timestamp()
        if now >= claims.exp:
            raise TokenRefused("expected a token that has not expired")
        if now + CLOCK_SKEW_SECONDS < max(claims.iat, claims.nbf):
            raise TokenRefused("expected a token that is valid already")
        return Mandate(
            Actor(claims.sub, claims.role, claims.scripted),
            claims.amr,
            claims.mandate_from,
            claims.mandate_until,
        )

    def _signed_claims(self, token: str) -> _Claims:
        try:
            claims = jwt.decode(token, self._key, algorithms=[ALGORITHM]).claims
        except (JoseError, ValueError, RecursionError) as error:
            raise TokenRefused(_NOT_OURS) from error
        if claims.get("iss") != ISSUER:
            raise TokenRefused(_NOT_OURS)
        try:
            read = msgspec.convert(claims, _Claims)
            check_actor_id(read.sub)
        except (msgspec.ValidationError, ValueError) as error:
            raise TokenRefused(f"expected a token that names actor and mandate: {error}") from error
        return read
