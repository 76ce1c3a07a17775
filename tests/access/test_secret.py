"""The secret, as OSMod's own server keeps it."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from osmod.access import secret
from osmod.access.errors import SecretUnusable
from osmod.access.secret import Keyring, ensure_signing, rotate_secret
from osmod.access.tokens import Signing
from osmod.moderation.database import open_session
from osmod.moderation.models import ConfigurationItem

#: Nothing is signed with it by HMAC: PyJWT refuses what looks like a key of another kind.
PEM = "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----"


def test_made_where_there_is_none(session: Session) -> None:
    """In OSMod's form: 48 random bytes; then it stays."""
    signing = ensure_signing(session)
    item = session.get_one(ConfigurationItem, "token")
    assert {"secret": signing.secret, "issuer": "OSMod", "expiration_minutes": 720} == item.data
    assert 48 == len(base64.b64decode(signing.secret))
    assert signing == ensure_signing(session)


@pytest.mark.parametrize("wrap", [dict, json.dumps])
def test_osmods_own(session: Session, wrap: Any) -> None:
    """An object, or as some of its versions wrote it, JSON in a string."""
    session.add(ConfigurationItem(id="token", data=wrap({"secret": "s", "issuer": "Ours"})))
    session.flush()
    assert Signing("s", "Ours") == ensure_signing(session)


@pytest.mark.parametrize("data", [{}, {"secret": ""}, {"secret": 7}, [], "7", "no JSON", {"secret": PEM}])
def test_unusable(session: Session, data: Any) -> None:
    """A row without a secret is said to be one, and a new one can be put in its place."""
    session.add(ConfigurationItem(id="token", data=data))
    session.flush()
    with pytest.raises(SecretUnusable, match=r"osmod users secret rotate"):
        ensure_signing(session)
    rotate_secret(session)
    assert ensure_signing(session).secret


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize("stored", ["rubbish", '{"secret": "\\ud800"}'])
def test_a_row_that_cannot_be_read(session: Session, stored: str) -> None:
    """As a column that is plain text may hold; the remedy that is named helps here, too."""
    session.add(ConfigurationItem(id="token", data={}))
    session.flush()
    session.execute(text("UPDATE configuration_items SET data = :data"), {"data": stored})
    session.expunge_all()
    with pytest.raises(SecretUnusable, match=r"osmod users secret rotate"):
        ensure_signing(session)
    rotate_secret(session)
    assert ensure_signing(session).secret


def test_a_rotation_takes_effect_in_seconds(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every process reads it again; until then it asks nobody."""
    keyring = Keyring(lambda: engine)
    before = keyring.signing()
    with open_session(engine) as session:
        rotate_secret(session)
        session.commit()
    assert before == keyring.signing()
    monkeypatch.setattr(secret, "BELIEVED", 0.0)
    after = keyring.signing()
    assert before != after
    assert after == Keyring(lambda: engine).signing()
