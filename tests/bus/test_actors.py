"""Actor tokens: only what the issuer signed, while it is valid, says who acts."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws, jwt
from joserfc.jwk import OKPKey

from bus.till import CASHIER, KEY, NOW, a_token
from grant_bus.actors import Mandate, TokenCheck, TokenRefused, new_signing_key
from grant_values.shapes import Actor

PUBLIC = OKPKey.import_key(KEY.as_dict(private=False))
CHECK = TokenCheck(PUBLIC, lambda: NOW)
CLAIMS: dict[str, Any] = {
    "iss": "pruefpfad",
    "sub": "S-1",
    "role": "cashier",
    "scripted": False,
    "amr": "smartcard",
    "mandate_from": "2024-01-01",
    "mandate_until": "2024-12-31",
    "iat": int(NOW.timestamp()),
    "exp": int(NOW.timestamp()) + 60,
}


def signed(claims: dict[str, Any], key: OKPKey = KEY) -> str:
    return jwt.encode({"alg": "Ed25519"}, claims, key, algorithms=["Ed25519"])


def base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def at(now: datetime) -> TokenCheck:
    return TokenCheck(PUBLIC, lambda: now)


def test_a_token_says_who_in_which_role_by_which_method_and_for_which_days() -> None:
    actor = Actor("S-7", "Prüferin", scripted=True)

    mandate = CHECK.mandate(a_token(actor, date(2024, 2, 1), date(2024, 3, 1)))

    assert mandate == Mandate(actor, "signed-token", date(2024, 2, 1), date(2024, 3, 1))
    assert [
        mandate.is_in_force_on(date(2024, month, day))
        for month, day in ((1, 31), (2, 1), (3, 1), (3, 2))
    ] == [False, True, True, False]


def test_a_token_is_good_until_the_second_it_expires() -> None:
    token = a_token(valid_for=timedelta(minutes=5))

    assert at(NOW + timedelta(seconds=299)).mandate(token).actor == CASHIER
    with pytest.raises(TokenRefused, match="has not expired"):
        at(NOW + timedelta(minutes=5)).mandate(token)


def test_a_token_that_was_good_a_moment_ago_expires_although_it_is_remembered() -> None:
    instants = [NOW, NOW + timedelta(hours=2)]
    check = TokenCheck(PUBLIC, lambda: instants.pop(0))
    token = a_token()

    check.mandate(token)
    with pytest.raises(TokenRefused, match="has not expired"):
        check.mandate(token)


def test_a_token_of_tomorrow_is_not_good_today_but_clocks_may_differ_by_a_minute() -> None:
    assert CHECK.mandate(a_token(issued_at=NOW + timedelta(seconds=60)))
    with pytest.raises(TokenRefused, match="valid already"):
        CHECK.mandate(a_token(issued_at=NOW + timedelta(seconds=62)))
    with pytest.raises(TokenRefused, match="valid already"):
        CHECK.mandate(signed(CLAIMS | {"nbf": CLAIMS["iat"] + 62}))


def test_a_token_of_another_key_is_refused() -> None:
    with pytest.raises(TokenRefused, match="signed by the issuer"):
        CHECK.mandate(signed(CLAIMS, new_signing_key()))


def test_another_claim_under_the_same_signature_is_refused() -> None:
    head, _, signature = signed(CLAIMS).split(".")
    other = base64url(json.dumps(CLAIMS | {"role": "decider"}).encode())

    with pytest.raises(TokenRefused, match="signed by the issuer"):
        CHECK.mandate(f"{head}.{other}.{signature}")


@pytest.mark.parametrize(
    "header",
    [
        b'{"alg":"none"}',
        b'{"alg":"None"}',
        b'{"alg":"ES256"}',
        b'{"alg":"Ed448"}',
        b'{"alg":[]}',
        b"{}",
        b"[]",
        b"null",
        b"\xff",
        b'{"alg":"Ed25519","crit":["x"],"x":1}',
    ],
)
@pytest.mark.parametrize("keep_signature", [True, False])
def test_another_header_is_refused(header: bytes, keep_signature: bool) -> None:
    _, claims, signature = signed(CLAIMS).split(".")

    with pytest.raises(TokenRefused, match="signed by the issuer"):
        CHECK.mandate(f"{base64url(header)}.{claims}.{signature if keep_signature else ''}")


@pytest.mark.parametrize(
    "secret",
    [
        json.dumps(PUBLIC.as_dict(private=False)).encode(),
        str(PUBLIC.as_dict(private=False)["x"]).encode(),
        PUBLIC.as_pem(private=False),
    ],
    ids=["as JSON", "as a number", "as PEM"],
)
def test_the_public_key_is_no_secret_to_sign_with(secret: bytes) -> None:
    """The confusion of algorithms of RFC 8725 § 2.1: HMAC with the public key as its secret."""
    header = base64url(b'{"alg":"HS256"}')
    body = f"{header}.{base64url(json.dumps(CLAIMS).encode())}"
    forged = base64url(hmac.new(secret, body.encode(), hashlib.sha256).digest())

    with pytest.raises(TokenRefused, match="signed by the issuer"):
        CHECK.mandate(f"{body}.{forged}")


def test_a_key_that_the_token_brings_along_is_not_trusted() -> None:
    own = new_signing_key()
    header = {"alg": "Ed25519", "jwk": own.as_dict(private=False)}
    token = jwt.encode(header, CLAIMS, own, algorithms=["Ed25519"])

    with pytest.raises(TokenRefused, match="signed by the issuer"):
        CHECK.mandate(token)


@pytest.mark.parametrize("issuer", ["other", "", None, 5, ["pruefpfad"]])
def test_a_token_for_another_system_is_refused(issuer: object) -> None:
    with pytest.raises(TokenRefused, match="signed by the issuer"):
        CHECK.mandate(signed(CLAIMS | {"iss": issuer}))


@pytest.mark.parametrize("missing", sorted(CLAIMS))
def test_a_token_without_a_claim_is_refused(missing: str) -> None:
    claims = {name: value for name, value in CLAIMS.items() if name != missing}

    with pytest.raises(TokenRefused):
        CHECK.mandate(signed(claims))


@pytest.mark.parametrize(
    "wrong",
    [
        {"sub": ""},
        {"sub": 5},
        {"sub": "S\0"},
        {"sub": "S\n1"},
        {"sub": "S" * 101},
        {"sub": "S\n"},
        {"sub": "S-1 "},
        {"sub": " S-1"},
        {"sub": "S 1"},
        {"sub": "Ｓ-1"},
        {"sub": "Ѕ-1"},
        {"sub": "S\u200b-1"},
        {"role": None},
        {"role": ["cashier"]},
        {"scripted": "no"},
        {"scripted": 0},
        {"amr": {}},
        {"mandate_from": "2024-13-01"},
        {"mandate_until": "soon"},
        {"mandate_until": 20241231},
        {"exp": "tomorrow"},
        {"exp": None},
        {"exp": 1e300},
        {"iat": "now"},
    ],
)
def test_a_token_with_a_senseless_claim_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(TokenRefused):
        CHECK.mandate(signed(CLAIMS | wrong))


@pytest.mark.parametrize("payload", [b"[1]", b"5", b"null", b"\xff", b"{", b"[" * 2_000])
def test_signed_nonsense_is_refused(payload: bytes) -> None:
    token = jws.serialize_compact({"alg": "Ed25519"}, payload, KEY, algorithms=["Ed25519"])

    with pytest.raises(TokenRefused):
        CHECK.mandate(token)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "..",
        "....",
        "é.ü.ä",
        "\ud800.a.b",
        "\0.\0.\0",
        f"{base64url(b'[' * 2_500)}.e30.",
        "x" * 5_000_000,
        f"{signed(CLAIMS)}{'=' * 4_000}",
    ],
)
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(TokenRefused):
        CHECK.mandate(token)


@given(st.text(), st.integers(0, 300))
def test_a_token_with_any_change_is_refused(inserted: str, place: int) -> None:
    token = signed(CLAIMS)
    changed = token[:place] + inserted + token[place + 1 :]

    if changed != token:
        with pytest.raises(TokenRefused):
            CHECK.mandate(changed)


def test_claims_nobody_asked_for_are_ignored() -> None:
    """RFC 7519 § 4: claims that are not understood must be ignored."""
    assert CHECK.mandate(signed(CLAIMS | {"jti": "1", "email": "x"})).actor == CASHIER
