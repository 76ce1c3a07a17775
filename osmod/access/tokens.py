"""Tokens (JWT): what is in one, how one is made and read. Whether it counts is said in `callers`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import jwt

from osmod.access.roles import Role
from osmod.moderation.models import now
from osmod.moderation.score_data import UNSIGNED_MAX

ALGORITHMS = ("HS256", "HS384", "HS512")
#: Who issues a token that is limited to a role: OSMod's own server knows no roles, so it must not take it for its own.
OUR_ISSUER = "osmod-worker"
#: Bytes below which a key can be guessed.
SHORTEST_SECRET = 32
#: The least that PyJWT takes without a warning, for any of the algorithms.
_KEY_BYTES = 64

# OSMod's own server asks for no audience and no subject, and takes a token of a clock that is ahead.
_reader = jwt.PyJWT({"verify_aud": False, "verify_sub": False, "verify_jti": False, "verify_iat": False})


class BadToken(Exception):
    """A token that is not let in. The message is for the log: it has nothing of the token in it."""


@dataclass(frozen=True)
class Signing:
    """How tokens are signed: the secret of all of them, and who issues OSMod's."""

    secret: str
    issuer: str


@dataclass(frozen=True)
class Claims:
    """What a token says. One of OSMod's own has neither `token_id` nor `role`."""

    user_id: int
    email: str | None = None
    token_id: str | None = None
    role: Role | None = None


def make_token(claims: Claims, signing: Signing, *, expires_at: datetime | None) -> str:
    """A token that says `claims`; good at OSMod's own server, too, unless it is limited to a role."""
    payload: dict[str, Any] = {
        "user": claims.user_id,
        "email": claims.email,
        "jti": claims.token_id,
        "role": claims.role,
        "iat": now(),
        "exp": expires_at,
        "iss": OUR_ISSUER if claims.role else signing.issuer,
    }
    payload = {name: value for name, value in payload.items() if value is not None}
    return jwt.encode(payload, _key(signing.secret), algorithm=ALGORITHMS[0])


def read_token(token: str, signing: Signing) -> Claims:
    """What a token says.

    Raises:
      BadToken: it is no token, was not signed with this secret, has another issuer, is over or not yet good, or names
        no user.
    """
    try:
        payload = _reader.decode(
            token, _key(signing.secret), algorithms=ALGORITHMS, issuer=[signing.issuer, OUR_ISSUER]
        )
    except jwt.InvalidTokenError as error:
        raise BadToken(type(error).__name__) from None
    user_id, email, token_id, role = (payload.get(name) for name in ("user", "email", "jti", "role"))
    if type(user_id) is not int or not 1 <= user_id <= UNSIGNED_MAX:
        raise BadToken("it names no user")
    if token_id is not None and not (isinstance(token_id, str) and token_id.isascii()):
        raise BadToken("its id is none that is given out")
    if role is not None and (not isinstance(role, str) or role not in set(Role)):
        raise BadToken("its role is none that there is")
    if (payload["iss"] == OUR_ISSUER) != (role is not None):
        raise BadToken("its issuer gives no such role")
    return Claims(
        user_id, email if isinstance(email, str) else None, token_id, None if role is None else Role(role)
    )


def can_sign(secret: str) -> bool:
    """Whether PyJWT takes it: not half of a surrogate pair, nor what looks like the file of a key of another kind."""
    try:
        jwt.get_algorithm_by_name(ALGORITHMS[0]).prepare_key(_key(secret))
    except (UnicodeEncodeError, jwt.InvalidKeyError):
        return False
    return True


def _key(secret: str) -> bytes:
    """HMAC itself fills a key up with zeros; PyJWT warns of one that is shorter than the hash."""
    return secret.encode().ljust(_KEY_BYTES, b"\0")
