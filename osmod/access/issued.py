"""The tokens that we gave out: made, listed, revoked. Each has a row; the token itself is kept nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from osmod.access.errors import AccessError, NoSuchToken
from osmod.access.roles import LIMITS, ROLE_OF_GROUP, Role
from osmod.access.texts import check_text
from osmod.access.tokens import Claims, Signing, make_token
from osmod.moderation.models import AccessToken, User, now

#: For how long a token counts unless one asks for another time.
LIFETIME = timedelta(days=30)
LONGEST_LIFETIME = timedelta(days=3650)


def issue_token(
    session: Session,
    signing: Signing,
    user: User,
    *,
    purpose: str = "",
    role: Role | None = None,
    lifetime: timedelta | None = LIFETIME,
) -> tuple[AccessToken, str]:
    """Make a token for a user; return its row and the token.

    Parameters:
      purpose: what it is for, for those who read the list.
      role: to which it is limited; None: whatever its user may.
      lifetime: for how long it counts; None: for ever.

    Raises:
      AccessError: the user is not active or may not have the role; a time or text that cannot be.
    """
    row = add_row(session, user, str(uuid4()), purpose=purpose, role=role, lifetime=lifetime)
    token = make_token(Claims(user.id, user.email or None, row.id, role), signing, expires_at=row.expires_at)
    return row, token


def add_row(
    session: Session, user: User, row_id: str, *, purpose: str, role: Role | None, lifetime: timedelta | None
) -> AccessToken:
    """Add the row by which what is given out counts, and can be listed and revoked; see `issue_token`.

    Raises:
      AccessError: the user is not active or may not have the role; a time or text that cannot be.
    """
    if not user.is_active:
        raise AccessError(f"user {user.id} is not active: `osmod users enable {user.id}` first.")
    if role is not None and role not in (allowed := LIMITS.get(ROLE_OF_GROUP[user.group], ())):
        raise AccessError(
            f"role: {role} is not for users of the group {user.group!r}"
            + (f"; for them there are {', '.join(allowed)}." if allowed else ", who get no tokens.")
        )
    if lifetime is not None and not timedelta(seconds=1) <= lifetime <= LONGEST_LIFETIME:
        raise AccessError(f"expires: from 1 second to {LONGEST_LIFETIME.days} days, not {lifetime}.")
    check_text("purpose", purpose)
    moment = now().replace(microsecond=0)  # columns and tokens know no parts of seconds
    expires_at = None if lifetime is None else moment + lifetime
    row = AccessToken(
        id=row_id,
        user_id=user.id,
        purpose=purpose,
        role=role,
        created_at=moment,
        expires_at=expires_at,
    )
    session.add(row)
    session.flush()
    return row


def list_tokens(session: Session, user_id: int | None = None) -> Sequence[AccessToken]:
    """Those of a user, or all; the newest first."""
    query = select(AccessToken).order_by(AccessToken.created_at.desc(), AccessToken.id)
    return session.scalars(query if user_id is None else query.where(AccessToken.user_id == user_id)).all()


def revoke_token(session: Session, beginning: str) -> AccessToken:
    """Let the token with this id, or this beginning of one, in no more. One that was revoked stays as it is.

    Raises:
      NoSuchToken: none begins so, or several do.
    """
    found = session.scalars(
        select(AccessToken).where(AccessToken.id.startswith(beginning, autoescape=True)).limit(2)
    ).all()
    if not beginning or not found:
        raise NoSuchToken(f"no token has the id {beginning!r}: `osmod users tokens` shows all.")
    if len(found) > 1:
        raise NoSuchToken(f"several tokens have an id that begins with {beginning!r}: write more of it.")
    found[0].revoked_at = found[0].revoked_at or now()
    session.flush()
    return found[0]


def is_good(token: AccessToken, moment: datetime | None = None) -> bool:
    """Whether it is neither revoked nor over; its user may be inactive all the same."""
    over = token.expires_at is not None and token.expires_at <= (moment or now())
    return token.revoked_at is None and not over
