"""Users and the tokens given out to them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from osmod.access import accounts
from osmod.access.accounts import create_user, get_user, list_users, set_active
from osmod.access.callers import Caller, find_caller
from osmod.access.errors import AccessError, NoSuchToken, NoSuchUser
from osmod.access.issued import is_good, issue_token, list_tokens, revoke_token
from osmod.access.roles import Role
from osmod.access.tokens import BadToken, Signing, read_token
from osmod.moderation.models import User, now

SIGNING = Signing("s" * 40, "OSMod")


def add(session: Session, group: Any, **columns: Any) -> User:
    """A user."""
    user = User(group=group, name=group, is_active=True, **columns)
    session.add(user)
    session.flush()
    return user


def test_made_and_found(session: Session) -> None:
    """By id and by address."""
    ann = create_user(session, group="general", name="Ann", email="ann@example.com")
    bot = create_user(session, group="service", name="Bot")
    assert [ann.id, bot.id] == [user.id for user in list_users(session)]
    assert ann is get_user(session, ann.id) is get_user(session, "ANN@example.com")
    for nobody in (99, "eve@example.com"):
        with pytest.raises(NoSuchUser, match=r"osmod users list"):
            get_user(session, nobody)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"group": "moderator", "name": "S"}, "group: users of the group 'moderator' are not made here"),
        ({"group": "service", "name": " "}, "name: it is empty"),
        ({"group": "service", "name": "n" * 256}, "name: at most 255 characters, not 256"),
        ({"group": "service", "name": "\U0001f600"}, "name: "),
        ({"group": "service", "name": "\x1b[2J"}, "name: it holds '\\x1b'"),
        ({"group": "admin", "name": "A", "email": "a\0@b.c"}, "email: it holds '\\x00'"),
        ({"group": "service", "name": "B", "email": "b@example.com"}, "email: a user of the group 'service'"),
        ({"group": "admin", "name": "A"}, "email: a user of the group 'admin' is a person"),
        ({"group": "admin", "name": "A", "email": "nothing"}, "email: 'nothing' is no address"),
        ({"group": "admin", "name": "A", "email": "ann@example.com"}, "email: a user has the address"),
    ],
)
def test_refused(session: Session, asked: dict[str, Any], sentence: str) -> None:
    """With the field at fault, and nobody is made."""
    add(session, "general", email="ann@example.com")
    with pytest.raises(AccessError) as caught:
        create_user(session, **asked)
    assert str(caught.value).startswith(sentence)
    assert 1 == len(list_users(session))


def test_made_by_two_at_once(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes second is told the same as somebody who comes later."""
    add(session, "general", email="ann@example.com")
    session.commit()
    monkeypatch.setattr(accounts, "_check_address", lambda *_: None)
    with pytest.raises(AccessError, match="^email: a user has the address"):
        create_user(session, group="general", name="Ann", email="ann@example.com")
    assert 1 == len(list_users(session))


@pytest.mark.parametrize("purpose", ["p" * 256, "\ud800", "a\nb"])
def test_a_purpose_that_cannot_be(session: Session, purpose: str) -> None:
    """Is refused before anything is stored."""
    with pytest.raises(AccessError, match="^purpose: "):
        issue_token(session, SIGNING, add(session, "service"), purpose=purpose)
    assert [] == list_tokens(session)


def test_a_token_and_its_end(session: Session) -> None:
    """It counts until it is revoked, or its user is disabled."""
    user = add(session, "service")
    row, token = issue_token(session, SIGNING, user, purpose="ingest")
    claims = read_token(token, SIGNING)
    assert Caller(user.id, "service", Role.SERVICE, "service") == find_caller(session, claims)
    set_active(session, user.id, False)
    with pytest.raises(BadToken, match="not active"):
        find_caller(session, claims)
    set_active(session, user.id, True)
    assert is_good(row)
    revoked_at = revoke_token(session, row.id[:8]).revoked_at
    assert revoked_at == revoke_token(session, row.id).revoked_at
    assert not is_good(row)
    with pytest.raises(BadToken, match="revoked"):
        find_caller(session, claims)
    assert [row] == list_tokens(session) == list_tokens(session, user.id)
    assert [] == list_tokens(session, user.id + 1)


def test_lifetimes(session: Session) -> None:
    """30 days unless one asks for another; none that cannot be."""
    user = add(session, "service")
    row, _ = issue_token(session, SIGNING, user)
    assert row.expires_at is not None
    assert timedelta(days=29) < row.expires_at - now() <= timedelta(days=30)
    assert not is_good(row, now() + timedelta(days=31))
    endless, _ = issue_token(session, SIGNING, user, lifetime=None)
    assert endless.expires_at is None
    assert is_good(endless)
    for lifetime in (timedelta(0), timedelta(days=4000)):
        with pytest.raises(AccessError, match=r"^expires: "):
            issue_token(session, SIGNING, user, lifetime=lifetime)


@pytest.mark.parametrize(
    ("group", "role", "said"),
    [
        ("general", Role.ADMIN, "there are moderator"),
        ("service", Role.ADMIN, "there are viewer, operator, moderator, service"),
        ("youtube", Role.VIEWER, "who get no tokens"),
    ],
)
def test_roles_beyond_a_user(session: Session, group: str, role: Role, said: str) -> None:
    """A token gives nobody more than an admin would."""
    with pytest.raises(AccessError, match=said):
        issue_token(session, SIGNING, add(session, group), role=role)


def test_a_role_that_its_user_lost(session: Session) -> None:
    """The limit is asked again with each request."""
    user = add(session, "admin")
    _, token = issue_token(session, SIGNING, user, role=Role.ADMIN)
    claims = read_token(token, SIGNING)
    assert Role.ADMIN is find_caller(session, claims).role
    user.group = "service"
    session.flush()
    with pytest.raises(BadToken, match="may have"):
        find_caller(session, claims)


@pytest.mark.parametrize("beginning", ["", "%", "zzz"])
def test_no_such_token(session: Session, beginning: str) -> None:
    """An empty beginning revokes nothing."""
    issue_token(session, SIGNING, add(session, "service"))
    with pytest.raises(NoSuchToken):
        revoke_token(session, beginning)
    assert [None] == [token.revoked_at for token in list_tokens(session)]
