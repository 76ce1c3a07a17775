"""The secret of all tokens, in the row of OSMod's table `configuration_items` where its own server keeps it."""

from __future__ import annotations

import base64
import json
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from osmod.access.errors import SecretUnusable
from osmod.access.tokens import Signing, can_sign
from osmod.moderation.database import insert_missing, open_session, upsert
from osmod.moderation.models import ConfigurationItem, now

ITEM = "token"
#: Seconds for which a secret that was read is believed, so that a new one takes effect everywhere.
BELIEVED = 3.0
_BYTES = 48
_NO_SECRET = "the row 'token' of configuration_items holds no secret to sign by: `osmod users secret rotate` makes one."
#: Of OSMod's own; checked by nobody.
_EXPIRATION_MINUTES = 720


class Keyring:
    """The secret as it stands in the database, read anew every few seconds.

    Parameters:
      get_engine: the database, asked for when it is needed.
    """

    def __init__(self, get_engine: Callable[[], Engine]) -> None:
        self._get_engine = get_engine
        self._known: tuple[float, Signing] | None = None

    def signing(self) -> Signing:
        """How tokens are signed now. Threads that need it at once each read it: none waits for another's database.

        Raises:
          SecretUnusable: the row holds no secret.
        """
        moment = time.monotonic()
        if self._known is None or moment - self._known[0] >= BELIEVED:
            with open_session(self._get_engine()) as session:
                signing = ensure_signing(session)
                session.commit()
            self._known = (moment, signing)
        return self._known[1]


def ensure_signing(session: Session) -> Signing:
    """How tokens are signed; makes a secret where there is none, as OSMod's own server does.

    Raises:
      SecretUnusable: the row holds no secret.
    """
    signing = read_signing(session)
    if signing is None:
        row = {"id": ITEM, "data": _new(), "created_at": now(), "updated_at": now()}
        insert_missing(session, ConfigurationItem, [row])
        signing = read_signing(session)
        assert signing is not None
    return signing


def read_signing(session: Session) -> Signing | None:
    """How tokens are signed; None where there is no secret yet.

    Raises:
      SecretUnusable: the row holds no secret.
    """
    try:
        item = session.get(ConfigurationItem, ITEM)
    except ValueError:  # no JSON
        raise SecretUnusable(_NO_SECRET) from None
    if item is None:
        return None
    # OSMod's own server has written an object, and JSON in a string.
    data = _object(item.data)
    secret = data.get("secret")
    if not isinstance(secret, str) or not secret or not can_sign(secret):
        raise SecretUnusable(_NO_SECRET)
    return Signing(secret, str(data.get("issuer", "OSMod")))


def rotate_secret(session: Session) -> None:
    """Put a new secret in the place of the old, whatever that is: every token given out is refused from then on."""
    row = {"id": ITEM, "data": _new(), "created_at": now(), "updated_at": now()}
    upsert(session, ConfigurationItem, [row], update=("data", "updated_at"))
    session.expire_all()  # what it read before


def _object(data: Any) -> dict[str, Any]:
    with suppress(ValueError):
        data = json.loads(data) if isinstance(data, str) else data
    return data if isinstance(data, dict) else {}


def _new() -> dict[str, str | int]:
    secret = base64.b64encode(secrets.token_bytes(_BYTES)).decode()
    return {"secret": secret, "issuer": "OSMod", "expiration_minutes": _EXPIRATION_MINUTES}
