"""The accounts behind tokens: OSMod's users, seen, made and disabled."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from osmod.access.errors import AccessError, NoSuchUser
from osmod.access.texts import check_text
from osmod.moderation.models import Group, User
from osmod.moderation.utf8mb3 import checked

#: People, who log in at OSMod by their address.
PEOPLE: tuple[Group, ...] = ("general", "admin")
#: Whom we make. Scorers are made with their endpoint and key: `osmod scorers add`, or OSMod's settings.
MADE: tuple[Group, ...] = (*PEOPLE, "service")
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def list_users(session: Session) -> Sequence[User]:
    """All of them, by id."""
    return session.scalars(select(User).order_by(User.id)).all()


def get_user(session: Session, who: int | str) -> User:
    """The user with an id or an address.

    Raises:
      NoSuchUser: there is none.
      AccessError: several have this address.
    """
    if isinstance(who, int):
        found = session.scalars(select(User).where(User.id == who)).all()
    else:
        found = session.scalars(select(User).where(User.email == who)).all()
    if not found:
        raise NoSuchUser(f"there is no user {who!r}: `osmod users list` shows all.")
    if len(found) > 1:
        raise AccessError(
            f"{len(found)} users have the address {who!r}: name one by id ({', '.join(str(one.id) for one in found)})."
        )
    return found[0]


def create_user(session: Session, *, group: Group, name: str, email: str | None = None) -> User:
    """Make an active user.

    Raises:
      AccessError: group, name or address cannot be; or a person has the address already.
    """
    if group not in MADE:
        raise AccessError(
            f"group: users of the group {group!r} are not made here; there are {', '.join(MADE)}."
        )
    check_name(name)
    if group in PEOPLE:
        _check_address(session, group, email)
    elif email:
        raise AccessError(f"email: a user of the group {group!r} is a program and has none; leave it out.")
    user = User(group=group, name=name.strip(), email=email or None, is_active=True)
    session.add(user)
    try:
        session.flush()
    except IntegrityError:  # made by somebody else at this moment
        session.rollback()
        raise _taken(email) from None
    return user


def set_active(session: Session, who: int | str, active: bool) -> User:
    """Let a user in, or let it and all of its tokens in no more.

    Raises:
      NoSuchUser: there is none.
    """
    user = get_user(session, who)
    user.is_active = active
    session.flush()
    return user


def check_name(name: str) -> None:
    """Refuse what no user can be called.

    Raises:
      AccessError: it is empty, too long, or no text that the column holds.
    """
    _check_text("name", name)


def _check_address(session: Session, group: Group, email: str | None) -> None:
    if not email:
        raise AccessError(f"email: a user of the group {group!r} is a person and needs an address.")
    _check_text("email", email)
    if not _ADDRESS.fullmatch(email):
        raise AccessError(f"email: {email!r} is no address; it looks like ann@example.com.")
    if session.scalar(select(func.count()).where(User.email == email, User.group.in_(PEOPLE))):
        raise _taken(email)


def _taken(email: str | None) -> AccessError:
    return AccessError(f"email: a user has the address {email!r} already; `osmod users list` shows whom.")


def _check_text(field: str, text: str) -> None:
    check_text(field, text)
    try:
        checked(text)
    except ValueError as error:
        raise AccessError(f"{field}: {error}.") from None
    if not text.strip():
        raise AccessError(f"{field}: it is empty; write at least one character.")
