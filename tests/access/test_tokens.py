"""Tokens of OSMod's and ours, read and made."""

from __future__ import annotations

from datetime import timedelta

import jwt
import pytest

from osmod.access.roles import Role
from osmod.access.tokens import ALGORITHMS, OUR_ISSUER, BadToken, Claims, Signing, make_token, read_token
from osmod.moderation.models import now

SIGNING = Signing("golden-http-secret-golden-http-secret", "OSMod")


@pytest.mark.parametrize(
    "claims", [Claims(4), Claims(1, "u1@example.com"), Claims(1, None, "id", Role.VIEWER)]
)
def test_what_is_made_is_read(claims: Claims) -> None:
    """It says what it was made with."""
    assert claims == read_token(make_token(claims, SIGNING, expires_at=None), SIGNING)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_osmods_own(algorithm: str) -> None:
    """As its server makes them, with any hash, by a clock that is ahead, and with claims that nobody asks for."""
    payload = {"user": 4, "iat": 2**33, "iss": "OSMod", "aud": "somebody", "sub": 7}
    key = SIGNING.secret.encode().ljust(64, b"\0")
    assert Claims(4) == read_token(jwt.encode(payload, key, algorithm=algorithm), SIGNING)


def test_short_and_long_secrets_sign_as_they_stand() -> None:
    """However long the secret is, the signature is that of every other library."""
    for length in (1, 32, 64, 200):
        signing = Signing("s" * length, "OSMod")
        signed = make_token(Claims(4), signing, expires_at=None)
        plain = jwt.PyJWS(options={"enforce_minimum_key_length": False})
        key = ("s" * length).encode()
        assert plain.decode(signed, key.ljust(64, b"\0"), algorithms=["HS256"])
        assert Claims(4) == read_token(signed, signing)


def test_a_limited_token_is_not_osmods() -> None:
    """OSMod's server, which knows no roles, asks for its own issuer."""
    limited = make_token(Claims(2, None, "id", Role.VIEWER), SIGNING, expires_at=None)
    unlimited = make_token(Claims(2, None, "id"), SIGNING, expires_at=None)
    issuers = [jwt.decode(one, options={"verify_signature": False})["iss"] for one in (limited, unlimited)]
    assert [OUR_ISSUER, "OSMod"] == issuers


def test_expiry() -> None:
    """A token is over at its moment."""
    good, over = (
        make_token(Claims(4), SIGNING, expires_at=now() + timedelta(seconds=seconds)) for seconds in (60, -1)
    )
    assert Claims(4) == read_token(good, SIGNING)
    with pytest.raises(BadToken):
        read_token(over, SIGNING)


def test_the_reason_has_nothing_of_the_token() -> None:
    """It goes into a log."""
    token = make_token(Claims(4), Signing("another" * 10, "OSMod"), expires_at=None)
    with pytest.raises(BadToken) as caught:
        read_token(token, SIGNING)
    assert "InvalidSignatureError" == str(caught.value)
