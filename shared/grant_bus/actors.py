"""Who acts: actor tokens are issued with a private key and checked with the public one.

A token is a JWT signed with Ed25519 (RFC 8037). It says who, in which role, by which method of
authentication, and from when to when the mandate runs. A bare name is never enough.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from grant_values.shapes import Actor

ALGORITHM = "Ed25519"
ISSUER = "pruefpfad"


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


def new_signing_key() -> OKPKey:
    """A fresh Ed25519 key pair for an issuer of actor tokens."""
    return OKPKey.generate_key("Ed25519", private=True)


def issue_token(key: OKPKey, mandate: Mandate, issued_at: datetime, expires_at: datetime) -> str:
    """A signed token for a mandate, good from `issued_at` until `expires_at` (aware instants)."""
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
        self._claims = lru_cache(maxsize=4096)(self._checked_claims)

    def mandate(self, token: str) -> Mandate:
        """The mandate of a token, or `TokenRefused` with what was expected."""
        claims = self._claims(token)
        if self._clock().timestamp() >= claims["exp"]:
            raise TokenRefused("expected a token that has not expired")
        return _mandate(claims)

    def _checked_claims(self, token: str) -> dict[str, Any]:
        try:
            claims = jwt.decode(token, self._key, algorithms=[ALGORITHM]).claims
        except (JoseError, ValueError) as error:
            raise TokenRefused("expected a token signed by the issuer of this system") from error
        if claims.get("iss") != ISSUER or not isinstance(claims.get("exp"), int):
            raise TokenRefused("expected a token signed by the issuer of this system")
        return claims


def _mandate(claims: dict[str, Any]) -> Mandate:
    return Mandate(
        Actor(claims["sub"], claims["role"], claims["scripted"]),
        claims["amr"],
        date.fromisoformat(claims["mandate_from"]),
        date.fromisoformat(claims["mandate_until"]),
    )
